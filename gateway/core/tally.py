"""What is counted of the pairs that a shadow's replies make with the live ones, and what goes to control.

It counts and adds up. How replies are judged, and what the counts mean, it must not know.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypedDict

from gateway.core.copies import Asked, Observation
from gateway.core.excess import Seen
from gateway.core.judgement import Difference, Judgement
from gateway.core.metrics import DURATION_BUCKETS

MOST_PATHS = 1000
"""Paths with counts of their own; what differs elsewhere is counted under OTHERS."""
LONGEST_PATH = 500
"""In characters; longer ones are counted under OTHERS too: a path is made of what models name their fields."""
Place = tuple[str, str]
"""A folded path, and the kind of difference there."""
OTHERS: Place = ("(others)", "any")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One pair that differs, whole. Secrets are left out of what was asked already."""

    request_id: str
    time: float
    """When the request began, as seconds since 1970."""
    live_variant: str
    live_version: str
    shadow_variant: str
    shadow_version: str
    revision: int
    serial: int
    asked: Asked
    live: Observation
    shadow: Observation
    differences: tuple[Difference, ...]


class TallyData(TypedDict):
    """A tally as JSON has it."""

    matched: int
    mismatched: int
    cells: list[int]
    places: list[tuple[str, str, int, int]]
    live: list[int]
    shadow: list[int]


def _histogram() -> list[int]:
    return [0] * (len(DURATION_BUCKETS) + 1)


@dataclass(slots=True)
class Tally:
    """Counts of one shadow. Ignored pairs are in the durations only."""

    matched: int = 0
    mismatched: int = 0
    cells: list[int] = field(default_factory=lambda: [0] * 4)
    """Of the pairs whose live variant was asked again: all the same, noise alone, mismatch alone, both."""
    places: dict[Place, list[int]] = field(default_factory=dict)
    """Pairs that differ there: of shadow and live, and of live and live again."""
    live: list[int] = field(default_factory=_histogram)
    """How long the live replies took, by DURATION_BUCKETS."""
    shadow: list[int] = field(default_factory=_histogram)

    @property
    def compared(self) -> Seen:
        """The pairs of shadow and live."""
        return Seen(self.matched + self.mismatched, self.mismatched)

    @property
    def noise(self) -> Seen:
        """The pairs of live and live again."""
        return Seen(sum(self.cells), self.cells[1] + self.cells[3])

    def add(self, judgement: Judgement, live_seconds: float, shadow_seconds: float) -> None:
        """One more pair."""
        self.live[bisect_left(DURATION_BUCKETS, live_seconds)] += 1
        self.shadow[bisect_left(DURATION_BUCKETS, shadow_seconds)] += 1
        if judgement.outcome == "matched":
            self.matched += 1
        elif judgement.outcome == "mismatched":
            self.mismatched += 1
            self._count(judgement.folded, 0)

    def add_noise(self, noise: Judgement, shadow: Judgement) -> None:
        """The live variant was asked again; `shadow` is what was found of the same request before. Where either was
        ignored nothing is counted: noise is that of the pairs that are compared."""
        if noise.outcome == "ignored" or shadow.outcome == "ignored":
            return
        differs = noise.outcome == "mismatched"
        self.cells[2 * (shadow.outcome == "mismatched") + differs] += 1
        if differs:
            self._count(noise.folded, 1)

    def _count(self, places: Collection[Place], column: int) -> None:
        known = self.places
        others = False
        for place in places:
            counts = known.get(place) or self._open(place)
            if counts is None:
                others = True
            else:
                counts[column] += 1
        if others:
            known.setdefault(OTHERS, [0, 0])[column] += 1

    def _open(self, place: Place) -> list[int] | None:
        """Counts of its own for a place that has none yet; None where there is no room."""
        if len(place[0]) > LONGEST_PATH or len(self.places) - (OTHERS in self.places) >= MOST_PATHS:
            return None
        return self.places.setdefault(place, [0, 0])

    def merge(self, other: "Tally") -> None:
        """Adds what another counted."""
        self.matched += other.matched
        self.mismatched += other.mismatched
        for own, its in ((self.cells, other.cells), (self.live, other.live), (self.shadow, other.shadow)):
            own[:] = map(sum, zip(own, its, strict=True))
        self._merge_places(other.places.items())

    def _merge_places(self, items: Iterable[tuple[Place, Sequence[int]]]) -> None:
        """How many pairs differ in several of the places that become others is not known: each counts for itself, but
        never more than there are."""
        most = self.mismatched, self.cells[1] + self.cells[3]
        for place, counts in items:
            own = self.places.get(place) or self._open(place) or self.places.setdefault(OTHERS, [0, 0])
            own[:] = (min(a + b, limit) for a, b, limit in zip(own, counts, most, strict=True))

    def data(self) -> TallyData:
        """As JSON has it."""
        places = [(path, kind, differing, noisy) for (path, kind), (differing, noisy) in self.places.items()]
        return TallyData(
            matched=self.matched,
            mismatched=self.mismatched,
            cells=list(self.cells),
            places=places,
            live=list(self.live),
            shadow=list(self.shadow),
        )

    @classmethod
    def of(cls, data: TallyData) -> "Tally":
        """Back from what `data` made."""
        places = {(path, kind): [differing, noisy] for path, kind, differing, noisy in data["places"]}
        return cls(
            matched=data["matched"],
            mismatched=data["mismatched"],
            cells=list(data["cells"]),
            places=places,
            live=list(data["live"]),
            shadow=list(data["shadow"]),
        )


Shadowed = tuple[str, str, int]
"""A route, its shadow's variant, and the period in which pairs were compared."""


class Present(NamedTuple):
    """The period of a pair that is present, as control tells the shadow process."""

    period: int
    noise_pairs: int = 0
    """How many there are, those from a shadow process before this one among them."""


class Batch(NamedTuple):
    """What the shadow process tells control at a time. A batch that comes again has the same instance and number."""

    instance: str
    number: int
    tallies: dict[Shadowed, Tally]
    mismatches: list[tuple[str, str, int, Mismatch]]
    """Each with route, variant and period."""
