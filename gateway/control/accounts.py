"""Accounts: what the workers counted of each shadow, read off the board.

It decides which series make up which number, and that the numbers of one reading agree: what is sampled and not yet
anything else is pending. It must not know periods; a number here is of the whole run.
"""

from collections.abc import Iterator, Mapping

from gateway.core.metrics import parse_key
from gateway.core.periods import Pair
from gateway.links.board import Board, Entry

Numbers = dict[str, int]
"""By name: REQUESTS, SAMPLED, MATCHED, MISMATCHED, and by name and reason: `ignored:REASON`, `errors:REASON`,
`dropped:REASON`."""

REQUESTS, SAMPLED, MATCHED, MISMATCHED = "requests", "sampled", "matched", "mismatched"
IGNORED, ERRORS, DROPPED = "ignored", "errors", "dropped"
LOST = f"{DROPPED}:lost"

_COUNTED = {"shadow_requests": REQUESTS, "shadow_sampled": SAMPLED}
_BY_REASON = {"shadow_ignored": IGNORED, "shadow_errors": ERRORS, "gateway_shadow_dropped_total": DROPPED}
_COMPARED = "gateway_shadow_comparisons_total"

Cells = dict[str, list[tuple["memoryview[int]", int]]]


class Accounts:
    """All pairs. `board` is a view of the reader's own."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._seen = [0] * board.slots
        self._cells: dict[Pair, Cells] = {}

    def read(self) -> None:
        """Take up the series that came since the last time."""
        for number, seen in enumerate(self._seen):
            values, entries = self._board.names(number, seen)
            self._seen[number] += len(entries)
            for entry in entries:
                self._adopt(values, entry)

    def numbers(self, pair: Pair) -> Numbers:
        """As they are now. SAMPLED is read last, so it is never less than what came of it."""
        cells = self._cells.get(pair, {})
        numbers = {name: _sum(runs) for name, runs in cells.items() if name != SAMPLED}
        return numbers | {SAMPLED: _sum(cells.get(SAMPLED, []))}

    def _adopt(self, values: "memoryview[int]", entry: Entry) -> None:
        if not entry.key.startswith((b'["shadow_', b'["gateway_shadow_')):
            return
        series, labels = parse_key(entry.key)
        route, variant, *more = labels
        name = _name(series, more)
        if name:
            cells = self._cells.setdefault((route, variant), {})
            cells.setdefault(name, []).append((values, entry.first))


def _name(series: str, more: list[str]) -> str:
    """Empty for what is no number of its own."""
    if series == _COMPARED:
        return more[0] if more[0] in (MATCHED, MISMATCHED) else ""
    if series in _BY_REASON:
        return f"{_BY_REASON[series]}:{more[0]}"
    return _COUNTED.get(series, "")


def _sum(runs: list[tuple["memoryview[int]", int]]) -> int:
    return sum(values[first] for values, first in runs)


def added(left: Numbers, right: Mapping[str, int]) -> Numbers:
    """Both together."""
    return {name: left.get(name, 0) + right.get(name, 0) for name in {**left, **right}}


def since(numbers: Numbers, base: Mapping[str, int]) -> Numbers:
    """What came after the numbers stood at `base`."""
    return {name: count - base.get(name, 0) for name, count in numbers.items() if count != base.get(name, 0)}


def closed(numbers: Numbers) -> int:
    """The sampled requests of which it is known what came of them."""
    return sum(count for name, count in numbers.items() if name not in (REQUESTS, SAMPLED))


def pending(numbers: Numbers) -> int:
    """Those of which it is not known yet."""
    return numbers.get(SAMPLED, 0) - closed(numbers)


def settled(numbers: Numbers) -> Numbers:
    """Without those that are pending: they belong to what comes after."""
    return numbers | {SAMPLED: closed(numbers)}


def ended(numbers: Numbers) -> Numbers:
    """Of a run that is over: what is pending then is lost."""
    left = pending(numbers)
    return numbers | {LOST: numbers.get(LOST, 0) + left} if left else numbers


def by_reason(numbers: Mapping[str, int], kind: str) -> dict[str, int]:
    """The numbers of IGNORED, ERRORS or DROPPED, by reason."""
    return dict(sorted(_reasons(numbers, kind)))


def _reasons(numbers: Mapping[str, int], kind: str) -> Iterator[tuple[str, int]]:
    for name, count in numbers.items():
        found, _, reason = name.partition(":")
        if found == kind and reason and count:
            yield reason, count
