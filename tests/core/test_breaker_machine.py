"""The breaker against an independent, slow reference: an exact log of everything that was reported.

Whatever workers, outcomes, cancellations, reloads, operators and times come, in whatever order: both are in the same
state, let the same calls through, and no permit is ever lost.
"""

from collections import Counter
from dataclasses import dataclass, field, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.core.breaker import Breaker, State
from gateway.core.breaker_cells import Shared
from gateway.core.model import BreakerSettings
from gateway.core.permits import UNCOUNTED, Permit
from tests.core.fleet import Tokens, make_slot

CLOSED, HALF_OPEN, OPEN = State
BASE = BreakerSettings(
    min_requests=6, consecutive_errors=3, slow_after=1.0, open_for=2.0, max_open_for=8.0, probes=2, window=10.0
)


@dataclass
class Reference:
    """What the breaker should do, by looking through a log each time. Times are milliseconds."""

    settings: BreakerSettings
    state: State = CLOSED
    since: int = 0
    until: int = 0
    row: int = 0
    era: int = 0
    log: list[tuple[int, int, str, int]] = field(default_factory=list)
    """When, worker, what, endpoint; of this era."""
    waiting: list[int] = field(default_factory=list)
    """Endpoints of the calls that are overdue."""
    probing: int = 0
    """Probes that hold a token, of any era."""
    probed: int = 0
    kept: list[int] = field(default_factory=list)
    """The workers of the probes that succeeded: their tokens stay taken."""
    is_new: bool = True
    """The settings have not been judged by yet."""

    def enter(self, state: State, now: int) -> None:
        if state is OPEN:
            calm = self.state is CLOSED and now - self.since >= self.settings.max_open_for * 1000
            self.row = 1 if calm else self.row + 1
            length = min(self.settings.open_for * 2 ** (self.row - 1), self.settings.max_open_for)
            self.until = now + int(length * 1000)
        self.state, self.since, self.era = state, now, self.era + 1
        self.log, self.waiting, self.kept, self.probed = [], [], [], 0

    def may_pass(self) -> bool:
        if self.state is HALF_OPEN:
            return self.probing + len(self.kept) < self.settings.probes
        return self.state is CLOSED

    def look(self, now: int, in_use: int) -> None:
        """What a tick finds."""
        if self.state is OPEN and now >= self.until:
            self.enter(HALF_OPEN, now)
        elif self.state is HALF_OPEN and self.probed >= self.settings.probes:
            self.enter(CLOSED, now)
        elif self.state is CLOSED and (self.is_new or self.waiting or self.is_recent(now)):
            self.is_new = False
            if self.streak(in_use) or self.rates(now, in_use) or self.stalled(now, in_use):
                self.enter(OPEN, now)

    def is_recent(self, now: int) -> bool:
        """Something bad was reported within the window; or anything just now: silence alone trips nothing."""
        bad = [entry[0] for entry in self.log if entry[2] in ("bad", "late")]
        return any(now - when <= self.settings.window * 1000 for when in bad) or any(e[0] == now for e in self.log)

    def spread(self, where: list[int], in_use: int) -> bool:
        seen = set(where)
        return len(seen) > 1 or {bit for bit in (1, 2, 4) if in_use & bit} <= seen

    def streak(self, in_use: int) -> bool:
        outcomes = [entry for entry in self.log if entry[2] in ("good", "bad")]
        last = max((entry[0] for entry in outcomes if entry[2] == "good"), default=0)
        common: list[int] = []
        for worker in {entry[1] for entry in outcomes}:
            own = [entry for entry in outcomes if entry[1] == worker]
            trailing = own[max((place + 1 for place, entry in enumerate(own) if entry[2] == "good"), default=0) :]
            where = [entry[3] for entry in trailing]
            if len(where) >= self.settings.consecutive_errors and self.spread(where, in_use):
                return True
            if trailing and trailing[0][0] >= last:
                common += where
        return len(common) >= self.settings.consecutive_errors and self.spread(common, in_use)

    def rates(self, now: int, in_use: int) -> bool:
        length = int(self.settings.window * 100)
        inside = [entry for entry in self.log if entry[0] // length * length > now - self.settings.window * 1000]
        where = [entry[3] for entry in inside if entry[2] in ("bad", "late")] + self.waiting
        kinds = Counter(entry[2] for entry in inside)
        return self.rate(("good", "bad"), kinds, [], where=where, now=now, in_use=in_use) or self.rate(
            ("early", "late"), kinds, self.waiting, where=where, now=now, in_use=in_use
        )

    def rate(
        self,
        kinds: tuple[str, str],
        inside: Counter[str],
        waiting: list[int],
        *,
        where: list[int],
        now: int,
        in_use: int,
    ) -> bool:
        limit = self.settings.error_rate if kinds[1] == "bad" else self.settings.slow_rate
        good, bad = inside[kinds[0]], inside[kinds[1]] + len(waiting)
        if good + bad < self.settings.min_requests:
            decided = [entry for entry in self.log if entry[2] in kinds and entry[0] >= now - 300_000]
            last = sorted(decided, reverse=True, key=lambda entry: entry[0])[: max(10 - len(waiting), 0)]
            bad = len(waiting) + sum(entry[2] == kinds[1] for entry in last)
            good = len(waiting) + len(last) - bad
            where = waiting + [entry[3] for entry in last if entry[2] == kinds[1]]
            if good + bad < 10:
                return False
        return bad > 0 and bad >= limit * (good + bad) and self.spread(where, in_use)

    def stalled(self, now: int, in_use: int) -> bool:
        assert self.settings.slow_after is not None
        alive = max((entry[0] for entry in self.log if entry[2] in ("early", "byte", "good")), default=0)
        length = int(self.settings.window * 100)
        recent = [entry for entry in self.log if entry[0] // length * length > now - self.settings.window * 1000]
        where = self.waiting + [entry[3] for entry in recent if entry[2] in ("bad", "late")]
        enough = len(self.waiting) >= self.settings.consecutive_errors
        return enough and now - alive >= self.settings.slow_after * 1000 and self.spread(where, in_use)


@dataclass(eq=False)
class Live:
    """One call that is out."""

    worker: int
    permit: Permit
    era: int
    bit: int
    is_probe: bool
    phase: str = "waiting"


class Machine(RuleBasedStateMachine):
    """Workers that look around after each step, so that all know all; see test_agreement for those that do not."""

    @initialize(workers=st.integers(1, 4), in_use=st.sampled_from([1, 3, 7]))
    def begin(self, workers: int, in_use: int) -> None:
        self.now = 1_000_000
        self.in_use = in_use
        self.taken: dict[int, int] = {}
        self.slots = [make_slot(number) for number in range(workers)]
        self.settings = BASE
        self.breakers = [self.breaker(number) for number in range(workers)]
        self.reference = Reference(BASE)
        self.calls: list[Live] = []
        self.forced: str | None = None
        self.step = 0

    def breaker(self, number: int) -> Breaker:
        cells = Shared(self.slots[number], self.slots, [0])
        made = Breaker(self.settings, cells, Tokens(self.taken, number), draw=lambda: 0.0)
        made.in_use = self.in_use
        return made

    def keep_traffic_low(self) -> None:
        """Below 50 calls in a window, from where on streaks are guarded: that has tests of its own."""
        ended = [entry for entry in self.reference.log if entry[2] in ("good", "bad") and entry[0] > self.now - 11_000]
        if len(ended) >= 45:
            self.pass_time(11.0)

    def look(self) -> None:
        """Two rounds: what one finds the others see."""
        for breaker in [*self.breakers, *self.breakers]:
            breaker.tick(self.now / 1000)
        self.reference.look(self.now, self.in_use)
        self.now += 1

    def pick(self, number: int) -> int:
        return number % len(self.breakers)

    def place(self, number: int) -> int:
        """An endpoint that is in use."""
        return 1 << number % self.in_use.bit_length()

    @rule(worker=st.integers(0, 3), endpoint=st.integers(0, 2))
    def admit(self, worker: int, endpoint: int) -> None:
        worker = self.pick(worker)
        permit = self.breakers[worker].admit(self.now / 1000)
        expected = self.reference.may_pass() and self.forced != "open"
        assert (permit is not None and permit is not UNCOUNTED) is expected
        assert (permit is not None) is (expected or self.forced == "closed")
        if permit is None or permit is UNCOUNTED:
            return
        is_probe = self.reference.state is HALF_OPEN
        self.reference.probing += is_probe
        self.calls.append(Live(worker, permit, self.reference.era, self.place(endpoint), is_probe))

    def note(self, call: Live, what: str) -> None:
        if call.era == self.reference.era and not call.is_probe:
            self.reference.log.append((self.now, call.worker, what, call.bit))

    def end_wait(self, call: Live, *, byte: bool = False) -> None:
        if call.phase == "overdue" and call.era == self.reference.era and not call.is_probe:
            self.reference.waiting.remove(call.bit)
            self.note(call, "late")
            if byte:
                self.note(call, "byte")

    def end_probe(self, call: Live, how: str) -> None:
        """What the end of a probe makes of the reference."""
        if not call.is_probe:
            return
        self.reference.probing -= 1
        if call.era == self.reference.era:
            if how == "good":
                self.reference.probed += 1
                self.reference.kept.append(call.worker)
                if self.reference.probed >= self.reference.settings.probes:
                    self.reference.enter(CLOSED, self.now)
            elif how == "bad":
                self.reference.enter(OPEN, self.now)

    @precondition(lambda self: any(call.phase == "waiting" for call in self.calls))
    @rule(number=st.integers(0, 99))
    def becomes_overdue(self, number: int) -> None:
        waiting = [call for call in self.calls if call.phase == "waiting"]
        call = waiting[number % len(waiting)]
        call.permit = self.breakers[call.worker].overdue(call.permit, self.now / 1000, call.bit)
        call.phase = "overdue"
        if call.era == self.reference.era:
            if call.is_probe:
                self.reference.enter(OPEN, self.now)
            else:
                self.reference.waiting.append(call.bit)
        self.look()

    @precondition(lambda self: any(call.phase != "replying" for call in self.calls))
    @rule(number=st.integers(0, 99))
    def first_byte(self, number: int) -> None:
        silent = [call for call in self.calls if call.phase != "replying"]
        call = silent[number % len(silent)]
        self.breakers[call.worker].first_byte(call.permit, self.now / 1000, 0.1)
        if call.phase == "overdue":
            self.end_wait(call, byte=True)
        else:
            self.note(call, "early")
        call.phase = "replying"
        self.look()

    @precondition(lambda self: bool(self.calls))
    @rule(number=st.integers(0, 99), how=st.sampled_from(["good", "bad", "bad", "released"]))
    def end(self, number: int, how: str) -> None:
        self.keep_traffic_low()
        call = self.calls.pop(number % len(self.calls))
        breaker = self.breakers[call.worker]
        if how == "good":
            breaker.success(call.permit, self.now / 1000)
        elif how == "bad":
            breaker.failure(call.permit, self.now / 1000, call.bit)
        else:
            breaker.release(call.permit)
        self.end_wait(call)
        if how != "released":
            self.note(call, how)
        self.end_probe(call, how)
        self.look()

    @rule(worker=st.integers(0, 3), pattern=st.lists(st.sampled_from(["good", "bad"]), min_size=1, max_size=4))
    def whole_calls(self, worker: int, pattern: list[str]) -> None:
        """Admitted, answered or failed, one after the other."""
        self.keep_traffic_low()
        for how in pattern:
            before = len(self.calls)
            self.admit(worker, 0)
            if len(self.calls) == before:
                return
            call = self.calls.pop()
            if how == "good":
                self.breakers[call.worker].answered(call.permit, self.now / 1000, 0.1)
                self.note(call, "early")
            else:
                self.breakers[call.worker].failure(call.permit, self.now / 1000, call.bit)
            self.note(call, how)
            self.end_probe(call, how)
            self.look()

    @rule(seconds=st.sampled_from([0.05, 0.3, 1.0, 2.0, 4.0, 11.0, 400.0]))
    def pass_time(self, seconds: float) -> None:
        """A jump is a very long pause: the clock is monotonic."""
        self.now += int(seconds * 1000)
        self.look()

    @rule(
        changes=st.fixed_dictionaries(
            {},
            optional={
                "min_requests": st.integers(1, 30),
                "consecutive_errors": st.integers(1, 6),
                "probes": st.integers(1, 4),
                "error_rate": st.sampled_from([0.2, 0.5, 1.0]),
                "slow_rate": st.sampled_from([0.2, 0.5, 1.0]),
                "slow_after": st.sampled_from([0.5, 3.0]),
                "open_for": st.sampled_from([1.0, 2.0]),
            },
        )
    )
    def reload(self, changes: dict[str, float]) -> None:
        """It reaches every worker, and by itself changes no state."""
        before = [breaker.state for breaker in self.breakers]
        self.reference.is_new = True
        self.settings = self.reference.settings = replace(self.settings, **changes)  # type: ignore[arg-type]
        for breaker in self.breakers:
            breaker.configure(self.settings, self.forced)  # type: ignore[arg-type]
        assert [breaker.state for breaker in self.breakers] == before
        self.look()

    @rule(state=st.sampled_from(["open", "closed", None]))
    def force(self, state: str | None) -> None:
        self.forced = state
        self.reference.is_new = True
        for breaker in self.breakers:
            breaker.configure(self.settings, state)  # type: ignore[arg-type]
        self.look()

    @rule(worker=st.integers(0, 3))
    def restart(self, worker: int) -> None:
        """A worker is killed: its callers are gone, its counts stay."""
        worker = self.pick(worker)
        for call in [call for call in self.calls if call.worker == worker]:
            self.calls.remove(call)
            if call.is_probe:
                self.reference.probing -= 1
            elif call.phase == "overdue" and call.era == self.reference.era:
                self.reference.waiting.remove(call.bit)
        for token in [token for token, owner in self.taken.items() if owner == worker]:
            del self.taken[token]
        self.reference.kept = [each for each in self.reference.kept if each != worker]
        self.reference.is_new = True
        self.breakers[worker] = self.breaker(worker)
        self.breakers[worker].configure(self.settings, self.forced)  # type: ignore[arg-type]
        self.look()

    @invariant()
    def both_are_in_the_same_state(self) -> None:
        reference = self.reference
        for breaker in self.breakers:
            assert breaker.state is reference.state
            assert breaker.since == reference.since / 1000
            if reference.state is OPEN:
                assert breaker.retry_at == reference.until / 1000

    @invariant()
    def permits_are_conserved(self) -> None:
        """Every token is held by a probe that is out, or by one that succeeded in this try; never too many."""
        out = Counter(call.worker for call in self.calls if call.is_probe)
        assert len(self.taken) >= out.total()
        kept = Counter(self.taken.values()) - out
        assert kept == Counter(self.reference.kept)
        assert kept.total() == 0 or self.reference.state is HALF_OPEN

    def teardown(self) -> None:
        """Well again and with traffic, it closes: nothing is half_open for ever."""
        if not hasattr(self, "reference"):
            return
        self.force(None)
        for call in self.calls:
            self.breakers[call.worker].release(call.permit)
        for _ in range(30):
            self.now += 9_000
            for breaker in self.breakers:
                breaker.tick(self.now / 1000)
            for breaker in self.breakers:
                permit = breaker.admit(self.now / 1000)
                if permit is not None:
                    breaker.answered(permit, self.now / 1000, 0.1)
        for breaker in self.breakers:
            breaker.tick(self.now / 1000)
        assert {breaker.state for breaker in self.breakers} == {CLOSED}
        assert self.taken == {}


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
