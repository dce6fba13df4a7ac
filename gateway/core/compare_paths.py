"""Which rules hold at which value: the JSONPaths of all rules as one machine that goes along while two documents are
walked through, so that a path costs the same whether the document is small or large.

A position is a path and how many of its segments have matched; a state is all positions that a value is at. It must
not know what the rules do.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment, JSONPathSegment
from jsonpath_rfc9535.selectors import (
    FilterSelector,
    IndexSelector,
    JSONPathSelector,
    NameSelector,
    SliceSelector,
    WildcardSelector,
)

from gateway.core.compare_filters import ENVIRONMENT, Filter
from gateway.core.compare_limits import Effort

MOST_STATES = 1000
"""A handful is usual."""


class Way(NamedTuple):
    """How a value is compared in a way of its own: exact, argmax, set, cosine (`least` similarity) or text."""

    name: str
    least: float = 0.0


class Segment(NamedTuple):
    """One step of a path; with `descends` it may be any number of levels further down."""

    names: frozenset[str]
    places: tuple[int | slice, ...]
    filters: tuple[Filter, ...]
    is_wild: bool
    descends: bool


class Path(NamedTuple):
    """A rule's JSONPath, and what holds where it leads."""

    segments: tuple[Segment, ...]
    ignored: bool = False
    unordered: bool = False
    way: Way | None = None


Positions = frozenset[tuple[int, int]]
"""Each a path's number, and how many of its segments have matched."""


class State:
    """What the rules say of one value, and where they lead from there."""

    __slots__ = (
        "_item",
        "_machine",
        "_names",
        "_rest",
        "asks_places",
        "asks_values",
        "below",
        "ignored",
        "pending",
        "positions",
        "segments",
        "unordered",
        "way",
    )

    def __init__(self, machine: "Paths", positions: Positions) -> None:
        self.positions = positions
        self.pending = [each for each in sorted(positions) if each[1] < len(machine.paths[each[0]].segments)]
        """The positions that lead further."""
        self.segments = [machine.paths[path].segments[matched] for path, matched in self.pending]
        self.asks_values = any(segment.filters for segment in self.segments)
        self.asks_places = any(segment.places for segment in self.segments)
        reached = [machine.paths[path] for path, _ in sorted(positions - set(self.pending))]
        self.ignored = any(path.ignored for path in reached)
        self.unordered = any(path.unordered for path in reached)
        self.way = next((path.way for path in reached if path.way is not None), None)
        self.below: State | None = None
        """What holds for everything below, where no rule leads further."""
        if not self.pending:
            self.below = machine.nothing if positions else self
        self._machine = machine
        self._names: dict[str, State] = {}
        self._rest: State | None = None
        self._item: State | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether no rule holds here or below."""
        return not self.positions

    @property
    def has_ways(self) -> bool:
        """Whether a value below may be compared in a way of its own."""
        return any(self._machine.paths[path].way is not None for path, _ in self.pending)

    def member(self, name: str) -> "State":
        """That of an object's member, filters aside."""
        if self._rest is None:
            self._rest = self.after(())
            for each in {name for segment in self.segments for name in segment.names}:
                chosen = (number for number, segment in enumerate(self.segments) if each in segment.names)
                self._names[each] = self.after(chosen)
        return self._names.get(name, self._rest)

    def item(self) -> "State":
        """That of a list's item; indexes, slices and filters aside."""
        if self._item is None:
            self._item = self.after(())
        return self._item

    def after(self, chosen: Iterable[int]) -> "State":
        """That of a member or item which these of the segments select, by their numbers, and all wildcards."""
        numbers = set(chosen)
        positions: set[tuple[int, int]] = set()
        for number, ((path, matched), segment) in enumerate(zip(self.pending, self.segments, strict=True)):
            if segment.is_wild or number in numbers:
                positions.add((path, matched + 1))
            if segment.descends:
                positions.add((path, matched))
        return self._machine.state(frozenset(positions))

    def __or__(self, other: "State") -> "State":
        """That of a pair of values, where either's rules hold."""
        return self if other is self else self._machine.state(self.positions | other.positions)


class Paths:
    """All paths of one shadow's rules. About `most` states are kept from one pair to the next."""

    __slots__ = ("_most", "_states", "nothing", "paths")

    def __init__(self, paths: Sequence[Path], *, most: int = MOST_STATES) -> None:
        self.paths = tuple(paths)
        self._most = most
        self._states: dict[Positions, State] = {}
        self.nothing = self.state(frozenset())
        """Where no rule holds and none leads any further."""

    @property
    def kept(self) -> int:
        """How many states are kept."""
        return len(self._states)

    def start(self) -> State:
        """That of a whole document."""
        if len(self._states) > self._most:
            self._states = {frozenset(): self.nothing}
        return self.state(frozenset((number, 0) for number in range(len(self.paths))))

    def state(self, positions: Positions) -> State:
        """The one of these positions."""
        found = self._states.get(positions)
        if found is None:
            found = self._states[positions] = State(self, positions)
        return found


class Same(Sequence[State]):
    """One state for all items of a list."""

    __slots__ = ("_length", "state")

    def __init__(self, state: State, length: int) -> None:
        self.state = state
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[State]:
        return repeat(self.state, self._length)

    def __getitem__(self, index: Any) -> Any:
        return self.state


class View:
    """One document as the rules see it: filters look at its values, indexes count from its own ends."""

    __slots__ = ("_effort", "_root")

    def __init__(self, root: object, effort: Effort) -> None:
        self._root = root
        self._effort = effort

    def member(self, state: State, name: str, value: object) -> State:
        """What holds for one member of an object."""
        if not state.asks_values:
            return state.member(name)
        return state.after(
            number
            for number, segment in enumerate(state.segments)
            if name in segment.names or self._passes(segment, value)
        )

    def items(self, state: State, values: Sequence[object], *, in_order: bool = True) -> Sequence[State]:
        """What holds for each item of a list. Where the order makes no difference, indexes and slices select none."""
        if not (state.asks_values or state.asks_places):
            return Same(state.item(), len(values))
        chosen: dict[int, list[int]] = {}
        for number, segment in enumerate(state.segments):
            for index in self._chosen(segment, values, in_order=in_order):
                chosen.setdefault(index, []).append(number)
        if not chosen:
            return Same(state.item(), len(values))
        return [state.after(chosen[index]) if index in chosen else state.item() for index in range(len(values))]

    def _chosen(self, segment: Segment, values: Sequence[object], *, in_order: bool) -> Iterator[int]:
        if segment.filters:
            yield from (index for index, value in enumerate(values) if self._passes(segment, value))
        if in_order:
            everywhere = range(len(values))
            for place in segment.places:
                yield from everywhere[place] if isinstance(place, slice) else _at(everywhere, place)

    def _passes(self, segment: Segment, value: object) -> bool:
        return any(each.passes(value, self._root, self._effort) for each in segment.filters)


def _at(indexes: range, place: int) -> tuple[int, ...]:
    return (indexes[place],) if -len(indexes) <= place < len(indexes) else ()


def segments(path: str) -> tuple[Segment, ...]:
    """The segments of a JSONPath; the library's `JSONPathError` where it is none."""
    return tuple(_segment(each) for each in ENVIRONMENT.compile(path).segments)


def _segment(segment: JSONPathSegment) -> Segment:
    selectors = segment.selectors
    return Segment(
        names=frozenset(each.name for each in selectors if isinstance(each, NameSelector)),
        places=tuple(place for each in selectors for place in _places(each)),
        filters=tuple(Filter(each.expression) for each in selectors if isinstance(each, FilterSelector)),
        is_wild=any(isinstance(each, WildcardSelector) for each in selectors),
        descends=isinstance(segment, JSONPathRecursiveDescentSegment),
    )


def _places(selector: JSONPathSelector) -> tuple[int | slice, ...]:
    if isinstance(selector, IndexSelector):
        return (selector.index,)
    # RFC 9535: a slice of step 0 selects nothing.
    return (selector.slice,) if isinstance(selector, SliceSelector) and selector.slice.step != 0 else ()
