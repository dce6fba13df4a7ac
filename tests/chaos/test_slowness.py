"""Slow answers: past `slow_after` they trip the breaker within its window, below it they trip nothing."""

import time

import pytest

from tests.chaos.conftest import Measured
from tests.chaos.world import SLACK, SLOW_AFTER, World, eventually, sized
from tests.support.faulty import LATE, PAUSE

WINDOW = 10.0


def test_slower_and_in_time(world: World, measured: Measured) -> None:
    """Ten times slower than before: nobody minds."""
    pair = world.pair("slower")
    pair.crowd(100, clients=8)
    pair.bad.turn("slow")
    answers = pair.crowd(sized(160, 1_000), clients=8)
    assert {answer.body for answer in answers} == {b"bad"}
    assert min(answer.waited for answer in answers) > PAUSE * 0.9
    assert pair.trips().total() == 0
    pair.numbers_are_true()
    measured("slower, below slow_after", f"{len(answers)} calls of {PAUSE:g} s, 0 trips")


@pytest.mark.parametrize(("scene", "share"), [("too-slow", 5), ("mostly-slow", 3)])
def test_too_slow(scene: str, share: int, world: World, measured: Measured) -> None:
    """So many of five are: the breaker trips within its window; who waits then goes to the fallback; all get a right
    answer."""
    pair = world.pair(scene)
    pair.crowd(100, clients=8)
    pair.bad.turn("late")
    begun = time.monotonic()
    tripped: list[float] = []

    def look(number: int) -> None:
        pair.bad.mode = "late" if number % 5 < share else "ok"
        if not number % 4 and not tripped and pair.state == 2:
            tripped.append(time.monotonic() - begun)

    answers = pair.crowd(120, clients=8, each=look)
    reached = pair.bad.hits
    eventually(lambda: pair.trips().total() > 0, True)
    assert tripped
    assert tripped[0] < WINDOW
    assert {answer[:2] for answer in answers} <= {(200, b"bad"), (200, b"good")}
    longest = max(answer.waited for answer in answers)
    assert longest < SLOW_AFTER + LATE + SLACK
    pair.numbers_are_true()
    assert set(pair.trips()) <= {"slow_rate", "stalled", "probe"}
    measured(
        f"{share} of 5 answers after {LATE:g} s, slow_after {SLOW_AFTER:g} s",
        f"tripped within {tripped[0]:.1f} s, {reached} calls reached it",
    )
