"""What the callers saw, counted. Pure: it knows no clock, socket or terminal."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

RECENT = 2000
"""Latencies kept for each variant: the quantiles are of the latest calls."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One answered call: who asked, which variant answered, how long it took, and whether the digit was right."""

    user: str
    gold: bool
    variant: str
    seconds: float
    correct: bool


@dataclass(slots=True)
class Count:
    """All calls that one variant answered."""

    split: int = 0
    gold: int = 0
    correct: int = 0
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))

    @property
    def calls(self) -> int:
        """From everyone."""
        return self.split + self.gold

    @property
    def accuracy(self) -> float | None:
        """The fraction of right answers; None without any."""
        return self.correct / self.calls if self.calls else None


class Tally:
    """The counts of all variants, and who was answered by which."""

    def __init__(self, variants: Sequence[str]) -> None:
        self.counts = {name: Count() for name in variants}
        self.failures: dict[str, int] = {}
        """By what was wrong."""
        self.returning: set[str] = set()
        """Users who called more than once."""
        self.moved: set[str] = set()
        """Those of them who were not always answered by the same variant."""
        self._variant_of: dict[str, str] = {}

    def add(self, outcome: Outcome) -> None:
        """Count an answer."""
        count = self.counts[outcome.variant]
        count.gold += outcome.gold
        count.split += not outcome.gold
        count.correct += outcome.correct
        count.latencies.append(outcome.seconds)
        self._remember(outcome)

    def fail(self, why: str) -> None:
        """Count a call without a usable answer."""
        self.failures[why] = self.failures.get(why, 0) + 1

    def _remember(self, outcome: Outcome) -> None:
        first = self._variant_of.get(outcome.user)
        if first is None:
            self._variant_of[outcome.user] = outcome.variant
            return
        self.returning.add(outcome.user)
        if first != outcome.variant:
            self.moved.add(outcome.user)

    @property
    def calls(self) -> int:
        """All answered calls."""
        return sum(count.calls for count in self.counts.values())

    def split_share(self, variant: str) -> float:
        """The fraction of the calls under the route's split (gold callers left out) that it answered."""
        return self.counts[variant].split / (sum(count.split for count in self.counts.values()) or 1)

    def gold_share(self, variant: str) -> float:
        """The fraction of gold callers' calls that it answered."""
        return self.counts[variant].gold / (sum(count.gold for count in self.counts.values()) or 1)


def quantile(values: Sequence[float], fraction: float) -> float | None:
    """The smallest value that at least `fraction` of them do not exceed; None of none."""
    ordered = sorted(values)
    return ordered[max(ceil(fraction * len(ordered)) - 1, 0)] if ordered else None
