"""Events in their order, at hand and followed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.control.events import RECENT, Events
from gateway.links.log import Log

WHEN = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with (tmp_path / "log").open("wb") as file:
        yield Log("control", descriptor=file.fileno())


def happen(events: Events, count: int = 1) -> None:
    for _ in range(count):
        events.publish(events.make("override_set", "variant v", who="ann", why="tired"))


def ids(events: Events, since: int | None, limit: int) -> list[int] | None:
    found = events.recent(since, limit)
    return None if found is None else [event.id for event in found]


def test_ids_go_on_after_the_last(log: Log) -> None:
    events = Events(log, lambda: WHEN, last=41)
    event = events.make("override_set", "variant v", who="ann", why="tired", detail={"a": 1})
    assert (event.id, event.time, event.kind, event.subject) == (42, WHEN, "override_set", "variant v")
    assert (event.who, event.why, event.detail) == ("ann", "tired", {"a": 1})
    assert events.make("x", "y", who="z", why="").id == 43


@pytest.mark.parametrize(
    ("since", "limit", "expected"),
    [(None, 2, [4, 5]), (None, 9, [1, 2, 3, 4, 5]), (0, 2, [1, 2]), (3, 9, [4, 5]), (5, 9, []), (99, 9, [])],
)
def test_recent_ones_are_at_hand(log: Log, since: int | None, limit: int, expected: list[int]) -> None:
    events = Events(log, lambda: WHEN, last=0)
    happen(events, 5)
    assert ids(events, since, limit) == expected


@pytest.mark.parametrize(
    ("since", "limit", "expected"), [(None, 2, [12, 13]), (None, 4, None), (5, 9, None), (10, 9, [11, 12, 13])]
)
def test_older_ones_are_the_stores(log: Log, since: int | None, limit: int, expected: list[int] | None) -> None:
    events = Events(log, lambda: WHEN, last=10)
    happen(events, 3)
    assert ids(events, since, limit) == expected


def test_no_more_than_the_newest_are_held(log: Log) -> None:
    events = Events(log, lambda: WHEN, last=0)
    happen(events, RECENT + 5)
    assert ids(events, 5, 3) == [6, 7, 8]
    assert ids(events, 4, 3) is None


def test_what_the_store_knows_comes_before(log: Log) -> None:
    known, events = Events(log, lambda: WHEN, last=0), Events(log, lambda: WHEN, last=0)
    happen(known, 3)
    older = known.recent(None, 3)
    assert older is not None
    events.recall(3, older)
    happen(events, 2)
    assert ids(events, None, 9) == [1, 2, 3, 4, 5]
    events.recall(3, older)
    assert ids(events, None, 9) == [1, 2, 3, 4, 5]


async def test_followers_get_each_and_slow_ones_are_let_go(log: Log) -> None:
    events = Events(log, lambda: WHEN, last=0)
    with events.followed() as slow, events.followed() as quick:
        for number in range(1, 1_200):
            happen(events)
            event = await quick.get()
            assert event is not None
            assert event.id == number
        got = [slow.get_nowait() for _ in range(slow.qsize())]
    assert [event.id for event in got[:-1] if event is not None] == list(range(1, 1_001))
    assert got[-1] is None
    happen(events)
    assert slow.empty()
    assert quick.empty()
