"""Everybody is looked at in each round, nobody for long, and none as of a time before which we did not listen."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.rounds import Rounds

COST = 0.0002
"""Seconds that looking at one of them takes here: three in a moment."""
TICK = 0.05


@dataclass
class Scene:
    """Members that note when they are looked at, a clock that goes on by it, and what is to be called later."""

    size: int
    now: float = 100.0
    longest: float = 0.0
    """Seconds of one call."""
    looked: list[tuple[int, float]] = field(default_factory=list)
    later: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.members = {Member(number, self) for number in range(self.size)}
        self.rounds = Rounds(self.members, lambda: self.now, lambda delay, go_on: self.later.append((delay, go_on)))

    def timed(self, call: Callable[[], None]) -> None:
        began = self.now
        call()
        self.longest = max(self.longest, self.now - began)

    def tick(self) -> None:
        """Twenty times a second; before the next one comes what was to be called before it."""
        self.timed(lambda: self.rounds.sweep(self.now))
        until = self.now + TICK
        while self.later and self.now + self.later[0][0] < until:
            delay, go_on = self.later.pop(0)
            self.now += delay
            self.timed(go_on)
        self.now = max(self.now, until)

    @property
    def numbers(self) -> list[int]:
        return [number for number, _ in self.looked]


@dataclass(eq=False)
class Member:
    number: int
    scene: Scene

    def sweep(self, now: float) -> None:
        self.scene.looked.append((self.number, now))
        self.scene.now += COST


@given(st.integers(0, 120))
def test_everybody_is_looked_at_once_in_a_round_of_five_ticks(size: int) -> None:
    """In more ticks where there is no time for a fifth of all: here a tick has some for twelve."""
    scene = Scene(size)
    for _ in range(max(5, math.ceil(size / 12))):
        if len(scene.looked) < size:
            scene.tick()
    assert sorted(scene.numbers) == list(range(size))
    assert scene.longest <= 3 * COST + 1e-9


def test_rounds_follow_each_other() -> None:
    scene = Scene(14)
    for _ in range(3 * 5):
        scene.tick()
    rounds = [scene.numbers[at : at + 14] for at in (0, 14, 28)]
    assert [sorted(each) for each in rounds] == [list(range(14))] * 3
    assert len(scene.looked) == 3 * 14


def test_one_part_goes_on_at_a_time() -> None:
    """Ticks that come while the last part is not done add to it."""
    scene = Scene(100)
    for _ in range(5):
        scene.rounds.sweep(scene.now)
    assert (len(scene.later), len(scene.looked)) == (1, 3)


def test_who_has_gone_is_not_looked_at() -> None:
    scene = Scene(100)
    scene.tick()
    gone = {member for member in scene.members if member.number not in scene.numbers}
    before = len(scene.looked)
    scene.members -= gone
    for _ in range(4):
        scene.tick()
    assert len(scene.looked) == before


def test_who_comes_is_looked_at_in_the_next_round() -> None:
    scene = Scene(4)
    scene.tick()
    scene.members.add(Member(99, scene))
    for _ in range(6):
        scene.tick()
    assert 99 in scene.numbers


def test_what_follows_later_is_as_of_the_tick() -> None:
    """After a standstill no tick comes until what has come is read; what still goes on must not take the present for
    the time by which that was to be here."""
    scene = Scene(100)
    scene.rounds.sweep(100.0)
    scene.now += 3600
    scene.later.pop()[1]()
    assert {now for _, now in scene.looked} == {100.0}
    assert len(scene.looked) == 6
