"""Guards of variants that come and go: as many as there are variants, and calls in flight to those that are gone."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.core.breaker import State
from gateway.core.model import Snapshot
from gateway.links.board import Board
from gateway.proxy.guards import Guards
from gateway.proxy.permits import open_file
from gateway.proxy.tally import Tally
from tests.proxy.standin import snapshot, variant

LATE = 1_000.0


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    number = open_file(str(tmp_path / "permits"))
    yield number
    os.close(number)


@pytest.fixture
def guards(tmp_path: Path, descriptor: int) -> Guards:
    board = Board.create(tmp_path / "board", 1)
    return Guards(board, Tally(board.slot(0)), number=0, descriptor=descriptor)


@pytest.fixture
def two(tmp_path: Path, descriptor: int) -> tuple[Guards, Guards]:
    """Those of two workers."""
    Board.create(tmp_path / "board", 2)
    boards = [Board.open(tmp_path / "board") for _ in range(2)]
    first, second = (
        Guards(board, Tally(board.slot(number)), number=number, descriptor=descriptor)
        for number, board in enumerate(boards)
    )
    return first, second


def having(*names: str) -> Snapshot:
    return snapshot(*(variant(name, "http://127.0.0.1:1") for name in names), serial=1)


def in_force(guards: Guards, present: Snapshot) -> None:
    """Each variant is called."""
    guards.force(present)
    for each in present.variants.values():
        guards.of(each, None)


def ticked(guards: Guards, now: float) -> int:
    """How many are left after some looks."""
    for _ in range(10):
        guards.tick(now, lambda name, transition: None)
    return len(guards)


def test_those_of_gone_variants_are_dropped(guards: Guards) -> None:
    for number in range(20):
        in_force(guards, having(f"v{number}", "stays"))
        assert ticked(guards, LATE + number) == 2


def test_one_that_was_called_a_moment_ago_stays_until_its_window_is_over(guards: Guards) -> None:
    in_force(guards, having("v", "stays"))
    present = having("v").variants["v"]
    guard = guards.of(present, None)
    guard.retries.calls += 1
    guards.tick(LATE, lambda name, transition: None)
    guards.force(having("stays"))
    assert ticked(guards, LATE + 1) == 2
    assert ticked(guards, LATE + present.breaker.window + 2) == 1


def test_one_that_comes_back_is_the_same(guards: Guards) -> None:
    in_force(guards, having("v", "stays"))
    present = having("v").variants["v"]
    guard = guards.of(present, None)
    guards.force(having("stays"))
    assert guards.of(replace(present, version="2"), None) is guard
    assert ticked(guards, LATE) == 2


def test_a_trip_by_another_workers_first_calls_is_seen_at_once(two: tuple[Guards, Guards]) -> None:
    first, second = two
    settings = having("v").variants["v"]
    waiting = second.of(settings, None).breaker
    second.tick(LATE, lambda name, transition: None)
    tripping = first.of(settings, None).breaker
    for _ in range(settings.breaker.consecutive_errors):
        permit = tripping.admit(LATE)
        assert permit is not None
        tripping.failure(permit, LATE, 1)
    second.tick(LATE, lambda name, transition: None)
    assert waiting.state is State.OPEN
    assert waiting.admit(LATE) is None
