"""Rates and quantiles, against tables and against the values themselves."""

from bisect import bisect_left
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.control.rates import Rise, Samples, latency, quantile, share
from gateway.core.metrics import DURATION_BUCKETS

BUCKETS = len(DURATION_BUCKETS) + 1


def histogram(values: list[float]) -> list[int]:
    counts = [0] * BUCKETS
    for value in values:
        counts[bisect_left(DURATION_BUCKETS, value)] += 1
    return counts


def counts(**by_place: int) -> list[int]:
    return [by_place.get(f"b{place}", 0) for place in range(BUCKETS)]


# ---- readings


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


# ---- quantiles


@pytest.mark.parametrize(
    ("given_counts", "fraction", "expected"),
    [
        (counts(b0=4), 0.5, 0.0005),
        (counts(b0=1), 0.99, 0.00099),
        (counts(b1=2), 0.5, 0.0015),
        (counts(b1=2), 1.0, 0.002),
        (counts(b0=1, b5=1), 0.5, 0.001),
        (counts(b0=1, b5=1), 0.75, 0.00875),
        (counts(b5=9, b14=1), 0.9, 0.01),
        (counts(b5=9, b14=1), 0.95, 0.75),
        (counts(b22=3), 0.5, 300.0),
        (counts(b0=1, b22=1), 0.99, 300.0),
        (counts(b0=1, b22=1), 0.5, 0.001),
        (counts(b21=1), 0.5, 210.0),
    ],
)
def test_quantiles_are_spread_evenly_within_a_bucket(given_counts: list[int], fraction: float, expected: float) -> None:
    assert quantile(given_counts, fraction) == pytest.approx(expected)


def test_latency_without_calls_is_empty() -> None:
    assert latency([0] * BUCKETS) == {}


def test_latency_names_three_quantiles() -> None:
    """98 calls of up to 1 ms, two of up to 2 ms."""
    assert latency(counts(b0=98, b1=2)) == pytest.approx({"p50": 50 / 98000, "p90": 90 / 98000, "p99": 0.0015})


@given(st.lists(st.floats(0.0, 299.0), min_size=1, max_size=300), st.sampled_from([0.01, 0.25, 0.5, 0.9, 0.99, 1.0]))
def test_a_quantile_lies_in_the_bucket_of_the_exact_one(values: list[float], fraction: float) -> None:
    exact = sorted(values)[ceil(fraction * len(values)) - 1]
    place = bisect_left(DURATION_BUCKETS, exact)
    lower = DURATION_BUCKETS[place - 1] if place else 0.0
    assert lower <= quantile(histogram(values), fraction) <= DURATION_BUCKETS[place] * (1 + 1e-12)


@given(st.lists(st.integers(0, 1000), min_size=BUCKETS, max_size=BUCKETS).filter(any))
def test_quantiles_grow_with_their_fraction(given_counts: list[int]) -> None:
    found = [quantile(given_counts, step / 50) for step in range(1, 51)]
    assert found == sorted(found)
    assert set(latency(given_counts)) == {"p50", "p90", "p99"}
