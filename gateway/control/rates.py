"""Rates, from readings of numbers that only ever grow.

It decides which two readings a rate lies between. It must not know what is counted, or where.
"""

from collections import deque
from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

Totals = TypeVar("Totals")


class Span(NamedTuple, Generic[Totals]):
    """Two readings, and the seconds between them: 0 where they are the same one."""

    seconds: float
    before: Totals
    after: Totals


class Samples(Generic[Totals]):
    """The readings of the last `seconds`, and the one before these, so that the newest and the oldest are at least that
    far apart once there are enough."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._readings: deque[tuple[float, Totals]] = deque()

    def add(self, now: float, totals: Totals) -> None:
        """One more reading."""
        readings = self._readings
        readings.append((now, totals))
        while len(readings) > 2 and readings[1][0] <= now - self._seconds:
            readings.popleft()

    def span(self) -> Span[Totals] | None:
        """From the oldest to the newest; None before the first."""
        if not self._readings:
            return None
        (begin, before), (end, after) = self._readings[0], self._readings[-1]
        return Span(end - begin, before, after)


class Rise:
    """By how much numbers have grown between two readings. Places are added at the end, and begin at 0."""

    def __init__(self, seconds: float, before: Sequence[int], after: Sequence[int]) -> None:
        self._seconds = seconds
        self._before = before
        self._after = after

    def at(self, place: int | None) -> int:
        """Of the number at that place; 0 where there is none yet."""
        if place is None or place >= len(self._after):
            return 0
        return self._after[place] - (self._before[place] if place < len(self._before) else 0)

    def per_second(self, place: int | None) -> float:
        """How fast it has grown."""
        return self.at(place) / self._seconds if self._seconds > 0 else 0.0


def share(part: int, whole: int) -> float:
    """As a fraction; 0 of nothing."""
    return part / whole if whole else 0.0
