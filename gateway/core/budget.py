"""Budgets: how much of something extra the whole gateway may do, as a share of its calls in a window.

The retries of a variant are one; the requests of a route that every model answers with an error status are another.
Calls and what was spent stand in shared cells, a ring of ten slices per worker, and are added up over all of them. Two
workers that spend at the same moment may both find the last room: a budget overshoots by the number of workers less
one.
"""

from collections.abc import Sequence
from typing import NamedTuple

from gateway.core.breaker_cells import SLICES, Cells, Run, milliseconds

RUN = Run("budget", SLICES * 3)
"""The cells of one worker."""

_STAMP, _CALLS, _SPENT = range(3)
_SLICE = 3


class Allowance(NamedTuple):
    """So large a share of the calls in a window of so many seconds, and always so many."""

    share: float
    least: int
    window: float


def retries(share: float, window: float) -> Allowance:
    """Of a variant's extra attempts."""
    return Allowance(share, 10, window)


FORGIVEN = Allowance(0.2, 50, 10.0)
"""Of a route's requests that two variants answer with an error status: so many may be the requests' own fault."""


class Budget:
    """One worker's part in a budget. `calls` counts what came since the last flush: add to it."""

    __slots__ = ("_all", "_own", "allowance", "calls")

    def __init__(self, own: Cells, everyone: Sequence[Cells], allowance: Allowance) -> None:
        """`everyone` holds the cells of all workers, `own` among them; it may grow."""
        self._own = own
        self._all = everyone
        self.allowance = allowance
        self.calls = 0

    def flush(self, now: float) -> None:
        """Move the calls to the cells."""
        if self.calls:
            self._own[self._slice(now) + _CALLS] += self.calls
            self.calls = 0

    def has_room(self, now: float) -> bool:
        """Whether one more may be spent."""
        calls, spent = self._totals(now)
        return spent < max(self.allowance.least, int(self.allowance.share * calls))

    def spend(self, now: float) -> bool:
        """Spend one, if there is room."""
        self.flush(now)
        has_room = self.has_room(now)
        if has_room:
            self._own[self._slice(now) + _SPENT] += 1
        return has_room

    def _slice(self, now: float) -> int:
        length = max(milliseconds(self.allowance.window) // SLICES, 1)
        number = milliseconds(now) // length
        base = number % SLICES * _SLICE
        if self._own[base + _STAMP] != number * length:
            self._own[base + _CALLS] = self._own[base + _SPENT] = 0
            self._own[base + _STAMP] = number * length
        return base

    def _totals(self, now: float) -> tuple[int, int]:
        since = milliseconds(now) - milliseconds(self.allowance.window)
        calls = spent = 0
        for cells in self._all:
            for base in range(0, RUN.size, _SLICE):
                if cells[base + _STAMP] > since:
                    calls += cells[base + _CALLS]
                    spent += cells[base + _SPENT]
        return calls, spent
