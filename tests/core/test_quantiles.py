"""Quantiles, against tables and against the values themselves."""

from bisect import bisect_left
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.metrics import DURATION_BUCKETS
from gateway.core.quantiles import latency, quantile

BUCKETS = len(DURATION_BUCKETS) + 1


def histogram(values: list[float]) -> list[int]:
    counts = [0] * BUCKETS
    for value in values:
        counts[bisect_left(DURATION_BUCKETS, value)] += 1
    return counts


def counts(**by_place: int) -> list[int]:
    return [by_place.get(f"b{place}", 0) for place in range(BUCKETS)]


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
