"""One recording origin for each test, and worker processes before it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway.core.model import Snapshot
from tests.proxy.standin import Worker
from tests.support.origin import Origin


@pytest.fixture
def origin() -> Iterator[Origin]:
    """What the worker sends it must be well-formed."""
    with Origin() as running:
        yield running
        assert running.faults == []


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Snapshot], Worker]]:
    """Starts a worker that serves a snapshot; it ends with the test."""
    with ExitStack() as stack:
        yield lambda snapshot: stack.enter_context(Worker(snapshot, tmp_path))
