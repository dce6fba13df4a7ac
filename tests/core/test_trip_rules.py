"""When counts say that a variant is broken, and the sentences that say why."""

import pytest

from gateway.core import breaker_cells as at
from gateway.core.breaker_cells import Slot
from gateway.core.model import BreakerSettings
from gateway.core.totals import Totals
from gateway.core.trip_rules import Case, Verdict, judge, streak_needed
from gateway.core.windows import Tally
from tests.core.fleet import make_slot

NOW = 5_000_000


def streak(length: int, bad: int = 1) -> Slot:
    slot = make_slot(0)
    slot.state[at.STREAK], slot.state[at.STREAK_BAD] = length, bad
    return slot


def verdict(totals: Totals, *, in_use: int = 1, slow_after: float = 2.0, **settings: object) -> Verdict | None:
    return judge(Case(BreakerSettings(**settings), totals, slow_after, in_use))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("calls", "failed", "needed"),
    [
        (49, 0.5, 5),
        (50, 0.0, 5),
        (50, -0.1, 5),
        (50, 0.0001, 5),
        (100, 0.01, 5),
        (100, 0.05, 7),
        (10_000, 0.01, 5),
        (10_000, 0.05, 8),
        (10_000, 0.2, 15),
        (50_000, 0.2, 16),
        (10_000, 0.5, 34),
        (10_000, 0.9, 219),
        (10_000, 1.0, 219),
    ],
)
def test_how_long_a_streak_must_be(calls: int, failed: float, needed: int) -> None:
    """ln(1e-6 / calls) / ln(failed), and five at least."""
    assert streak_needed(5, calls=calls, failed=failed) == needed


def test_nothing_has_happened() -> None:
    """No verdict."""
    assert verdict(Totals(NOW)) is None


@pytest.mark.parametrize(
    ("totals", "expected"),
    [
        (Totals(NOW, [streak(4)], failures=4), None),
        (Totals(NOW, [streak(5)], failures=5), (5, 5)),
        (Totals(NOW, [streak(5)], failures=5, successes=995), (5, 5)),
        (Totals(NOW, [streak(6)], failures=56, successes=944), None),
        (Totals(NOW, [streak(7)], failures=57, successes=943), (7, 7)),
        (Totals(NOW, [streak(5)], failures=5, successes=95, past=Tally(200, 900, 0)), None),
        (Totals(NOW, [streak(12)], failures=12, successes=88, past=Tally(200, 900, 0)), (12, 12)),
        (Totals(NOW, [streak(60)], failures=60), (60, 5)),
    ],
)
def test_errors_in_a_row(totals: Totals, expected: tuple[int, int] | None) -> None:
    """What is everyday is taken from all but the streak itself."""
    found = verdict(totals, error_rate=1.1)
    if expected is None:
        assert found is None
    else:
        length, needed = expected
        assert found == ("consecutive_errors", f"{length} errors in a row, limit {needed}")


@pytest.mark.parametrize(
    ("bad", "good", "rate", "why"),
    [
        (10, 10, 0.5, "errors 10 of 20 in 10 s, limit 50 %"),
        (9, 11, 0.5, None),
        (20, 0, 1.0, "errors 20 of 20 in 10 s, limit 100 %"),
        (1, 399, 0.0025, "errors 1 of 400 in 10 s, limit 0.25 %"),
        (0, 400, 0.0, None),
    ],
)
def test_the_rate_of_errors(bad: int, good: int, rate: float, why: str | None) -> None:
    """At the limit, with one error at least."""
    found = verdict(Totals(NOW, failures=bad, successes=good, bad=1), error_rate=rate)
    assert found == (None if why is None else ("error_rate", why))


def test_the_rate_of_slow_calls() -> None:
    """Over the calls whose wait was decided, however they ended."""
    totals = Totals(NOW, successes=1000, slow=12, timely=8, bad=1)
    assert verdict(totals, window=2.5) == ("slow_rate", "slow 12 of 20 in 2.5 s, limit 50 %")
    assert verdict(totals, slow_rate=0.7) is None


@pytest.mark.parametrize(
    ("overdue", "alive", "why"),
    [
        (5, NOW - 2_000, "5 calls waiting and none answered for 2 s, limit 5"),
        (9, 0, "9 calls waiting and none answered for 2 s, limit 5"),
        (4, 0, None),
        (5, NOW - 1_999, None),
    ],
)
def test_a_stall(overdue: int, alive: int, why: str | None) -> None:
    """So many wait, and nobody was answered for `slow_after`."""
    totals = Totals(NOW, overdue=overdue, slow=overdue, alive=alive, bad=1)
    assert verdict(totals) == (None if why is None else ("stalled", why))


@pytest.mark.parametrize(
    ("in_use", "where", "trips"),
    [(1, 1, True), (0b11, 1, False), (0b11, 0b11, True), (0b111, 0b11, True), (0b10, 1, False), (0b100, 0b111, True)],
)
def test_every_trip_needs_two_endpoints_or_all_in_use(in_use: int, where: int, trips: bool) -> None:
    """Otherwise it is an endpoint's ejection that is due."""
    for totals in (
        Totals(NOW, [streak(5, where)], failures=5),
        Totals(NOW, failures=20, bad=where),
        Totals(NOW, slow=20, bad=where),
        Totals(NOW, overdue=5, bad=where),
    ):
        assert (verdict(totals, in_use=in_use) is not None) is trips


@pytest.mark.parametrize(
    ("settings", "trigger"),
    [
        ({}, "consecutive_errors"),
        ({"consecutive_errors": 21}, "error_rate"),
        ({"consecutive_errors": 21, "error_rate": 1.1}, "slow_rate"),
    ],
)
def test_the_first_rule_names_the_trigger(settings: dict[str, float], trigger: str) -> None:
    """A streak before rates, errors before slowness."""
    totals = Totals(NOW, [streak(20)], failures=20, slow=20, overdue=20, bad=1)
    found = verdict(totals, **settings)
    assert found is not None
    assert found.trigger == trigger
