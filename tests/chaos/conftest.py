"""One gateway for all of these tests: each has a pair of models of its own, behind a route of its own."""

from collections.abc import Iterator

import pytest

from tests.chaos.world import World


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """Two workers."""
    with World(workers=2) as running:
        yield running
