"""Totals: what all workers together counted of a variant. It adds up and decides nothing.

It reads cells that others may be writing; each number is whole, and being a moment old does no harm.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.core import breaker_cells as at
from gateway.core.breaker_cells import Slot
from gateway.core.windows import FINE_PAST, GROUP_BITS, Tally

OLDEST = 300_000
"""Milliseconds for which a call is among the last ones."""
_LAST = 10
"""Calls that decide where there is little traffic."""
_NONE = Tally(0, 0, 0)
_MASK = (1 << GROUP_BITS) - 1


class Streak(NamedTuple):
    """Failures in a row, and the endpoints they were on."""

    length: int
    bad: int


@dataclass(slots=True)
class Totals:
    """The sum over all slots whose counts belong to one word."""

    now: int
    slots: list[Slot] = field(default_factory=list)
    successes: int = 0
    failures: int = 0
    timely: int = 0
    """First bytes in time."""
    slow: int = 0
    """Calls that were not: those whose wait is over, in the window, and those that still wait."""
    overdue: int = 0
    """Those that still wait."""
    waiting: int = 0
    """The endpoints they are on."""
    bad: int = 0
    """All endpoints with failures or slow calls."""
    probed: int = 0
    alive: int = 0
    """When a first byte came last, in milliseconds."""
    past: Tally = _NONE
    """Of the time before the window: failures, and calls."""

    @property
    def outcomes(self) -> Tally:
        """The window's calls, by outcome."""
        return Tally(self.failures, self.failures + self.successes, self.bad)

    @property
    def decisions(self) -> Tally:
        """The window's calls, by how long they waited."""
        return Tally(self.slow, self.slow + self.timely, self.bad)

    def last_outcomes(self) -> Tally | None:
        """Of the last ten calls (a few more where several came in one tick); None where there are fewer."""
        return self._last(at.OUTCOMES, _NONE)

    def last_decisions(self) -> Tally | None:
        """The same; calls that still wait are the newest."""
        return self._last(at.DECISIONS, Tally(self.overdue, self.overdue, self.waiting))

    def _last(self, ring: int, newest: Tally) -> Tally | None:
        bad, total, where = newest
        for group, on in sorted(self._groups(ring), reverse=True):
            if total >= _LAST:
                break
            bad += group & _MASK
            total += group >> GROUP_BITS & _MASK
            where |= on
        return Tally(bad, total, where) if total >= _LAST else None

    def _groups(self, ring: int) -> Iterator[tuple[int, int]]:
        oldest = max(self.now - OLDEST, 0) << 2 * GROUP_BITS
        for slot in self.slots:
            for place in range(ring, ring + at.GROUPS):
                group = slot.recent[place]
                if group > oldest:
                    yield group, slot.recent[place + at.GROUPS]

    def streaks(self) -> Iterator[Streak]:
        """Each worker's own, and the one of all: their failures since the last success of any. A worker's streak that
        began before it is left out there: how many of its failures came later is not known."""
        last = max((slot.state[at.SUCCEEDED] for slot in self.slots), default=0)
        length = bad = 0
        for slot in self.slots:
            own = Streak(slot.state[at.STREAK], slot.state[at.STREAK_BAD])
            yield own
            if slot.state[at.STREAK_FROM] >= last:
                length += own.length
                bad |= own.bad
        yield Streak(length, bad)


def last_bad(slots: Iterable[Slot]) -> int:
    """When anything bad was counted last, in milliseconds."""
    return max(slot.state[at.BAD_AT] for slot in slots)


def add_up(slots: Iterable[Slot], word: int, *, now: int, window: int) -> Totals:
    """The sum over all slots; `now` and `window` in milliseconds."""
    totals = Totals(now, [slot for slot in slots if slot.state[at.COUNTED] == word])
    for slot in totals.slots:
        _add_state(totals, slot)
        _add_window(totals, list(slot.window), now - window)
    failures = sum(slot.state[at.PAST_FAILURES] for slot in slots)
    calls = sum(slot.state[at.PAST_CALLS] for slot in slots)
    totals.past = Tally(failures // FINE_PAST, calls // FINE_PAST, 0)
    return totals


def _add_state(totals: Totals, slot: Slot) -> None:
    totals.probed += slot.state[at.PROBED]
    totals.alive = max(totals.alive, slot.state[at.ALIVE])
    totals.overdue += slot.waiting[at.OVERDUE]
    totals.slow += slot.waiting[at.OVERDUE]
    totals.waiting |= slot.waiting[at.OVERDUE_BAD]
    totals.bad |= slot.waiting[at.OVERDUE_BAD]


def _add_window(totals: Totals, cells: Sequence[int], since: int) -> None:
    for base in range(0, len(cells), at.SLICE):
        stamp, successes, failures, timely, slow, bad = cells[base : base + at.SLICE]
        if stamp > since:
            totals.successes += successes
            totals.failures += failures
            totals.timely += timely
            totals.slow += slow
            totals.bad |= bad
