"""Where the numbers stand: every name has cells of its own, and each run fits a name of the board."""

import pytest

from gateway.core import breaker_cells as at
from gateway.links.board import MAX_RUN


def test_every_run_fits_the_board() -> None:
    """A name there has so many cells at most."""
    assert all(0 < run.size <= MAX_RUN for run in at.RUNS)
    assert [run.name for run in at.RUNS] == list(at.Slot._fields[1:])
    assert [run.name for run in at.RUNS if run.gauge] == ["waiting"]


def test_no_two_names_share_a_cell() -> None:
    """In each run, with the room that tables need."""
    single = [
        *(at.MADE, at.SINCE, at.UNTIL, at.ROW, at.COUNTED, at.PROBED, at.STREAK, at.STREAK_FROM, at.STREAK_BAD),
        *(at.SUCCEEDED, at.ALIVE, at.BAD_AT, at.PAST_CALLS, at.PAST_FAILURES, at.PAST_AT, at.WAITS_AT),
    ]
    state = [*single, *range(at.WAITS, at.WAITS + at.WAIT_BUCKETS)]
    recent = [*range(at.OUTCOMES, at.OUTCOMES + 2 * at.GROUPS), *range(at.DECISIONS, at.DECISIONS + 2 * at.GROUPS)]
    window = [at.STAMP, at.SUCCESSES, at.FAILURES, at.TIMELY, at.SLOW, at.BAD]
    for used, size in [(state, at.RUNS[0].size), (recent, at.RUNS[1].size), (window, at.SLICE)]:
        assert sorted(used) == list(range(size))
    assert at.RUNS[2].size == at.SLICES * at.SLICE
    assert {at.OVERDUE, at.OVERDUE_BAD} == set(range(at.RUNS[3].size))


@pytest.mark.parametrize(("position", "bit"), [(0, 1), (1, 2), (61, 1 << 61), (62, 1), (125, 2)])
def test_the_bit_of_an_endpoint(position: int, bit: int) -> None:
    """It fits a signed cell; very large pools share."""
    assert at.bit(position) == bit
    assert bit < 1 << 62


def test_times_are_whole_milliseconds() -> None:
    """Of the monotonic clock."""
    assert at.milliseconds(12.3456) == 12346
    assert all(at.milliseconds(time / 1000) == time for time in range(1_000_000, 1_010_000))
