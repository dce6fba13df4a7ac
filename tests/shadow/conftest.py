"""A shadow process that the tests of this folder share, and models for it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.shadow.stage import ShadowProcess, Worker, snapshot, variant
from tests.support.origin import Origin


@pytest.fixture(scope="session")
def shared_shadow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShadowProcess]:
    process = ShadowProcess(tmp_path_factory.mktemp("shadow") / "run", snapshot(variant("live"), variant("candidate")))
    yield process
    process.close()
    assert process.said() == []


@pytest.fixture
def shadow(shared_shadow: ShadowProcess) -> ShadowProcess:
    """A running process; what is in force is the test's own business."""
    assert shared_shadow.process.poll() is None, "the shadow process ended"
    return shared_shadow


@pytest.fixture
def model() -> Iterator[Origin]:
    """A model that keeps what it was sent; what it was sent must have been well-formed."""
    with Origin() as running:
        yield running
        assert running.faults == []


@pytest.fixture
def served(shadow: ShadowProcess, model: Origin) -> Iterator[Callable[..., Worker]]:
    """A worker's link, by a snapshot whose candidate is `model`; with settings of the shadow."""
    with ExitStack() as stack:

        def link(**settings: Any) -> Worker:
            candidate = variant("candidate", model.url)
            return stack.enter_context(shadow.worker(snapshot(variant("live", model.url), candidate, **settings)))

        yield link
