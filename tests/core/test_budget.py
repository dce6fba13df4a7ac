"""Budgets: a share of the calls of all workers in a window, and always so many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.budget import FORGIVEN, RUN, Allowance, Budget, retries

NOW = 1000.0


def budgets(size: int, allowance: Allowance) -> list[Budget]:
    cells = [[0] * RUN.size for _ in range(size)]
    return [Budget(own, cells, allowance) for own in cells]


def spent(budget: Budget, now: float = NOW) -> int:
    """How many more can be spent."""
    return next(count for count in range(10**6) if not budget.spend(now))


@pytest.mark.parametrize(
    ("allowance", "calls", "most"),
    [
        (retries(0.2, 10.0), 0, 10),
        (retries(0.2, 10.0), 50, 10),
        (retries(0.2, 10.0), 60, 12),
        (retries(0.2, 10.0), 1000, 200),
        (retries(0.0, 10.0), 1000, 10),
        (FORGIVEN, 100, 50),
        (FORGIVEN, 1000, 200),
    ],
)
def test_how_much_may_be_spent(allowance: Allowance, calls: int, most: int) -> None:
    """The share, or the least."""
    [budget] = budgets(1, allowance)
    budget.calls += calls
    assert spent(budget) == most
    assert not budget.has_room(NOW)


def test_it_is_of_the_whole_gateway() -> None:
    """Calls of one worker are another's room, and what one spent is missed by all."""
    one, other = budgets(2, retries(0.2, 10.0))
    one.calls += 100
    one.flush(NOW)
    one.flush(NOW)
    assert [other.spend(NOW) for _ in range(15)] == [True] * 15
    assert spent(one) == 5
    assert not other.has_room(NOW)


def test_the_window_moves_on() -> None:
    """What is older than the window counts no more, calls and spendings alike."""
    [budget] = budgets(1, retries(0.2, 10.0))
    budget.calls += 100
    assert spent(budget) == 20
    assert spent(budget, NOW + 9.0) == 0
    assert spent(budget, NOW + 10.0) == 10
    assert spent(budget, NOW + 3600.0) == 10


def test_very_short_windows() -> None:
    """A slice is a millisecond at least."""
    [budget] = budgets(1, retries(0.2, 0.001))
    assert spent(budget) == 10
    assert budget.spend(NOW + 0.002)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), st.booleans(), st.floats(0, 3)), max_size=60),
    st.sampled_from([0.0, 0.2, 1.0]),
)
def test_never_more_than_allowed(steps: list[tuple[int, int, bool, float]], share: float) -> None:
    """Against a log of everything, on slices of a second."""
    all_workers = budgets(4, Allowance(share, 3, 10.0))
    log: list[tuple[int, int, int]] = []
    now = NOW
    for worker, calls, spend, pause in steps:
        now += pause
        all_workers[worker].calls += calls
        all_workers[worker].flush(now)
        slice_ = int(now * 1000) // 1000
        log.append((slice_, calls, 0))
        seen = [entry for entry in log if entry[0] * 1000 > int(now * 1000) - 10_000]
        room = sum(entry[2] for entry in seen) < max(3, int(share * sum(entry[1] for entry in seen)))
        if spend:
            assert all_workers[worker].spend(now) is room
            log.append((slice_, 0, int(room)))
