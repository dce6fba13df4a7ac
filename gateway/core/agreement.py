"""Agreement: how workers come to hold one state of a breaker without asking anyone.

Each change of state makes a new generation and is written by the worker that made it, into its own cells, as one
number: the word. The greatest word of all workers is the state in force; whoever sees it adopts it. Views may be late
or repeated: a word only ever grows, so an old one changes nothing. When two workers make the same generation at once,
the more careful state wins (open above half_open above closed), then the lower slot; the other change is not told of.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gateway.core.breaker_cells import MADE, ROW, SINCE, UNTIL, Shared, Slot

_STATE_BITS = 2
"""Of a word; the generation stands above them."""


class Standing(NamedTuple):
    """A state with what belongs to it; times in milliseconds."""

    word: int
    since: int
    until: int
    """When an open breaker turns half_open."""
    row: int
    """Trips in a row."""


def word(generation: int, state: int) -> int:
    """The number of that state in that generation."""
    return generation << _STATE_BITS | state


def generation(word: int) -> int:
    """How many changes of state there had been."""
    return word >> _STATE_BITS


def state(word: int) -> int:
    """0 closed, 1 half_open, 2 open."""
    return word & (1 << _STATE_BITS) - 1


class Agreement:
    """One worker's part in it."""

    __slots__ = ("_cells", "in_force")

    def __init__(self, cells: Shared) -> None:
        self._cells = cells
        self.in_force = self._look()

    def adopt(self) -> bool:
        """Take over what is in force; whether that is another state than before."""
        known = self.in_force.word
        for slot in self._cells.slots:
            if slot.state[MADE] > known:
                self.in_force = self._look()
                return True
        return False

    def make(self, state: int, *, since: int, until: int, row: int) -> int:
        """Publish a change that this worker makes; its word. What others go by is written last."""
        made = word(generation(self.in_force.word) + 1, state)
        cells = self._cells.own.state
        cells[SINCE], cells[UNTIL], cells[ROW] = since, until, row
        cells[MADE] = made
        self._cells.changes[0] += 1
        return made

    def was_first(self, made: int) -> bool:
        """Whether this worker is the one to tell of its change, and not one that made the same generation at once."""
        own = made, -self._cells.own.number
        others = (other for other in self._cells.slots if generation(other.state[MADE]) == generation(made))
        return all(_rank(other) <= own for other in others)

    def _look(self) -> Standing:
        cells = max(self._cells.slots, key=_rank).state
        return Standing(cells[MADE], cells[SINCE], cells[UNTIL], cells[ROW])


class Found(NamedTuple):
    """The state in force, as somebody sees it who is no worker; times in milliseconds of the monotonic clock."""

    word: int
    state: int
    since: int
    until: int


def newest(states: Mapping[int, Sequence[int]]) -> Found | None:
    """The state in force, of the state cells of each worker by its number; None where no worker has any."""
    if not states:
        return None
    cells = max(states.items(), key=lambda each: (each[1][MADE], -each[0]))[1]
    return Found(cells[MADE], state(cells[MADE]), cells[SINCE], cells[UNTIL])


def _rank(slot: Slot) -> tuple[int, int]:
    return slot.state[MADE], -slot.number
