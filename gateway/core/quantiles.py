"""How long things took, read off a histogram with DURATION_BUCKETS. It must not know what took that long."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from gateway.core.metrics import DURATION_BUCKETS

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
_BOUNDS = (0.0, *DURATION_BUCKETS)


def latency(counts: Sequence[int]) -> dict[str, float]:
    """The quantiles of a histogram with DURATION_BUCKETS, in seconds; empty without any calls."""
    if not any(counts):
        return {}
    return {name: quantile(counts, fraction) for name, fraction in QUANTILES.items()}


def quantile(counts: Sequence[int], fraction: float) -> float:
    """The value that this fraction, above 0, lies below, as if values were spread evenly within each bucket. In the
    last bucket, which has no upper bound, its lower one. As Prometheus' histogram_quantile."""
    below = (0, *accumulate(counts))
    rank = fraction * below[-1]
    place = bisect_left(below, rank, lo=1) - 1
    if place == len(counts) - 1:
        return _BOUNDS[-1]
    lower, upper = _BOUNDS[place], _BOUNDS[place + 1]
    return lower + (upper - lower) * (rank - below[place]) / counts[place]
