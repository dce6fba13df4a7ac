"""Slowness: what `slow_after: auto` stands for. Ten times the 99th percentile of a variant's own calm times.

Waits up to 0.1 s all lead to the shortest length, so they share one bucket; above it each bucket ends 19 % after the
one before, up to 3.2 s, beyond which all lead to the longest.
"""

from collections.abc import Iterable
from itertools import accumulate
from math import ceil, log2

from gateway.core.breaker_cells import WAIT_BUCKETS, WAITS, WAITS_AT, Cells, Slot

SHORTEST = 1.0
LONGEST = 30.0
UNKNOWN = 10.0
"""Until enough calls are known."""
FINE = 0.1
"""Seconds: longer waits are told apart."""

_KNOWN = 200
_TIMES = 10
_QUANTILE = 0.99
_STEPS = 4
"""Buckets in which a wait doubles."""
_MEMORY = 600_000
"""Milliseconds after which old waits count half, where there are plenty."""
_PLENTY = 2_000


def bucket(waited: float) -> int:
    """Where a wait of so many seconds belongs."""
    if waited <= FINE:
        return 0
    return min(ceil(_STEPS * log2(waited / FINE)), WAIT_BUCKETS - 1)


def bound(number: int) -> float:
    """The longest wait of a bucket, but for the last."""
    return float(FINE * 2 ** (number / _STEPS))


class Waits:
    """The waits that one worker saw in the present slice; in the end they count or, if it was no calm one, do not."""

    __slots__ = ("_cells", "_late", "_long")

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._forget()

    def add(self, waited: float) -> None:
        """One wait above `FINE`; the others are known by their number alone."""
        self._long[bucket(waited)] += 1

    def add_late(self, waited: float) -> None:
        """One that was counted as slow before it ended."""
        self._late += 1
        self._long[bucket(waited)] += 1

    def settle(self, timely: int, *, calm: bool, now: int) -> None:
        """The slice is over, with so many first bytes in time; `now` in milliseconds."""
        if calm and timely:
            self._long[0] = max(timely + self._late - sum(self._long), 0)
            self._fade(now)
            for number, count in enumerate(self._long):
                self._cells[WAITS + number] += count
        self._forget()

    def _forget(self) -> None:
        self._late = 0
        self._long = [0] * WAIT_BUCKETS

    def _fade(self, now: int) -> None:
        cells = self._cells
        known = [cells[WAITS + number] for number in range(WAIT_BUCKETS)]
        if sum(known) < _PLENTY:
            cells[WAITS_AT] = now
        elif now - cells[WAITS_AT] >= _MEMORY:
            cells[WAITS_AT] = now
            for number, count in enumerate(known):
                cells[WAITS + number] = count // 2


def slow_after(slots: Iterable[Slot]) -> float:
    """The length in seconds, of what all workers know."""
    known = [0] * WAIT_BUCKETS
    for slot in slots:
        for number in range(WAIT_BUCKETS):
            known[number] += slot.state[WAITS + number]
    total = sum(known)
    if total < _KNOWN:
        return UNKNOWN
    number = next(at for at, seen in enumerate(accumulate(known)) if seen >= total * _QUANTILE)
    return min(max(_TIMES * bound(number), SHORTEST), LONGEST)
