"""What is compared of a list: its items, without those that are ignored, and what kind they are of.

It compares nothing itself.
"""

from collections.abc import Sequence, Set
from typing import NamedTuple

from gateway.core.compare_limits import SCALARS
from gateway.core.compare_numbers import kinds
from gateway.core.compare_paths import Same, State


class Items(NamedTuple):
    """What is compared of a list: values, what holds for each, and where each stands in the list."""

    values: Sequence[object]
    states: Sequence[State]
    indexes: Sequence[int]

    @property
    def is_free(self) -> bool:
        """Whether no rule holds for an item, or within one."""
        return isinstance(self.states, Same) and self.states.state.is_nothing

    def chosen(self, places: Sequence[int]) -> "Items":
        """Those at these places."""
        return Items(*([each[place] for place in places] for each in self))  # type: ignore[arg-type]

    def by_key(self, key: str) -> dict[object, int] | None:
        """Which item each value of that member belongs to; None where an item has none, or shares it."""
        found: dict[object, int] = {}
        for number, value in enumerate(self.values):
            name = value.get(key) if isinstance(value, dict) else None
            if type(name) not in {str, int} or name in found:
                return None
            found[name] = number
        return found


def kept(values: Sequence[object], states: Sequence[State]) -> Items:
    """A list without what is ignored."""
    if isinstance(states, Same):
        return Items([], [], []) if states.state.ignored else Items(values, states, range(len(values)))
    everything = Items(values, states, range(len(values)))
    return everything.chosen([index for index, state in enumerate(states) if not state.ignored])


def are_plain(live: list[object], shadow: list[object]) -> bool:
    """Whether Python tells the values of two lists apart as JSON does: to Python true equals 1."""
    found = kinds(live, shadow)
    return found <= SCALARS and bool not in found


def flat_kinds(live: Items, shadow: Items) -> Set[type]:
    """The types of two lists that hold scalars alone, all compared as any value; none otherwise."""
    if not isinstance(live.states, Same) or not isinstance(shadow.states, Same):
        return frozenset()
    if live.states.state.way is not None or shadow.states.state.way is not None:
        return frozenset()
    found = kinds(live.values, shadow.values)
    return found if found <= SCALARS else frozenset()
