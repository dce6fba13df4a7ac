"""Reading the board: the numbers of all processes that the status is made of, added up.

It decides which series make up which number. It must not know rates, nor what is in force: the numbers of what is gone
stay.
"""

from array import array
from collections.abc import Sequence
from typing import NamedTuple

from gateway.core.endpoints import SIZE, together
from gateway.core.metrics import DURATION_BUCKETS, parse_key
from gateway.links.board import Board, Entry

Cells = list[tuple["memoryview[int]", int]]

FAILURES = {"error", "timeout", "connect"}
UNJUDGED = {"cancelled"}
"""Attempts that a client left say nothing of their variant."""
_PREFIXES = (b'["gateway_', b'["endpoint"')
_BUCKETS = len(DURATION_BUCKETS) + 1


class Numbers:
    """Numbers of one kind, by name. Each has a place, which stays its own."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self._cells: list[Cells] = []

    def add(self, name: str, values: "memoryview[int]", first: int) -> None:
        """One more cell that counts for that name."""
        place = self.places.get(name)
        if place is None:
            place = len(self._cells)
            self._cells.append([])  # first, since another thread may look for what `places` has
            self.places[name] = place
        self._cells[place].append((values, first))

    def totals(self) -> "array[int]":
        """The sums, by place."""
        return array("q", [sum([values[at] for values, at in cells]) for cells in self._cells])

    def total(self, name: str) -> int:
        """One of them."""
        place = self.places.get(name)
        return 0 if place is None else sum(values[at] for values, at in self._cells[place])

    def histogram(self, name: str) -> "array[int] | None":
        """The sum of the runs of buckets that begin there."""
        place = self.places.get(name)
        return None if place is None else _added(self._cells[place])

    def histograms(self, known: Sequence["array[int]"]) -> list["array[int]"]:
        """All of them, by place; those of `known` that have not changed are the same objects, since there are many."""
        return [
            _unless_same(known[place] if place < len(known) else None, _added(cells))
            for place, cells in enumerate(self._cells)
        ]


def _added(cells: Cells) -> "array[int]":
    runs = [values[first : first + _BUCKETS].tolist() for values, first in cells]
    return array("q", map(sum, zip(*runs, strict=True)) if len(runs) > 1 else runs[0])


def _unless_same(known: "array[int] | None", found: "array[int]") -> "array[int]":
    return known if known == found else found


class Reading(NamedTuple):
    """The numbers that rates are made of, at one time."""

    ended: "array[int]"
    """Attempts, by variant."""
    failed: "array[int]"
    requests: "array[int]"
    """By route."""


class Gauges:
    """All numbers the status needs. `board` is a view of the reader's own."""

    def __init__(self, board: Board) -> None:
        self.in_flight = Numbers()
        self.ended = Numbers()
        self.failed = Numbers()
        self.durations = Numbers()
        self.requests = Numbers()
        self._endpoints: dict[tuple[str, ...], Cells] = {}
        self._board = board
        self._seen = [0] * board.slots

    def refresh(self) -> None:
        """Take up the names that came since the last time."""
        for number, seen in enumerate(self._seen):
            values, entries = self._board.names(number, seen)
            self._seen[number] += len(entries)
            for entry in entries:
                self._adopt(values, entry)

    def reading(self) -> Reading:
        """As it is now."""
        return Reading(self.ended.totals(), self.failed.totals(), self.requests.totals())

    def endpoint(self, variant: str, url: str) -> tuple[bool, int]:
        """Whether it is available, and its requests in flight: now, and by what the workers say."""
        return together(values[at : at + SIZE] for values, at in self._endpoints.get((variant, url), ()))

    def _adopt(self, values: "memoryview[int]", entry: Entry) -> None:
        if not entry.key.startswith(_PREFIXES):
            return
        match parse_key(entry.key):
            case "endpoint", place:
                self._endpoints.setdefault(place, []).append((values, entry.first))
            case "gateway_in_flight_requests", (variant,):
                self.in_flight.add(variant, values, entry.first)
            case "gateway_upstream_duration_seconds", (variant,):
                self.durations.add(variant, values, entry.first)
            case "gateway_requests_total", (route, *_):
                self.requests.add(route, values, entry.first)
            case "gateway_attempts_total", (variant, outcome) if outcome not in UNJUDGED:
                self.ended.add(variant, values, entry.first)
                if outcome in FAILURES:
                    self.failed.add(variant, values, entry.first)
