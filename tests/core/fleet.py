"""Workers of one gateway around one variant's breakers: their cells, their tokens, a clock, and traffic."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from gateway.core.breaker import Breaker, State, Transition
from gateway.core.breaker_cells import RUNS, Shared, Slot
from gateway.core.model import BreakerSettings

TICK = 0.05
"""Seconds between two ticks of a worker."""


def make_slot(number: int) -> Slot:
    """Cells that nobody has written yet."""
    return Slot(number, *([0] * run.size for run in RUNS))


def copy(slot: Slot) -> Slot:
    """The slot as it is now, for a view that does not follow it."""
    return Slot(slot.number, *(list(cells) for cells in slot[1:]))


class Tokens:
    """One worker's way to tokens that all share."""

    def __init__(self, taken: dict[int, int], worker: int) -> None:
        self.taken = taken
        self.worker = worker

    def claim(self, limit: int) -> int | None:
        if len(self.taken) >= limit:
            return None
        free = next((token for token in range(limit) if token not in self.taken), None)
        if free is not None:
            self.taken[free] = self.worker
        return free

    def release(self, token: int) -> None:
        assert self.taken.pop(token) == self.worker, "a token is given back once, by its owner"


@dataclass
class Fleet:
    """Workers on one board. `told` holds every transition with the worker that told of it."""

    size: int = 1
    settings: BreakerSettings = field(default_factory=BreakerSettings)
    seed: int = 1
    now: float = 1000.0
    told: list[tuple[int, Transition]] = field(default_factory=list)
    taken: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.slots = [make_slot(number) for number in range(self.size)]
        self.breakers = [self.start(number) for number in range(self.size)]
        self._next = [self.now + TICK * self.random.random() for _ in range(self.size)]

    def start(self, number: int, views: Sequence[Slot] | None = None) -> Breaker:
        """A worker's breaker, on the cells that its predecessor left."""
        cells = Shared(self.slots[number], self.slots if views is None else views, [0])
        return Breaker(self.settings, cells, Tokens(self.taken, number), draw=self.random.random)

    def configure(self, **changes: object) -> None:
        """A reload reaches all workers."""
        self.settings = replace(self.settings, **changes)  # type: ignore[arg-type]
        for breaker in self.breakers:
            breaker.configure(self.settings, breaker.forced)

    def pass_time(self, seconds: float) -> None:
        """All ticks that fall into it."""
        end = self.now + seconds
        while min(self._next) <= end:
            worker = self._next.index(min(self._next))
            self.now = self._next[worker]
            self.tick(worker)
            self._next[worker] += TICK
        self.now = end

    def tick(self, worker: int) -> None:
        """One worker looks around now."""
        self.told += [(worker, transition) for transition in self.breakers[worker].tick(self.now)]

    def call(self, outcome: str = "good", *, worker: int = 0, waited: float = 0.01, bit: int = 1) -> bool:
        """One whole call, over at once: `good` or `bad`; whether it was admitted."""
        breaker = self.breakers[worker]
        permit = breaker.admit(self.now)
        if permit is None:
            return False
        if outcome == "good":
            breaker.answered(permit, self.now, waited)
        else:
            breaker.failure(permit, self.now, bit)
        return True

    def traffic(self, rate: float, seconds: float, *, errors: float, until: State | None = None) -> float | None:
        """Random calls on random workers, a share of them bad; seconds until any worker is in that state."""
        begun = self.now
        while True:
            pause = self.random.expovariate(rate)
            if self.now + pause > begun + seconds:
                return None
            self.pass_time(pause)
            worker = self.random.randrange(self.size)
            self.call("bad" if self.random.random() < errors else "good", worker=worker)
            if until is not None and any(breaker.state is until for breaker in self.breakers):
                return self.now - begun

    @property
    def states(self) -> set[State]:
        """Of all workers."""
        return {breaker.state for breaker in self.breakers}
