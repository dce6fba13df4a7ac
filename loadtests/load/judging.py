"""Who should meet whom, and whether he did. Pure.

A user is given to a variant for good, by weight; the split is over users, so each counts once, however often he calls.
A gold user meets the gold variant. Answers by a fallback say nothing of the split.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

ALLOWED = 4.5
"""Standard deviations a share may be off: about one false alarm in 100,000 runs."""


def weights(text: str) -> dict[str, int]:
    """`stable=90,candidate=10`."""
    pairs = (part.partition("=") for part in text.split(",") if part)
    return {name: int(weight) for name, _, weight in pairs}


@dataclass(slots=True)
class Judge:
    """Of one route."""

    split: Mapping[str, int]
    gold: str
    met: Counter[str] = field(default_factory=Counter)
    """Users under the split by the variant they met."""
    answers: Counter[str] = field(default_factory=Counter)
    """Answers by variant."""
    fallbacks: int = 0

    def fault(self, met: str | None, headers: Mapping[str, str], *, gold: bool) -> tuple[str | None, str | None]:
        """What is wrong with an answer to a user who has `met` a variant before, or None; and whom he has met now."""
        variant, reason = headers.get("x-gateway-variant"), headers.get("x-gateway-reason", "")
        if not variant:
            return "the answer does not say which variant it is from", met
        self.answers[variant] += 1
        if reason.startswith("fallback"):
            self.fallbacks += 1
            return None, met
        expected = self.gold if gold else met
        if expected and variant != expected:
            return f"{variant} answered, not {expected}", met
        if not gold and met is None:
            self.met[variant] += 1
        return None, variant

    def faults(self) -> list[str]:
        """What is wrong with the shares."""
        found = [f"{name} is no variant of the split" for name in self.met.keys() - self.split.keys()]
        for name, weight in self.split.items():
            share = weight / sum(self.split.values())
            if off_by(self.met[name], self.met.total(), share) > ALLOWED:
                found.append(f"{name} has {self.met[name]} of {self.met.total()} users, {share:.1%} are due")
        return found


def off_by(count: int, users: int, share: float) -> float:
    """How many standard deviations a count is off."""
    spread = math.sqrt(users * share * (1 - share))
    return abs(count - users * share) / spread if spread else 0.0
