"""What was measured, as data, and the plain arithmetic over it. It knows neither processes nor pages."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

Rounds = list[float]
"""A figure of each round."""
TOTAL, MORE, ASIDE = "all processes", "more than the first row", "of it control and shadow"
"""The columns of a table of features."""
DIRECT, PASSING = "no proxy", "bytes alone"
"""Columns that are no peers: nothing before the model, and what reads no HTTP."""


@dataclass
class Table:
    """Something measured in some cases (rows) for each contender (columns); less is better everywhere."""

    name: str
    title: str
    text: str
    unit: str
    digits: int = 0
    rows: dict[str, dict[str, Rounds]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    features: bool = False
    """Whether the rows are features of one contender and the columns are those above."""

    def add(self, row: str, contender: str, figure: float) -> None:
        """One round's."""
        self.rows.setdefault(row, {}).setdefault(contender, []).append(figure)

    @property
    def contenders(self) -> list[str]:
        """The columns."""
        return list(dict.fromkeys(name for row in self.rows.values() for name in row))


@dataclass(frozen=True)
class Ratio:
    """How many times one is the other: the middle of the rounds, and the least and most of them."""

    middle: float
    least: float
    most: float


def quantile(values: Sequence[float], share: float) -> float:
    """The least value that so great a share of them does not exceed; not a number where there is none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def middle(rounds: Rounds) -> float:
    """The median."""
    return statistics.median(rounds)


def ratio(ours: Rounds, theirs: Rounds) -> Ratio | None:
    """Round by round, so that a busy moment of the machine counts for both; None where nothing can be divided."""
    pairs = [own / other for own, other in zip(ours, theirs, strict=False) if other > 0]
    return Ratio(middle(pairs), min(pairs), max(pairs)) if pairs else None
