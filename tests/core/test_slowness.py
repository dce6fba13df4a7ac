"""What `slow_after: auto` stands for: buckets, calm slices, memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.breaker_cells import WAIT_BUCKETS, WAITS, WAITS_AT, Slot
from gateway.core.slowness import FINE, UNKNOWN, Waits, bound, bucket, slow_after
from tests.core.fleet import make_slot

NOW = 5_000_000


def learned(*waits: float, slot: Slot | None = None, now: int = NOW) -> Slot:
    """A slot whose worker saw those waits in a calm slice."""
    slot = slot or make_slot(0)
    seen = Waits(slot.state)
    for waited in waits:
        if waited > FINE:
            seen.add(waited)
    seen.settle(len(waits), calm=True, now=now)
    return slot


@pytest.mark.parametrize(
    ("waited", "number"),
    [(0.0, 0), (0.1, 0), (0.1001, 1), (0.2, 4), (0.2001, 5), (0.4, 8), (3.2, 20), (3.3, 21), (9e9, 21)],
)
def test_where_a_wait_belongs(waited: float, number: int) -> None:
    """Four buckets for each doubling."""
    assert bucket(waited) == number


@given(st.floats(0.0, 3.2))
def test_a_bucket_is_never_short_and_at_most_a_fifth_long(waited: float) -> None:
    """But for the first."""
    found = bound(bucket(waited))
    assert waited <= found * (1 + 1e-9)
    assert found == FINE or found <= waited * 1.19


@pytest.mark.parametrize(
    ("waits", "seconds"),
    [
        ([0.01] * 199, UNKNOWN),
        ([0.01] * 200, 1.0),
        ([0.01] * 198 + [3.0] * 2, 1.0),
        ([0.01] * 197 + [0.4] * 3, 4.0),
        ([0.2] * 1000, 2.0),
        ([0.25] * 1000, 2.828),
        ([1.6] * 500, 16.0),
        ([2.0] * 500, 22.627),
        ([5.0] * 500, 30.0),
        ([3.1] * 500, 30.0),
    ],
)
def test_ten_times_the_p99(waits: list[float], seconds: float) -> None:
    """Between 1 s and 30 s; 10 s until 200 calls are known."""
    assert slow_after([learned(*waits)]) == pytest.approx(seconds, abs=0.001)


def test_all_workers_know_it_together() -> None:
    """Fifty calls each."""
    slots = [learned(*[0.8] * 50) for _ in range(4)]
    assert slow_after(slots[:3]) == UNKNOWN
    assert slow_after(slots) == pytest.approx(8.0)


def test_a_slice_that_was_not_calm_teaches_nothing() -> None:
    """Nor does what is left over from it count in the next."""
    slot = make_slot(0)
    seen = Waits(slot.state)
    for _ in range(300):
        seen.add(3.0)
    seen.settle(300, calm=False, now=NOW)
    seen.settle(300, calm=True, now=NOW)
    assert slow_after([slot]) == 1.0


def test_late_first_bytes_count_with_their_wait() -> None:
    """Or the few slowest would never be known."""
    slot = make_slot(0)
    seen = Waits(slot.state)
    for _ in range(10):
        seen.add_late(1.6)
    seen.settle(390, calm=True, now=NOW)
    assert sum(slot.state[WAITS + number] for number in range(WAIT_BUCKETS)) == 400
    assert slow_after([slot]) == pytest.approx(16.0)


def test_old_waits_fade_where_there_are_plenty() -> None:
    """Half of them every ten minutes; never where few are known."""
    slot = learned(*[0.4] * 1000)
    learned(*[0.01] * 999, slot=slot, now=NOW + 3_600_000)
    assert slot.state[WAITS + bucket(0.4)] == 1000
    learned(0.01, 0.01, slot=slot, now=NOW + 3_600_001)
    learned(0.01, slot=slot, now=NOW + 3_600_001 + 599_999)
    assert slot.state[WAITS + bucket(0.4)] == 1000
    learned(0.01, slot=slot, now=NOW + 3_600_001 + 600_000)
    assert slot.state[WAITS + bucket(0.4)] == 500
    assert slot.state[WAITS_AT] == NOW + 4_200_001


def test_more_long_waits_than_first_bytes_are_no_harm() -> None:
    """A first byte that came between the flush and the slice's end."""
    slot = make_slot(0)
    seen = Waits(slot.state)
    seen.add(0.4)
    seen.add(0.4)
    seen.settle(1, calm=True, now=NOW)
    assert slot.state[WAITS] == 0
