"""How workers come to hold one state: words, ties, and views that are late, lost or repeated."""

from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.core import breaker_cells as at
from gateway.core.agreement import Agreement, generation, newest, state, word
from gateway.core.breaker import Breaker, State
from gateway.core.breaker_cells import Shared, Slot
from gateway.core.model import BreakerSettings
from gateway.core.permits import Permit
from tests.core.fleet import Tokens, copy, make_slot

CLOSED, HALF_OPEN, OPEN = State


def parts(size: int) -> list[Agreement]:
    slots = [make_slot(number) for number in range(size)]
    return [Agreement(Shared(slot, slots, [0])) for slot in slots]


@pytest.mark.parametrize(("number", "kind"), [(0, 0), (1, 2), (7, 1), (1 << 40, 2)])
def test_a_word_holds_both(number: int, kind: int) -> None:
    """Generation and state, the generation above."""
    assert generation(word(number, kind)) == number
    assert state(word(number, kind)) == kind
    assert word(number, 2) < word(number + 1, 0)


def test_nothing_written_is_closed_in_generation_zero() -> None:
    """A fresh board needs no preparing."""
    one, _ = parts(2)
    assert one.in_force == (0, 0, 0, 0)
    assert not one.adopt()


def test_a_change_is_adopted_once() -> None:
    """With all that belongs to it."""
    one, other = parts(2)
    made = one.make(OPEN, since=5, until=9, row=3)
    assert made == word(1, OPEN)
    assert [other.adopt(), other.adopt(), one.adopt()] == [True, False, True]
    assert one.in_force == other.in_force == (made, 5, 9, 3)


def test_of_two_at_once_the_more_careful_wins() -> None:
    """Both come to hold it; only its maker tells of it."""
    one, other = parts(2)
    closed = one.make(CLOSED, since=1, until=1, row=0)
    opened = other.make(OPEN, since=2, until=9, row=2)
    assert one.adopt()
    assert other.adopt()
    assert one.in_force == other.in_force == (opened, 2, 9, 2)
    assert not one.was_first(closed)
    assert other.was_first(opened)


def test_of_two_alike_the_lower_slot_tells() -> None:
    """So that a trip is counted once."""
    one, other = parts(2)
    made = [part.make(OPEN, since=1, until=part is one, row=1) for part in (one, other)]
    assert [part.was_first(each) for part, each in zip((one, other), made, strict=True)] == [True, False]


def test_a_later_generation_hides_no_earlier_one() -> None:
    """What this worker made is told of though another has moved on."""
    one, other = parts(2)
    made = one.make(OPEN, since=1, until=2, row=1)
    other.adopt()
    other.make(HALF_OPEN, since=2, until=2, row=1)
    assert one.was_first(made)


class Views(RuleBasedStateMachine):
    """Workers that see one another through copies: some are never brought, some late, some again after newer ones."""

    @initialize(size=st.integers(2, 8), seed=st.integers(0, 1 << 32))
    def begin(self, size: int, seed: int) -> None:
        self.settings = BreakerSettings(consecutive_errors=2, probes=2, open_for=1.0, max_open_for=4.0)
        self.random = Random(seed)
        self.now = 100.0
        self.taken: dict[int, int] = {}
        self.slots = [make_slot(number) for number in range(size)]
        self.seen = [[slot if slot is own else copy(slot) for slot in self.slots] for own in self.slots]
        self.sent: list[tuple[int, int, Slot]] = []
        self.breakers = [self.breaker(number) for number in range(size)]
        self.probes: list[tuple[int, Permit]] = []
        self.words = [0] * size

    def breaker(self, number: int) -> Breaker:
        tokens = Tokens(self.taken, number)
        cells = Shared(self.slots[number], self.seen[number], [0])
        return Breaker(self.settings, cells, tokens, draw=self.random.random)

    def pick(self) -> int:
        return self.random.randrange(len(self.slots))

    @rule()
    def send(self) -> None:
        """A copy sets out; it may arrive at once, later, twice, or never."""
        sender, receiver = self.pick(), self.pick()
        if sender != receiver:
            self.sent.append((sender, receiver, copy(self.slots[sender])))

    @rule(again=st.booleans())
    def arrive(self, again: bool) -> None:
        if self.sent:
            place = self.random.randrange(len(self.sent))
            sender, receiver, slot = self.sent[place] if again else self.sent.pop(place)
            self.seen[receiver][sender] = slot

    @rule()
    def lose(self) -> None:
        if self.sent:
            self.sent.pop(self.random.randrange(len(self.sent)))

    @rule(good=st.booleans())
    def call(self, good: bool) -> None:
        worker = self.pick()
        breaker = self.breakers[worker]
        permit = breaker.admit(self.now)
        assert permit is not None or breaker.state is not CLOSED
        if permit is None:
            return
        if breaker.state is HALF_OPEN:
            self.probes.append((worker, permit))
        elif good:
            breaker.answered(permit, self.now, 0.1)
        else:
            breaker.failure(permit, self.now, 1)

    @rule(how=st.sampled_from(["success", "failure", "release"]))
    def end_probe(self, how: str) -> None:
        if self.probes:
            worker, permit = self.probes.pop(self.random.randrange(len(self.probes)))
            if how == "success":
                self.breakers[worker].success(permit, self.now)
            elif how == "failure":
                self.breakers[worker].failure(permit, self.now, 1)
            else:
                self.breakers[worker].release(permit)

    @rule(seconds=st.sampled_from([0.0, 0.05, 0.7, 5.0]))
    def tick(self, seconds: float) -> None:
        self.now += seconds
        for breaker in self.breakers:
            breaker.tick(self.now)

    @rule()
    def restart(self) -> None:
        """A worker is killed: its permits are free, its callers gone."""
        worker = self.pick()
        self.probes = [each for each in self.probes if each[0] != worker]
        for token in [token for token, owner in self.taken.items() if owner == worker]:
            del self.taken[token]
        self.breakers[worker] = self.breaker(worker)
        self.words[worker] = 0

    @invariant()
    def words_only_grow(self) -> None:
        held = [breaker.word for breaker in self.breakers]
        assert all(new >= old for new, old in zip(held, self.words, strict=True))
        self.words = held

    @invariant()
    def never_more_probes_than_allowed(self) -> None:
        assert len(self.taken) <= self.settings.probes
        assert {(worker, permit.token) for worker, permit in self.probes} <= {
            (worker, token) for token, worker in self.taken.items()
        }

    def teardown(self) -> None:
        """When everything has arrived all hold one state; and traffic that goes well closes it."""
        if not hasattr(self, "slots"):
            return
        for own in self.seen:
            own[:] = self.slots
        for worker, permit in self.probes:
            self.breakers[worker].release(permit)
        self.tick(0.05)
        self.tick(0.05)
        assert len({(breaker.state, breaker.word) for breaker in self.breakers}) == 1
        for _ in range(5):
            self.tick(4.0)
            for breaker in self.breakers:
                permit = breaker.admit(self.now)
                if permit is not None:
                    breaker.answered(permit, self.now, 0.1)
        self.tick(0.05)
        assert {breaker.state for breaker in self.breakers} == {CLOSED}
        assert self.taken == {}


TestViews = Views.TestCase
TestViews.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)


def test_who_is_no_worker_sees_the_newest_state_as_well() -> None:
    """The greatest word; on a tie, which cannot be told of twice, the lower slot."""
    assert newest({}) is None
    states = {}
    for number, made in ((0, word(1, 2)), (1, word(2, 1)), (2, word(2, 1))):
        cells = [0] * at.RUNS[0].size
        cells[at.MADE], cells[at.SINCE], cells[at.UNTIL] = made, 100 + number, 200 + number
        states[number] = cells
    found = newest(states)
    assert found == (word(2, 1), 1, 101, 201)


def test_runs_are_filed_under_their_name_and_the_variants() -> None:
    assert at.key(at.RUNS[0], "fraud-4") == b"breaker state fraud-4"
