"""What one worker counts: slices that fill and leave, the past that fades, the last groups of calls."""

import pytest

from gateway.core import breaker_cells as at
from gateway.core.slowness import bucket
from gateway.core.totals import add_up
from gateway.core.windows import FINE_PAST, Counts
from tests.core.fleet import make_slot

WINDOW = 10_000
NOW = 5_000_000


def slices(counts: Counts, cell: int) -> dict[int, int]:
    """When each slice began, and that cell of it where it is not 0."""
    window = counts.slot.window
    bases = range(0, at.SLICES * at.SLICE, at.SLICE)
    return {window[base + at.STAMP]: window[base + cell] for base in bases if window[base + cell]}


def made(word: int = 0) -> Counts:
    return Counts(make_slot(0), word)


def test_what_comes_goes_to_the_present_slice() -> None:
    """All of it at the flush, and once."""
    counts = made()
    counts.success(5000.0)
    counts.failure(5000.1, 0b10)
    counts.first_byte(5000.0, 0.01)
    counts.waited_late(0b100)
    assert counts.flush(NOW + 123, WINDOW)
    assert not counts.flush(NOW + 123, WINDOW)
    for cell, expected in [(at.SUCCESSES, 1), (at.FAILURES, 1), (at.TIMELY, 1), (at.SLOW, 1), (at.BAD, 0b110)]:
        assert slices(counts, cell) == {NOW: expected}


@pytest.mark.parametrize(("what", "bad_at"), [("success", 0), ("first_byte", 0), ("failure", NOW)])
def test_when_anything_was_bad(what: str, bad_at: int) -> None:
    """Only for a while after it there is something to judge."""
    counts = made()
    getattr(counts, what)(5000.0, *([] if what == "success" else [0.01 if what == "first_byte" else 1]))
    assert counts.flush(NOW, WINDOW)
    assert counts.slot.state[at.BAD_AT] == bad_at


def test_a_slice_is_a_tenth_of_the_window() -> None:
    """Each begins empty; ten later its place is taken."""
    counts = made()
    for second in range(12):
        for _ in range(second + 1):
            counts.success(5000.0 + second)
        counts.flush(NOW + second * 1000 + 999, WINDOW)
    assert slices(counts, at.SUCCESSES) == {NOW + second * 1000: second + 1 for second in range(2, 12)}


def test_very_short_windows_have_slices_too() -> None:
    """Of a millisecond at least."""
    counts = made()
    counts.success(5000.0)
    counts.flush(NOW, 3)
    assert slices(counts, at.SUCCESSES) == {NOW: 1}


def test_what_leaves_becomes_the_past_and_fades() -> None:
    """Within a minute to 1/e."""
    counts = made()
    state = counts.slot.state
    for _ in range(30):
        counts.success(5000.0)
    for _ in range(10):
        counts.failure(5000.0, 1)
    counts.flush(NOW, WINDOW)
    assert state[at.PAST_CALLS] == 0
    counts.success(5010.0)
    counts.flush(NOW + 10_000, WINDOW)
    assert (state[at.PAST_CALLS], state[at.PAST_FAILURES]) == (40 * FINE_PAST, 10 * FINE_PAST)
    counts.success(5070.0)
    counts.flush(NOW + 71_000, WINDOW)
    assert state[at.PAST_FAILURES] == pytest.approx(10 * FINE_PAST / 2.7655, rel=0.001)


def test_a_restart_forgets_all_but_the_past() -> None:
    """And says to which word the rest belongs."""
    counts = made()
    for second in range(20):
        counts.failure(5000.0 + second, 1)
        counts.flush(NOW + second * 1000, WINDOW)
    state = counts.slot.state
    past = state[at.PAST_CALLS]
    counts.failure(5021.0, 1)
    counts.restart(7)
    assert not counts.flush(NOW + 21_000, WINDOW)
    assert state[at.COUNTED] == 7
    assert state[at.PAST_CALLS] == past > 0
    assert [*counts.slot.recent, *counts.slot.window, state[at.STREAK], counts.streak] == [0] * 102


def test_another_process_goes_on_in_the_same_slice() -> None:
    """Its own word: counts and streak are there; another word: they are not."""
    counts = made()
    counts.success(5000.0)
    counts.failure(5000.5, 0b100)
    counts.flush(NOW + 500, WINDOW)
    following = Counts(counts.slot, 0)
    assert (following.streak, following.streak_bad, following.streak_from) == (1, 0b100, 5000.5)
    following.failure(5000.7, 1)
    following.flush(NOW + 700, WINDOW)
    assert slices(following, at.FAILURES) == {NOW: 2}
    assert counts.slot.state[at.SUCCEEDED] == NOW
    assert counts.slot.state[at.STREAK_FROM] == NOW + 500
    assert counts.slot.state[at.PAST_CALLS] == 0
    Counts(counts.slot, 4)
    assert slices(counts, at.FAILURES) == {}


def test_a_streak_knows_its_endpoints() -> None:
    """From its first failure on."""
    counts = made()
    counts.failure(1.0, 0b1)
    counts.success(2.0)
    counts.failure(3.0, 0b10)
    counts.failure(4.0, 0b100)
    assert (counts.streak, counts.streak_bad, counts.streak_from) == (2, 0b110, 3.0)


def test_the_last_groups_push_out_the_oldest() -> None:
    """Ten, each of what came between two flushes; very large ones keep their share."""
    counts = made()
    for second in range(12):
        counts.success(5000.0 + second)
        if second == 11:
            counts.successes = 3_000
            counts.failures = 1_000
        counts.flush(NOW + second * 1000, WINDOW)
    totals = add_up([counts.slot], 0, now=NOW + 11_000, window=1)
    recent = counts.slot.recent[at.OUTCOMES : at.OUTCOMES + at.GROUPS]
    assert min(recent) >> 20 == NOW + 2_000
    last = totals.last_outcomes()
    assert last is not None
    assert (last.bad, last.total) == (255, 1023)


def test_waits_are_known_from_calm_slices_only() -> None:
    """One call in ten may be bad."""
    for bad, known in [(1, 10), (2, 0)]:
        counts = made()
        for number in range(10):
            counts.first_byte(5000.0, 0.5)
            if number < bad:
                counts.failure(5000.0, 1)
            else:
                counts.success(5000.0)
        counts.flush(NOW, WINDOW)
        assert counts.slot.state[at.WAITS + bucket(0.5)] == 0
        counts.success(5001.0)
        counts.flush(NOW + 1000, WINDOW)
        assert counts.slot.state[at.WAITS + bucket(0.5)] == known


def test_what_is_discarded_counts_nowhere() -> None:
    """For a breaker that is disabled."""
    counts = made()
    counts.failure(1.0, 1)
    counts.discard()
    assert not counts.flush(NOW, WINDOW)
