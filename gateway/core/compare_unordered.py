"""Lists whose order makes no difference: as many items as possible are paired, each with one that it equals; what is
left over differs. With a tolerance the pairs are a largest matching of a bipartite graph, so that a wider tolerance
never leaves more items over.

Items are sorted into shapes first, and only tried with those of their own whose first number is close: the cost stays
near that of sorting, and is bounded where it cannot.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import ne
from typing import NamedTuple

from gateway.core.compare_items import Items
from gateway.core.compare_keys import NUMBER, Keys, Shapes
from gateway.core.compare_limits import Effort, measure
from gateway.core.compare_matching import Edges, matching
from gateway.core.compare_numbers import Number, Tolerance
from gateway.core.compare_paths import State, View
from gateway.core.compare_sorted import NONE_LEFT, Left, are_numbers, strangers, unpaired

_OWN_KEYS = frozenset({str, int, float, type(None)})
"""Values whose keys are themselves, NaN aside."""


class Item(NamedTuple):
    """One item among those of its shape: `number` says which of its side's."""

    number: int
    value: object
    state: State
    numbers: tuple[Number, ...]


class Shape(NamedTuple):
    """The items of one shape."""

    is_number: bool
    """Whether each item is a number itself."""
    live: list[Item]
    shadow: list[Item]

    def numbers(self) -> tuple[list[Number], list[Number]]:
        """Where they are numbers: which."""
        return [item.numbers[0] for item in self.live], [item.numbers[0] for item in self.shadow]

    def left(self, left: Left) -> Left:
        """Of numbers left over, which items they are."""
        return Left([self.live[at].number for at in left.live], [self.shadow[at].number for at in left.shadow])

    def without(self, live: set[int], shadow: set[int]) -> Left:
        """All items but these, which have partners."""
        return Left(
            [item.number for item in self.live if item.number not in live],
            [item.number for item in self.shadow if item.number not in shadow],
        )


@dataclass(frozen=True, slots=True)
class Pairing:
    """How items are tried with each other."""

    live: View
    shadow: View
    tolerance: Tolerance
    is_text: bool
    effort: Effort
    equal: Callable[[object, object, State], bool]

    def multisets(self, live: Items, shadow: Items) -> Left:
        """What is left over when each item has at most one partner."""
        left, right = keys(self.live, live), keys(self.shadow, shadow)
        if are_same(left, right):
            return NONE_LEFT
        if self._is_exact(live) and self._is_exact(shadow):
            return Left(_surplus(left, right), _surplus(right, left))
        if self.tolerance.is_convex and are_numbers(live.values) and are_numbers(shadow.values):
            return unpaired(live.values, shadow.values, self.tolerance)
        return _together(map(self._unpaired, self._shapes(live, shadow)))

    def sets(self, live: Items, shadow: Items) -> Left:
        """What nothing on the other side equals."""
        if set(keys(self.live, live)) == set(keys(self.shadow, shadow)):
            return NONE_LEFT
        if self.tolerance.is_convex and are_numbers(live.values) and are_numbers(shadow.values):
            return strangers(live.values, shadow.values, self.tolerance)
        return _together(map(self._strangers, self._shapes(live, shadow)))

    def _is_exact(self, items: Items) -> bool:
        """Whether two items are equal only where their keys are."""
        has_ways = any(state.way is not None or state.has_ways for state in set(items.states))
        return self.tolerance.is_zero and not self.is_text and not has_ways

    def _shapes(self, live: Items, shadow: Items) -> Iterable[Shape]:
        self.effort.pair(len(live.values) + len(shadow.values))
        shapes: dict[Hashable, Shape] = {}
        for key, item in self._items(self.live, live):
            shapes.setdefault(key, Shape(key is NUMBER, [], [])).live.append(item)
        for key, item in self._items(self.shadow, shadow):
            shapes.setdefault(key, Shape(key is NUMBER, [], [])).shadow.append(item)
        return shapes.values()

    def _items(self, view: View, items: Items) -> Iterator[tuple[Hashable, Item]]:
        for number, (value, state) in enumerate(zip(items.values, items.states, strict=True)):
            shapes = Shapes(view, is_text=self.is_text)
            yield shapes.of(value, state), Item(number, value, state, tuple(shapes.numbers))

    def _unpaired(self, shape: Shape) -> Left:
        if shape.is_number and self.tolerance.is_convex:
            return shape.left(unpaired(*shape.numbers(), self.tolerance))
        pairs = matching(self._edges(shape))
        return shape.without(set(pairs), set(pairs.values()))

    def _strangers(self, shape: Shape) -> Left:
        if shape.is_number and self.tolerance.is_convex:
            return shape.left(strangers(*shape.numbers(), self.tolerance))
        edges = self._edges(shape)
        live = {number for number, partners in edges.items() if partners}
        return shape.without(live, {number for partners in edges.values() for number in partners})

    def _edges(self, shape: Shape) -> Edges:
        """Which items equal which."""
        is_sorted = self.tolerance.is_convex and bool(shape.live and shape.live[0].numbers)
        others = sorted(shape.shadow, key=_first) if is_sorted else shape.shadow
        firsts = [other.numbers[0] for other in others] if is_sorted else []
        edges: Edges = {}
        for item in shape.live:
            candidates = self._candidates(item, others, firsts) if is_sorted else others
            edges[item.number] = [each.number for each in candidates if self._is_equal(item, each)]
        return edges

    def _candidates(self, item: Item, others: list[Item], firsts: list[Number]) -> list[Item]:
        """The others whose first number is close to the item's; they stand together."""
        number = item.numbers[0]
        start = end = bisect_left(firsts, number)
        while start > 0 and self.tolerance.close(number, firsts[start - 1]):
            start -= 1
        while end < len(firsts) and self.tolerance.close(number, firsts[end]):
            end += 1
        return others[start:end]

    def _is_equal(self, live: Item, shadow: Item) -> bool:
        self.effort.pair(5 + measure(live.value))
        return self.equal(live.value, shadow.value, live.state | shadow.state)


def keys(view: View, items: Items) -> Sequence[Hashable]:
    """The key of each item."""
    if {*map(type, items.values)} <= _OWN_KEYS and not any(map(ne, items.values, items.values)):
        return items.values
    made = Keys(view)
    return [made.of(value, state) for value, state in zip(items.values, items.states, strict=True)]


def are_same(mine: Sequence[Hashable], others: Sequence[Hashable]) -> bool:
    """Whether two lists hold the same keys, each as often."""
    # As plain mappings: those are compared much faster than two Counters.
    return len(mine) == len(others) and dict(Counter(mine)) == dict(Counter(others))


def _surplus(mine: Sequence[Hashable], others: Sequence[Hashable]) -> list[int]:
    """Which of the keys are more than the others have of them."""
    wanted = Counter(others)
    wanted.subtract(mine)
    surplus = []
    for number in reversed(range(len(mine))):
        if wanted[mine[number]] < 0:
            wanted[mine[number]] += 1
            surplus.append(number)
    return surplus[::-1]


def _first(item: Item) -> Number:
    return item.numbers[0]


def _together(parts: Iterable[Left]) -> Left:
    left = Left([], [])
    for part in parts:
        left.live.extend(part.live)
        left.shadow.extend(part.shadow)
    return Left(sorted(left.live), sorted(left.shadow))
