"""The breaker: a variant's guard. Every rule of its states lives in this file.

1. TABLE is all there is of transitions. Closed lets every call through and counts. Open lets none through until its
   time is over. Half_open lets `probes` callers try; as many successes close it, one failure or slow call opens it.
2. A call is admitted with a permit and reported once: `success`, `failure` or `release`; before that perhaps
   `overdue`, `first_byte` or both. `answered` is first byte and success at once. What is reported under a permit from
   before the last transition decides nothing.
3. It trips on the counts of all workers (`core.trip_rules`): `tick` looks at them where something went wrong lately,
   and `failure` does at once when this worker saw `consecutive_errors` in a row.
4. A probe's permit is claimed for the whole gateway. A probe that succeeded keeps it until the next transition, so that
   no more than `probes` callers are put at risk each time; any other end, the worker's too, gives it back.
5. A transition is made by one worker, and adopted by the others at their next tick (`core.agreement`). The worker that
   made it tells of it once, at its own next tick.
6. An operator may force it open or closed: that covers its own state and changes nothing of it. `observe`, like forced
   closed, goes through all states and keeps nobody out.

What a worker does with it: `breaker.standing or breaker.admit(now)` for each call; None is the failure `open`. Where
the whole reply comes at once, `answered`. Otherwise `first_byte` when its clock stops, then `success`, `failure` or
`release`. A call that reaches `slow_after` without a first byte goes on by what `overdue` returns; if `rescues` is true
then, or becomes true later, it is let go: `release`, and the failure `slow`. Calls whose clock does not run have no
`first_byte` and are never `overdue`. `tick` comes every 50 to 100 ms, and what it answers is logged, counted by its
trigger and sent on as an event. `configure` comes with each snapshot that changes the settings or the override.

It must not know HTTP, metrics or clocks: `now` is monotonic seconds, `draw` gives random numbers in [0, 1).
"""

from collections.abc import Callable, Sequence
from enum import Enum, IntEnum
from typing import Literal, NamedTuple

from gateway.core.agreement import Agreement, state
from gateway.core.breaker_cells import OVERDUE, PROBED, Shared, milliseconds
from gateway.core.model import BreakerSettings
from gateway.core.permits import UNCOUNTED, Overdue, Permit, Probes, Tokens
from gateway.core.slowness import slow_after
from gateway.core.totals import OLDEST, Totals, add_up, last_bad
from gateway.core.trip_rules import Case, Verdict, judge
from gateway.core.windows import Counts


class State(IntEnum):
    """What a breaker does with calls; the numbers are those of `gateway_breaker_state`."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Cause(Enum):
    """What moves a breaker."""

    TRIPPED = "its calls fail or are slow"
    RESTED = "its time is over"
    PROBE_FAILED = "a probe failed or was slow"
    PROBES_SUCCEEDED = "all probes succeeded"


TABLE = {
    (State.CLOSED, Cause.TRIPPED): State.OPEN,
    (State.OPEN, Cause.RESTED): State.HALF_OPEN,
    (State.HALF_OPEN, Cause.PROBE_FAILED): State.OPEN,
    (State.HALF_OPEN, Cause.PROBES_SUCCEEDED): State.CLOSED,
}

Forced = Literal["open", "closed"] | None
"""What an operator holds it in."""

_JITTER = 0.1
"""Up to this share of its time open is left out, so that breakers do not beat in time."""
_LONGEST_ROW = 40
_LEARNING = 1.0
"""Seconds between two looks at what `slow_after: auto` stands for."""


class Transition(NamedTuple):
    """A change of state, to be told of: `trigger` is that of a trip, else empty; times are monotonic seconds."""

    before: State
    after: State
    trigger: str
    why: str
    at: float
    until: float | None
    """When an open breaker probes."""
    row: int
    """Trips in a row."""


class Breaker:
    """One variant's guard, as one worker has it."""

    __slots__ = (
        *("_agreement", "_cells", "_counts", "_draw", "_is_new", "_learn_at", "_made", "_overdue", "_pass", "_probes"),
        *("blocks", "forced", "in_use", "settings", "slow_after", "standing", "state", "word"),
    )

    def __init__(
        self,
        settings: BreakerSettings,
        cells: Shared,
        tokens: Tokens,
        *,
        draw: Callable[[], float],
        forced: Forced = None,
    ) -> None:
        """Begins in the state that the workers are in, with the counts that its slot's former worker left."""
        self._cells = cells
        self._draw = draw
        self._probes = Probes(tokens)
        self._overdue = Overdue(cells.own)
        self._made: list[tuple[int, Transition]] = []
        self._agreement = Agreement(cells)
        self._counts = Counts(cells.own, self._agreement.in_force.word)
        self.in_use = 1
        """A bit for each endpoint that gets calls; the pool sets it."""
        self._enter()
        self.configure(settings, forced)

    def configure(self, settings: BreakerSettings, forced: Forced) -> None:
        """Take new settings; the state and the counts stay."""
        self.settings = settings
        self.forced: Forced = forced
        self.blocks = forced == "open" or (forced is None and settings.mode == "enforce")
        """Whether callers may be kept out."""
        self._is_new = True
        """What was fine by the settings before may not be by these."""
        self._learn_at = 0.0
        self._learn(0.0)
        self._offer()

    # ---- calls

    def admit(self, now: float) -> Permit | None:
        """Leave for a live call, or None: it has to go elsewhere. Where `standing` is not None it is the answer."""
        if self.standing is not None:
            return self.standing
        permit = None if self._waits_for_copies(now) else self.probe()
        return permit if permit is not None or self.blocks else UNCOUNTED

    def probe(self) -> Permit | None:
        """Leave to try a half_open breaker, for live calls or, with `probe: shadow`, for copies of them."""
        if self.state is not State.HALF_OPEN or self.forced == "open":
            return None
        permit = self._probes.permit(self.word, self.settings.probes)
        if permit is not None and self._adopt():
            # It was free because the try is over: another worker has ended it.
            self._probes.free(permit)
            return None
        return permit

    def answered(self, permit: Permit, now: float, waited: float) -> None:
        """A whole good reply at once, its first byte after `waited` seconds."""
        if permit is self._pass:
            self._counts.answered(now, waited)
        else:
            self.first_byte(permit, now, waited)
            self.success(permit, now)

    def first_byte(self, permit: Permit, now: float, waited: float) -> None:
        """A reply begins, after `waited` seconds."""
        if permit is self._pass:
            self._counts.first_byte(now, waited)
        elif permit in self._overdue:
            self._counts.late_byte(now, waited)
            self._end_wait(permit)

    def overdue(self, permit: Permit, now: float, bit: int) -> Permit:
        """The call has waited for `slow_after` on that endpoint; from here on it goes by the permit returned."""
        if permit is self._pass:
            permit = Permit(self.word, bit=bit)
            self._overdue.add(permit)
        elif permit.token is not None:
            self._probe_failed(permit, now, f"a probe waited {self.slow_after:g} s for its first byte")
        return permit

    def success(self, permit: Permit, now: float) -> None:
        """The reply is complete, and a good one."""
        if permit is self._pass:
            self._counts.success(now)
        elif permit.token is not None:
            self._probe_succeeded(permit, now)
        elif permit.word == self.word:
            self._end_wait(permit)
            self._counts.success(now)

    def failure(self, permit: Permit, now: float, bit: int) -> None:
        """The call failed, on that endpoint."""
        if permit.token is not None:
            self._probe_failed(permit, now, "a probe failed")
            self._probes.free(permit)
        elif permit.word == self.word:
            self._end_wait(permit)
            self._counts.failure(now, bit)
            if self._counts.streak >= self.settings.consecutive_errors and self.settings.mode != "disabled":
                self._flush(now)
                self._judge(now)

    def release(self, permit: Permit) -> None:
        """The call ended in a way that says nothing of the variant."""
        self._end_wait(permit)
        self._probes.free(permit)

    # ---- time

    def tick(self, now: float) -> Sequence[Transition]:
        """Look at the clock and the other workers; the transitions of this worker that are now to be told of."""
        told = self._tell() if self._made else ()
        self._adopt()
        if self.settings.mode == "disabled":
            self._counts.discard()
        elif self.state is State.CLOSED:
            moved = self._flush(now)
            if self._overdue or self._is_new or self._is_recent(now, moved=moved):
                self._judge(now)
            self._learn(now)
        elif self.state is State.HALF_OPEN:
            self._close_if_well(now)
        elif milliseconds(now) >= self._agreement.in_force.until:
            why = f"open for {now - self.since:.1f} s, up to {self.settings.probes} calls may try"
            self._move(Cause.RESTED, now, Verdict("", why))
        return told

    # ---- what there is to see

    @property
    def rescues(self) -> bool:
        """Whether calls that wait past `slow_after` for their first byte are to go to the fallback now."""
        return self.blocks and self.settings.rescue and self.shown is not State.CLOSED

    @property
    def shown(self) -> State:
        """The state that callers meet."""
        if self.forced is not None:
            return State[self.forced.upper()]
        return self.state if self.settings.mode != "disabled" else State.CLOSED

    @property
    def since(self) -> float:
        """When its own state began."""
        return self._agreement.in_force.since / 1000

    @property
    def retry_at(self) -> float | None:
        """When an open breaker probes."""
        return self._agreement.in_force.until / 1000 if self.state is State.OPEN else None

    def totals(self, now: float) -> Totals:
        """What all workers counted in the window."""
        window = milliseconds(self.settings.window)
        return add_up(self._cells.slots, self.word, now=milliseconds(now), window=window)

    # ---- inside

    def _waits_for_copies(self, now: float) -> bool:
        return self.settings.probe == "shadow" and now < self.since + self.settings.max_open_for

    def _end_wait(self, permit: Permit) -> None:
        if permit in self._overdue:
            self._overdue.end(permit)
            self._counts.waited_late(permit.bit)

    def _probe_succeeded(self, permit: Permit, now: float) -> None:
        if permit.word != self.word:
            self._probes.free(permit)
            return
        self._probes.keep(permit)
        self._cells.own.state[PROBED] += 1
        self._close_if_well(now)

    def _probe_failed(self, permit: Permit, now: float, why: str) -> None:
        if permit.word == self.word:
            self._move(Cause.PROBE_FAILED, now, Verdict("probe", why))

    def _close_if_well(self, now: float) -> None:
        done = self.totals(now).probed
        if done >= self.settings.probes:
            self._move(Cause.PROBES_SUCCEEDED, now, Verdict("", f"{done} probes succeeded"))

    def _flush(self, now: float) -> bool:
        if self._overdue or self._cells.own.waiting[OVERDUE]:
            self._overdue.tell()
        return self._counts.flush(milliseconds(now), milliseconds(self.settings.window))

    def _is_recent(self, now: float, *, moved: bool) -> bool:
        """Whether something bad happened anywhere so short a time ago that there is something to judge."""
        ago = milliseconds(now) - last_bad(self._cells.slots)
        return ago <= milliseconds(self.settings.window) or (moved and ago <= OLDEST)

    def _judge(self, now: float) -> None:
        self._is_new = False
        verdict = judge(Case(self.settings, self.totals(now), self.slow_after, self.in_use))
        if verdict is not None:
            self._move(Cause.TRIPPED, now, verdict)

    def _move(self, cause: Cause, now: float, verdict: Verdict) -> None:
        """Make the transition, unless another worker has made one already."""
        if self._adopt():
            return
        before, after = self.state, TABLE[self.state, cause]
        row, until = self._agreement.in_force.row, None
        if after is State.OPEN:
            row, until = self._rest(now)
        made = self._agreement.make(after, since=milliseconds(now), until=milliseconds(until or now), row=row)
        self._made.append((made, Transition(before, after, *verdict, now, until, row)))
        self._adopt()

    def _rest(self, now: float) -> tuple[int, float]:
        """Which trip in a row this is, and until when it lasts: twice as long as the one before, up to the longest. It
        is the first again where the breaker was closed for the longest time that it can be open."""
        settings = self.settings
        is_calm = self.state is State.CLOSED and now - self.since >= settings.max_open_for
        row = 1 if is_calm else min(self._agreement.in_force.row + 1, _LONGEST_ROW)
        length = min(settings.open_for * 2.0 ** (row - 1), settings.max_open_for)
        return row, now + length * (1 - _JITTER * self._draw())

    def _adopt(self) -> bool:
        """Take over the state in force; whether it is another. Counts begin anew in each."""
        if not self._agreement.adopt():
            return False
        self._enter()
        self._counts.restart(self.word)
        self._overdue.clear()
        self._probes.free_kept()
        self._offer()
        return True

    def _enter(self) -> None:
        self.word = self._agreement.in_force.word
        """Names the state in force among all there were; it only grows."""
        self.state = State(state(self.word))
        self._pass = Permit(self.word)

    def _offer(self) -> None:
        """What `admit` answers until something changes."""
        self.standing: Permit | None = None
        if self.forced == "open":
            return
        if self.settings.mode == "disabled" or (self.state is State.OPEN and not self.blocks):
            self.standing = UNCOUNTED
        elif self.state is State.CLOSED:
            self.standing = self._pass

    def _learn(self, now: float) -> None:
        """Now and then, since it takes many numbers and changes slowly."""
        if self.settings.slow_after is not None:
            self.slow_after = self.settings.slow_after
        elif now >= self._learn_at:
            self.slow_after = slow_after(self._cells.slots)
            self._learn_at = now + _LEARNING

    def _tell(self) -> Sequence[Transition]:
        made, self._made = self._made, []
        return [transition for word, transition in made if self._agreement.was_first(word)]
