"""The workers control knows."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.control.workers import Workers, parse
from gateway.core.model import Snapshot
from gateway.links.frames import Frames
from gateway.links.log import Log

WHEN = datetime(2026, 1, 2, tzinfo=UTC)
SNAPSHOT = Snapshot((), {}, {})


class Link(Frames):
    """A link without a connection."""

    def __init__(self) -> None:
        super().__init__(lambda link, frame: None, lambda link: None)
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


def state(index: int = 0, **changed: Any) -> bytes:
    said = {"index": index, "pid": 100 + index, "revision": 1, "serial": 1, "draining": False, "blocked": 0.0}
    return orjson.dumps(said | changed)


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    with (tmp_path / "log").open("wb") as log:
        yield Workers(SNAPSHOT, Log("control", descriptor=log.fileno()), now=lambda: WHEN)


def test_a_worker_is_adopted_by_its_first_word_and_forgotten_with_its_link(workers: Workers) -> None:
    first, second = Link(), Link()
    workers.received(second, state(1))
    workers.received(first, state(0))
    assert [(worker.state["index"], worker.since) for worker in workers.all()] == [(0, WHEN), (1, WHEN)]
    workers.lost(second)
    assert [worker.state["index"] for worker in workers.all()] == [0]
    workers.lost(second)


def test_a_worker_that_drains_does_not_serve(workers: Workers) -> None:
    first, second = Link(), Link()
    assert not workers.any_serves()
    workers.received(first, state(0))
    workers.received(second, state(1))
    workers.received(first, state(0, draining=True))
    assert workers.any_serves()
    workers.received(second, state(1, draining=True))
    assert not workers.any_serves()
    assert len(workers.all()) == 2


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b'{"index": 0}',
        state(revision="1"),
        state(draining=1),
        state(pid=None),
        state(more=1),
    ],
)
def test_what_no_worker_says_ends_the_link(workers: Workers, frame: bytes) -> None:
    assert parse(frame) is None
    link = Link()
    workers.received(link, frame)
    assert link.is_closed
    assert workers.all() == []
