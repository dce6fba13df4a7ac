"""The breaker under random traffic: how soon it sees a fault, and what it does not take for one."""

from statistics import median

import pytest

from gateway.core.breaker import State
from gateway.core.model import BreakerSettings
from tests.core.fleet import TICK, Fleet

RATES_ONLY = BreakerSettings(consecutive_errors=10**6)
ALL_RULES = BreakerSettings()


def detection(workers: int, rate: float, *, errors: float, settings: BreakerSettings, warm: float = 12.0) -> float:
    """The median, over seven runs, of the seconds from a fault to the trip."""
    found = []
    for seed in range(7):
        fleet = Fleet(workers, settings, seed)
        fleet.traffic(rate, warm, errors=0.0)
        found.append(fleet.traffic(rate, 60.0, errors=errors, until=State.OPEN) or 60.0)
    return median(found)


@pytest.mark.parametrize(
    ("workers", "rate", "errors", "settings", "soon", "late"),
    [
        (1, 10, 1.0, RATES_ONLY, 4.0, 6.0),
        (1, 100, 1.0, RATES_ONLY, 4.5, 5.5),
        (1, 10, 1.0, ALL_RULES, 0.2, 1.0),
        (1, 100, 1.0, ALL_RULES, 0.02, 0.1),
        (1, 10, 0.6, RATES_ONLY, 6.0, 10.0),
        (1, 100, 0.6, ALL_RULES, 0.05, 1.0),
        (16, 10, 1.0, ALL_RULES, 0.3, 1.0),
        (16, 100, 1.0, ALL_RULES, 0.03, 0.2),
    ],
)
def test_from_fault_to_trip(
    workers: int, rate: float, errors: float, settings: BreakerSettings, soon: float, late: float
) -> None:
    """By rates alone about half a window; by streaks about five calls, over sixteen workers as well."""
    assert soon < detection(workers, rate, errors=errors, settings=settings) < late


def test_a_part_of_the_calls_failing_is_found_sooner_after_a_clean_time() -> None:
    """60 % at 10 a second, after 100 s without errors: a streak is none of chance's."""
    assert detection(1, 10, errors=0.6, settings=ALL_RULES, warm=100.0) < 4.0


@pytest.mark.parametrize(("workers", "rate", "seconds"), [(1, 1000, 30.0), (4, 1000, 15.0)])
def test_everyday_errors_of_a_fifth_trip_nothing(workers: int, rate: float, seconds: float) -> None:
    """Tens of thousands of calls, with thousands of streaks of five by chance."""
    fleet = Fleet(workers, ALL_RULES, seed=3)
    fleet.traffic(rate, seconds, errors=0.2)
    assert fleet.told == []


def test_few_calls_and_few_errors_trip_nothing() -> None:
    """Two hours of one call a second, one in twenty fails."""
    fleet = Fleet(1, ALL_RULES, seed=3)
    fleet.traffic(1, 7200.0, errors=0.05)
    assert [transition.trigger for _, transition in fleet.told if transition.trigger] == []


@pytest.mark.parametrize("workers", [2, 8])
def test_all_workers_stop_within_a_quarter_of_a_second(workers: int) -> None:
    """Of the trip in the first, with traffic there or without."""
    fleet = Fleet(workers, ALL_RULES)
    fleet.traffic(200, 5.0, errors=0.0)
    assert fleet.traffic(200, 5.0, errors=1.0, until=State.OPEN) is not None
    fleet.pass_time(2 * TICK)
    assert fleet.states == {State.OPEN}
    assert not any(fleet.call(worker=worker) for worker in range(workers))


def test_after_recovery_all_traffic_is_back() -> None:
    """Within `open_for` and a second; each try put `probes` callers at risk at most."""
    fleet = Fleet(4, ALL_RULES)
    fleet.traffic(200, 5.0, errors=0.0)
    fleet.traffic(200, 3.0, errors=1.0)
    assert fleet.states == {State.OPEN}
    fleet.traffic(200, 6.0, errors=0.0)
    assert fleet.states == {State.CLOSED}
    assert fleet.taken == {}


def test_a_hung_model_is_found_as_soon_as_calls_are_late() -> None:
    """A hundred calls a second on 8 workers, `slow_after` 0.5 s: within 0.65 s of the hang."""
    fleet = Fleet(8, BreakerSettings(slow_after=0.5))
    fleet.traffic(100, 5.0, errors=0.0)
    begun = fleet.now
    waiting = []
    while State.OPEN not in fleet.states:
        fleet.pass_time(0.01)
        worker = fleet.random.randrange(8)
        permit = fleet.breakers[worker].admit(fleet.now)
        assert permit is not None
        waiting.append((fleet.now, worker, permit))
        while waiting and fleet.now - waiting[0][0] >= 0.5:
            _, late, permit = waiting.pop(0)
            fleet.breakers[late].overdue(permit, fleet.now, 1)
    assert fleet.now - begun < 0.65
    fleet.pass_time(2 * TICK)
    assert [transition.trigger for _, transition in fleet.told] == ["stalled"]
