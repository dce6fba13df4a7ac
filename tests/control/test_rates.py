"""Rates, against tables and against the readings themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.control.rates import Rise, Samples, share


def test_there_is_no_span_before_the_first_reading() -> None:
    assert Samples[int](10).span() is None


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([0], (0, 0, 0)),
        ([0, 1], (1, 0, 1)),
        ([0, 4, 9], (9, 0, 9)),
        ([0, 4, 10], (10, 0, 10)),
        ([0, 1, 10], (10, 0, 10)),
        ([0, 1, 11], (10, 1, 11)),
        ([0, 1, 11.5], (10.5, 1, 11.5)),
        ([0, 50], (50, 0, 50)),
        ([0, 50, 51], (51, 0, 51)),
        ([0, 50, 51, 60], (10, 50, 60)),
        ([0, 50, 100], (50, 50, 100)),
    ],
)
def test_a_span_reaches_back_as_far_as_is_asked(times: list[float], expected: tuple[float, float, float]) -> None:
    """Or further, where readings are rare."""
    samples = Samples[float](10)
    for time in times:
        samples.add(time, time)
    assert samples.span() == expected


@given(st.lists(st.floats(0.1, 30), min_size=1, max_size=200), st.floats(1, 60))
def test_no_more_readings_are_kept_than_needed(steps: list[float], seconds: float) -> None:
    """All but the oldest are less than the window old."""
    samples = Samples[float](seconds)
    now, times = 0.0, list[float]()
    for step in steps:
        now += step
        times.append(now)
        samples.add(now, now)
        span = samples.span()
        assert span is not None
        assert span.after == now
        old = [time for time in times if time <= now - seconds]
        assert span.before == (old[-1] if old else times[0]) or len(times) == 1


def test_the_rise_of_numbers() -> None:
    rise = Rise(4.0, [1, 10], [3, 10, 8])
    assert [rise.at(place) for place in (0, 1, 2, 3, None)] == [2, 0, 8, 0, 0]
    assert [rise.per_second(place) for place in (0, 1, 2, 3, None)] == [0.5, 0.0, 2.0, 0.0, 0.0]


def test_one_reading_is_no_rate() -> None:
    assert Rise(0.0, [5], [5]).per_second(0) == 0.0


@pytest.mark.parametrize(("part", "whole", "expected"), [(0, 0, 0.0), (0, 4, 0.0), (1, 4, 0.25), (4, 4, 1.0)])
def test_a_share(part: int, whole: int, expected: float) -> None:
    assert share(part, whole) == expected
