"""Servers that the tests of this folder share: started once, each at its first use."""

from collections.abc import Iterator

import pytest

from tests.support.mlserver import MLServer


@pytest.fixture(scope="session")
def mlserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLServer]:
    """MLServer with three scikit-learn models."""
    with MLServer(tmp_path_factory.mktemp("mlserver")) as running:
        yield running
