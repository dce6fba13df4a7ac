"""What the callers saw, counted: answers by where the gateway must have counted them, ends, and what was not right."""

import math
from collections import Counter
from typing import NamedTuple

from loadtests.soak.plan import LIVE, SPLIT, USERS

FAULTS_KEPT = 20


class Series(NamedTuple):
    """Where an answer is counted."""

    route: str
    variant: str
    reason: str
    code: str


class Seen:
    """All of it. `wanted` has a byte for each request: the bit of the model that must have answered it well."""

    def __init__(self, size: int) -> None:
        self.sent = 0
        self.sent_by: Counter[str] = Counter()
        self.wanted = bytearray(size)
        self.answers: Counter[Series] = Counter()
        self.broken: Counter[str] = Counter()
        """Answers that broke off though their worker lived, by variant."""
        self.killed = 0
        """Requests whose connection ended with its worker."""
        self.unexplained_ends = 0
        self.left = 0
        """Callers who went before an answer came."""
        self.leavers: list[int] = []
        """Their requests' numbers."""
        self.left_killed = 0
        """Of those, the ones whose worker was killed meanwhile."""
        self.faults: Counter[str] = Counter()
        self.examples: list[str] = []
        self.waits: Counter[int] = Counter()
        self._met: list[str | None] = [None] * USERS
        self.versions: dict[tuple[str, str], str] = {}
        """What an answer of a revision and a variant said its version was."""

    def fault(self, what: str, example: str) -> None:
        """Something that must not be."""
        self.faults[what] += 1
        if len(self.examples) < FAULTS_KEPT:
            self.examples.append(f"{what}: {example}")

    def good(self, number: int, series: Series, user: int | None) -> None:
        """A right answer by a model."""
        if series.variant in LIVE:
            self.wanted[number] = 1 << LIVE.index(series.variant)
        if user is not None and series.reason == "split":
            before = self._met[user]
            if before is None:
                self._met[user] = series.variant
            elif before != series.variant:
                self.fault("a user was moved", f"user {user} from {before} to {series.variant}")
        elif series.reason.startswith("rule:") and series.variant != "candidate":
            self.fault("a gold user met another variant", str(series))

    def version(self, revision: str, variant: str, version: str) -> None:
        """What an answer said of itself: a revision is one thing in every worker."""
        if self.versions.setdefault((revision, variant), version) != version:
            self.fault("a revision is two things", f"{revision}, {variant}: {version}")

    def waited(self, seconds: float) -> None:
        """For a whole answer to a short call."""
        self.waits[int(math.log(max(seconds, 1e-5) * 1e5) * 20)] += 1

    def quantile(self, share: float) -> float:
        """Seconds, to 5 %."""
        left = self.waits.total() * share
        for bucket, count in sorted(self.waits.items()):
            left -= count
            if left <= 0:
                return math.exp((bucket + 0.5) / 20) / 1e5
        return 0.0

    def users(self) -> Counter[str]:
        """How many users met each variant under the split."""
        return Counter(variant for variant in self._met if variant is not None)


def off_by(found: Counter[str]) -> float:
    """How many standard deviations the split is off, at most."""
    total, weights = found.total(), sum(SPLIT.values())
    worst = 0.0
    for name, weight in SPLIT.items():
        share = weight / weights
        worst = max(worst, abs(found[name] - total * share) / math.sqrt(max(total, 1) * share * (1 - share)))
    return worst
