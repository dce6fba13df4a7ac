"""What a worker counts, as cells of its board slot. Each series is looked up once and then counted by its index.

Knows the names of the metrics; how they are exposed is `admin`'s business.
"""

from bisect import bisect_left

from gateway.core.metrics import DURATION_BUCKETS, key
from gateway.links.board import Slot

_SIZE = len(DURATION_BUCKETS) + 2
"""A histogram's cells: one for each bucket, one above the last, and the sum in microseconds."""


class Tally:
    """One worker's counters, gauges and histograms."""

    __slots__ = ("_cells", "slot", "values")

    def __init__(self, slot: Slot) -> None:
        self.slot = slot
        self.values = slot.values
        self._cells: dict[tuple[str, ...], int] = {}

    @staticmethod
    def key(*series: str) -> bytes:
        """What a series is filed under."""
        return key(*series)

    def cell(self, *series: str) -> int:
        """The index of a counter: the metric's name, then its label values in order."""
        index = self._cells.get(series)
        if index is None:
            index = self._cells[series] = self.slot.index(key(*series))
        return index

    def gauge(self, *series: str) -> int:
        """The index of a gauge, which begins at zero with each process."""
        return self.slot.index(key(*series), gauge=True)

    def histogram(self, *series: str) -> int:
        """The first index of a histogram."""
        return self.slot.index(key(*series), _SIZE)

    def cells(self, key: bytes, size: int, *, gauge: bool = False) -> "memoryview[int]":
        """A run of cells of this worker's own, which is no metric."""
        first = self.slot.index(key, size, gauge=gauge)
        return self.values[first : first + size]

    def count(self, *series: str) -> None:
        """Add one to a counter that is not on the hot path."""
        self.values[self.cell(*series)] += 1

    def observe(self, first: int, seconds: float) -> None:
        """Add a time to the histogram that begins at `first`."""
        values = self.values
        values[first + bisect_left(DURATION_BUCKETS, seconds)] += 1
        values[first + _SIZE - 1] += int(seconds * 1e6)
