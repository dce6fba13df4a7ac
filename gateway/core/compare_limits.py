"""What is too much to be compared, and the word that says so: hostile or strange replies cost no more than this.

Each bound is on one reply alone wherever that is possible, so that whether a pair is ignored does not hang on whether
it differs.
"""

from collections.abc import Iterable
from typing import Final, Literal, get_args

Why = Literal["coding", "large_text", "too_deep", "too_wide", "long_number", "unordered", "filter"]
"""Why a pair is ignored. `coding`: a content coding that is not gzip or deflate, or not what it says, or more than
16 MiB behind it; `large_text`: more than that without one; `too_deep`: more than 100 levels; `too_wide`: too many
values; `long_number`: an integer of more than 4,300 digits; `unordered`: too many ways to pair the items of unordered
lists; `filter`: too much to look at for the filters of JSONPaths."""

REASONS: Final[tuple[str, ...]] = get_args(Why)

LARGEST_TEXT = 16 << 20
MOST_LEVELS = 100
MOST_VALUES = 1_000_000
OF_A_CONTAINER = 10
"""As many values an object or a list counts for, as it costs."""


class IncomparableError(Exception):
    """The pair is ignored; `why` is a fixed word."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


class Effort:
    """What the comparison of one pair may still spend on what does not end by itself."""

    __slots__ = ("_filter", "_order", "_unordered")

    def __init__(self) -> None:
        self._unordered = 250_000
        self._filter = 100_000
        self._order = 50_000

    def pair(self, cost: int) -> None:
        """Two items of that size are tried with each other."""
        self._unordered -= cost
        if self._unordered < 0:
            raise IncomparableError("unordered")

    def filter(self, cost: int) -> None:
        """So many values are looked at for a filter."""
        self._filter -= cost
        if self._filter < 0:
            raise IncomparableError("filter")

    def order(self, live: object, shadow: object) -> bool:
        """Whether two lists may be looked through, to say that nothing but their order differs."""
        if self._order > 0:
            self._order -= measure(live) + measure(shadow)
        return self._order > 0


class Tensor(list[object]):
    """A tensor's content, flat; `width` is the length of its last axis, `is_binary` where it did not come as JSON."""

    __slots__ = ("is_binary", "width")

    def __init__(self, content: Iterable[object], width: int, *, is_binary: bool) -> None:
        super().__init__(content)
        self.width = width
        self.is_binary = is_binary


CONTAINERS = frozenset({dict, list, Tensor})
SCALARS = frozenset({str, int, float, bool, type(None)})


def is_small(text: bytes, *, is_json: bool) -> bool:
    """Whether a text is within the bounds without a closer look. JSON holds a value more than it has commas, for each
    container; anything else no more values than bytes."""
    containers = text.count(b"[") + text.count(b"{")
    values = containers + (text.count(b",") if is_json else len(text))
    return containers <= MOST_LEVELS and values + OF_A_CONTAINER * containers <= MOST_VALUES


def measure(value: object) -> int:
    """How much a parsed reply costs to walk through; IncomparableError where that is too much."""
    cost = levels = 0
    level: list[object] = [value] if type(value) in CONTAINERS else []
    while level:
        levels += 1
        if levels > MOST_LEVELS:
            raise IncomparableError("too_deep")
        below: list[object] = []
        for each in level:
            values = each.values() if type(each) is dict else each
            kinds = set(map(type, values))  # type: ignore[call-overload]
            cost += OF_A_CONTAINER + len(values)  # type: ignore[arg-type]
            if not kinds.isdisjoint(CONTAINERS):
                below += [one for one in values if type(one) in CONTAINERS]  # type: ignore[attr-defined]
        if cost > MOST_VALUES:
            raise IncomparableError("too_wide")
        level = below
    return cost
