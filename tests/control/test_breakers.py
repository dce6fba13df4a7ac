"""Breakers as operators see them, off a board with several workers on it."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.control.breakers import Breakers
from gateway.core import breaker_cells as at
from gateway.core.agreement import word
from gateway.core.model import Snapshot, Variant
from gateway.links.board import Board

NOW = datetime(2026, 1, 2, tzinfo=UTC)
CLOCK = 1_000.0
SNAPSHOT = Snapshot((), {"v": Variant("v", ())}, {})


@pytest.fixture
def descriptor() -> Iterator[int]:
    found = os.memfd_create("board")
    Board.create(found, 3, names=1 << 16, cells=1 << 14)
    yield found
    os.close(found)


@pytest.fixture
def breakers(descriptor: int) -> Breakers:
    return Breakers(Board.open(descriptor), clock=lambda: CLOCK, now=lambda: NOW)


def make(descriptor: int, worker: int, generation: int, state: int, *, until: float = 0.0) -> None:
    """A worker changed the state, ten seconds ago."""
    slot = Board.open(descriptor).slot(worker)
    first = slot.index(at.key(at.RUNS[0], "v"), at.RUNS[0].size)
    slot.values[first + at.SINCE] = at.milliseconds(CLOCK - 10)
    slot.values[first + at.UNTIL] = at.milliseconds(until)
    slot.values[first + at.MADE] = word(generation, state)


def test_one_that_nobody_has_used_is_closed(breakers: Breakers) -> None:
    status = breakers.status(SNAPSHOT, "v")
    assert (status.state, status.forced, status.reason, status.since, status.retry_at) == (
        "closed",
        False,
        "",
        NOW,
        None,
    )


def test_the_newest_state_of_all_workers_is_in_force(descriptor: int, breakers: Breakers) -> None:
    make(descriptor, 0, 1, 2, until=CLOCK + 5)
    status = breakers.status(SNAPSHOT, "v")
    assert (status.state, status.since) == ("open", NOW - timedelta(seconds=10))
    assert status.retry_at == NOW + timedelta(seconds=5)
    make(descriptor, 2, 2, 1)
    assert breakers.status(SNAPSHOT, "v").state == "half_open"
    make(descriptor, 1, 3, 0)
    status = breakers.status(SNAPSHOT, "v")
    assert (status.state, status.retry_at) == ("closed", None)


def test_what_an_operator_holds_it_in_goes_before(descriptor: int, breakers: Breakers) -> None:
    make(descriptor, 0, 1, 2, until=CLOCK + 5)
    status = breakers.status(replace(SNAPSHOT, forced={"v": "closed"}), "v")
    assert (status.state, status.forced, status.retry_at) == ("closed", True, None)


def test_the_last_sentence_is_shown(breakers: Breakers) -> None:
    breakers.told("variant v", "5 errors in a row, limit 5")
    breakers.told("endpoint http://x of v", "another thing")
    assert breakers.status(SNAPSHOT, "v").reason == "5 errors in a row, limit 5"
