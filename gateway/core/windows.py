"""Windows: what one worker counts of a variant's calls.

A ring of ten slices in shared cells, so that it takes constant memory and can be added over workers. Counting is
adding to a plain attribute; `flush` moves what came to the cells, at each tick and before each judgement. What leaves
the window fades over a minute: it tells what a variant's everyday errors are. It decides nothing.
"""

from math import exp
from typing import NamedTuple

from gateway.core import breaker_cells as at
from gateway.core.breaker_cells import Cells, Slot
from gateway.core.slowness import FINE, Waits

FINE_PAST = 1024
"""The past is kept in this fraction of a call."""
GROUP_BITS = 10
"""Bits of each of the two numbers of a group of calls; the time of it stands above them, in milliseconds."""

_FADING = 60_000
"""Milliseconds in which the past fades to 1/e."""
_CALM = 10
"""A slice is calm when at most one of so many calls failed or was slow."""
_MOST = (1 << GROUP_BITS) - 1


class Tally(NamedTuple):
    """So many bad ones of so many, and a bit for each endpoint where they were."""

    bad: int
    total: int
    where: int


class Counts:
    """One worker's. The attributes hold what came since the last flush; streaks run on."""

    __slots__ = (
        *("_base", "_places", "slot", "_stamp", "_waits", "alive", "failed_on", "failures", "slow", "slow_on"),
        *("streak", "streak_bad", "streak_from", "succeeded", "successes", "timely"),
    )

    def __init__(self, slot: Slot, word: int) -> None:
        """Goes on with what the cells hold, where it belongs to that word."""
        self.slot = slot
        self._waits = Waits(slot.state)
        self._base = 0
        self._stamp = -1
        self._places = {ring: self._newest(ring) for ring in (at.OUTCOMES, at.DECISIONS)}
        if slot.state[at.COUNTED] != word:
            self.restart(word)
        self.discard()
        state = slot.state
        self.streak = state[at.STREAK]
        self.streak_bad = state[at.STREAK_BAD]
        self.streak_from = state[at.STREAK_FROM] / 1000
        self.succeeded = state[at.SUCCEEDED] / 1000
        self.alive = state[at.ALIVE] / 1000

    def restart(self, word: int) -> None:
        """Forget all but the past: what counts from here on belongs to that word."""
        state = self.slot.state
        state[at.COUNTED] = -1
        _clear(state, at.PROBED, at.BAD_AT + 1)
        for run, cells in zip(at.RUNS[1:], self.slot[2:], strict=True):
            _clear(cells, 0, run.size)
        state[at.COUNTED] = word
        self.streak = self.streak_bad = 0
        self.streak_from = self.alive = self.succeeded = 0.0
        self._waits.settle(0, calm=False, now=0)
        self._stamp = -1
        self.discard()

    def answered(self, now: float, waited: float) -> None:
        """A call went well, its first byte in time, after so many seconds: what most calls do."""
        self.timely += 1
        self.successes += 1
        self.streak = 0
        self.alive = self.succeeded = now
        if waited > FINE:
            self._waits.add(waited)

    def first_byte(self, now: float, waited: float) -> None:
        """A first byte in time, after so many seconds."""
        self.timely += 1
        self.alive = now
        if waited > FINE:
            self._waits.add(waited)

    def late_byte(self, now: float, waited: float) -> None:
        """A first byte to a call that was overdue."""
        self.alive = now
        self._waits.add_late(waited)

    def waited_late(self, bit: int) -> None:
        """An overdue call on that endpoint waits no longer."""
        self.slow += 1
        self.slow_on |= bit

    def success(self, now: float) -> None:
        """A call went well."""
        self.successes += 1
        self.streak = 0
        self.succeeded = now

    def failure(self, now: float, bit: int) -> None:
        """A call failed, on that endpoint."""
        self.failures += 1
        self.failed_on |= bit
        if not self.streak:
            self.streak_bad = 0
            self.streak_from = now
        self.streak += 1
        self.streak_bad |= bit

    def flush(self, now: int, window: int) -> bool:
        """Move what came to the cells; whether there was anything. Both in milliseconds."""
        is_bad = bool(self.failures or self.slow)
        if not (is_bad or self.successes or self.timely):
            return False
        self._add(self._slice(now, max(window // at.SLICES, 1)))
        self._remember(at.OUTCOMES, now, Tally(self.failures, self.failures + self.successes, self.failed_on))
        self._remember(at.DECISIONS, now, Tally(self.slow, self.slow + self.timely, self.slow_on))
        if is_bad:
            self.slot.state[at.BAD_AT] = now
        self.discard()
        return True

    def discard(self) -> None:
        """Drop what came."""
        self.successes = self.failures = self.timely = self.slow = self.failed_on = self.slow_on = 0

    def _add(self, base: int) -> None:
        cells, state = self.slot.window, self.slot.state
        cells[base + at.SUCCESSES] += self.successes
        cells[base + at.FAILURES] += self.failures
        cells[base + at.TIMELY] += self.timely
        cells[base + at.SLOW] += self.slow
        cells[base + at.BAD] |= self.failed_on | self.slow_on
        state[at.STREAK] = self.streak
        state[at.STREAK_BAD] = self.streak_bad
        state[at.STREAK_FROM] = at.milliseconds(self.streak_from)
        state[at.SUCCEEDED] = at.milliseconds(self.succeeded)
        state[at.ALIVE] = at.milliseconds(max(self.alive, self.succeeded))

    def _slice(self, now: int, length: int) -> int:
        """The first cell of the present slice, made empty when it begins."""
        stamp = now - now % length
        if stamp != self._stamp:
            if self._stamp >= 0:
                self._end_slice(now)
            self._stamp = stamp
            self._base = stamp // length % at.SLICES * at.SLICE
            if self.slot.window[self._base + at.STAMP] != stamp:
                self._retire(self._base, now)
                self.slot.window[self._base + at.STAMP] = stamp
        return self._base

    def _end_slice(self, now: int) -> None:
        """The waits of a calm slice are worth knowing."""
        cells, base = self.slot.window, self._base
        calls = cells[base + at.SUCCESSES] + cells[base + at.FAILURES]
        bad = cells[base + at.FAILURES] + cells[base + at.SLOW]
        self._waits.settle(cells[base + at.TIMELY], calm=bad * _CALM <= calls, now=now)

    def _retire(self, base: int, now: int) -> None:
        """What stood in the slice has left the window: it is the past."""
        cells, state = self.slot.window, self.slot.state
        left = exp(min(state[at.PAST_AT] - now, 0) / _FADING)
        failures = cells[base + at.FAILURES]
        calls = cells[base + at.SUCCESSES] + failures
        state[at.PAST_CALLS] = int(state[at.PAST_CALLS] * left) + calls * FINE_PAST
        state[at.PAST_FAILURES] = int(state[at.PAST_FAILURES] * left) + failures * FINE_PAST
        state[at.PAST_AT] = now
        _clear(cells, base, base + at.SLICE)

    def _newest(self, ring: int) -> int:
        """The place of the newest group."""
        groups = [self.slot.recent[ring + place] for place in range(at.GROUPS)]
        return groups.index(max(groups))

    def _remember(self, ring: int, now: int, tally: Tally) -> None:
        """Put a group of calls in the place of the oldest."""
        if tally.total:
            place = self._places[ring] = (self._places[ring] + 1) % at.GROUPS
            recent = self.slot.recent
            total = min(tally.total, _MOST)
            recent[ring + place] = (now << GROUP_BITS | total) << GROUP_BITS | tally.bad * total // tally.total
            recent[ring + place + at.GROUPS] = tally.where


def _clear(cells: Cells, start: int, end: int) -> None:
    for cell in range(start, end):
        cells[cell] = 0
