"""Sums over workers: what belongs to the word and the window, the last ten calls, the streaks."""

import pytest

from gateway.core import breaker_cells as at
from gateway.core.breaker_cells import Slot
from gateway.core.totals import Streak, add_up
from gateway.core.windows import FINE_PAST, Counts
from tests.core.fleet import make_slot

WINDOW = 10_000
NOW = 5_000_000


def worker(number: int, *calls: tuple[int, str], word: int = 0) -> Slot:
    """A slot after calls at so many milliseconds before now: good or bad ones, early or late first bytes."""
    counts = Counts(make_slot(number), word)
    for ago, kind in sorted(calls, reverse=True):
        when = (NOW - ago) / 1000
        if kind == "good":
            counts.success(when)
        elif kind == "bad":
            counts.failure(when, 1 << number)
        elif kind == "early":
            counts.first_byte(when, 0.01)
        else:
            counts.waited_late(1 << number)
        counts.flush(NOW - ago, WINDOW)
    return counts.slot


def test_nobody_has_counted() -> None:
    """All zero."""
    totals = add_up([make_slot(0), make_slot(1)], 0, now=NOW, window=WINDOW)
    assert (totals.outcomes, totals.decisions, totals.probed, totals.alive) == ((0, 0, 0), (0, 0, 0), 0, 0)
    assert totals.last_outcomes() is None
    assert list(totals.streaks()) == [Streak(0, 0)] * 3
    assert list(add_up([make_slot(0)], 9, now=NOW, window=WINDOW).streaks()) == [Streak(0, 0)]


def test_the_window_of_all_workers() -> None:
    """What is older, or of another word, is left out; what waits is slow."""
    slots = [
        worker(0, (0, "good"), (500, "bad"), (9_000, "bad"), (11_000, "bad")),
        worker(1, (100, "early"), (100, "late")),
        worker(2, (0, "bad"), word=4),
    ]
    slots[1].waiting[at.OVERDUE], slots[1].waiting[at.OVERDUE_BAD] = 3, 0b1000
    slots[0].state[at.PROBED] = slots[1].state[at.PROBED] = 1
    totals = add_up(slots, 0, now=NOW, window=WINDOW)
    assert totals.outcomes == (2, 3, 0b1011)
    assert totals.decisions == (4, 5, 0b1011)
    assert (totals.overdue, totals.waiting, totals.probed, totals.alive) == (3, 0b1000, 2, NOW)
    assert [slot.number for slot in totals.slots] == [0, 1]


def test_the_past_is_of_all_words() -> None:
    """It tells of other times anyhow."""
    slots = [make_slot(0), worker(1, word=4)]
    for slot in slots:
        slot.state[at.PAST_CALLS], slot.state[at.PAST_FAILURES] = 50 * FINE_PAST, 5 * FINE_PAST // 2
    assert add_up(slots, 0, now=NOW, window=WINDOW).past == (5, 100, 0)


@pytest.mark.parametrize(
    ("bad", "good", "seen"),
    [
        ([1], [2, 3, 4, 5, 6, 7, 8, 9, 10], (1, 10, 1)),
        ([11, 12, 13], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], (0, 10, 0)),
        ([1, 299], [2, 3, 4, 5, 6, 7, 8, 9], (2, 10, 1)),
        ([1, 301], [2, 3, 4, 5, 6, 7, 8, 9], None),
    ],
)
def test_the_last_ten(bad: list[int], good: list[int], seen: tuple[int, int, int] | None) -> None:
    """Seconds ago; at most five minutes; from whichever workers."""
    slots = [
        worker(0, *((second * 1000, "bad") for second in bad)),
        worker(1, *((second * 1000, "good") for second in good)),
    ]
    assert add_up(slots, 0, now=NOW, window=WINDOW).last_outcomes() == seen


def test_calls_that_wait_are_the_newest() -> None:
    """Four of them and the last six that were decided."""
    slots = [worker(0, *((second * 1000, "early") for second in range(20, 29)), (30_000, "late"))]
    slots[0].waiting[at.OVERDUE], slots[0].waiting[at.OVERDUE_BAD] = 4, 2
    assert add_up(slots, 0, now=NOW, window=WINDOW).last_decisions() == (4, 10, 2)
    slots[0].waiting[at.OVERDUE] = 12
    assert add_up(slots, 0, now=NOW, window=WINDOW).last_decisions() == (12, 12, 2)


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ([(300, "good"), (200, "bad")], [(250, "good"), (100, "bad")], (2, 0b11)),
        ([(300, "bad"), (200, "bad")], [(100, "bad")], (3, 0b11)),
        ([(300, "bad"), (100, "bad")], [(200, "good")], (0, 0)),
        ([(300, "bad"), (100, "bad")], [(200, "good"), (50, "bad")], (1, 0b10)),
        ([(200, "bad")], [(200, "good")], (1, 1)),
    ],
)
def test_the_common_streak(one: list[tuple[int, str]], other: list[tuple[int, str]], common: tuple[int, int]) -> None:
    """Since the last success of any; a streak that began before it is not counted in."""
    totals = add_up([worker(0, *one), worker(1, *other)], 0, now=NOW, window=WINDOW)
    assert list(totals.streaks())[-1] == common


def test_each_workers_own_streak() -> None:
    """Whatever the others do."""
    totals = add_up([worker(0, (3, "bad"), (2, "bad")), worker(1, (1, "good"))], 0, now=NOW, window=WINDOW)
    assert list(totals.streaks()) == [(2, 1), (0, 0), (0, 0)]
