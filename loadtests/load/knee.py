"""Where more callers bring no more answers. Pure.

The knee is the last step before one that brings less than `WORTH` of the answers that its further callers promise,
answers badly, or takes `SLOWER` times as long as the first in its p99.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

WORTH = 0.25
SLOWER = 10.0
BAD = 0.01
"""Share of answers that may be bad."""


@dataclass(frozen=True, slots=True)
class Step:
    """So many callers for a while."""

    users: int
    per_second: float
    """Good answers."""
    p50: float
    p99: float
    """Milliseconds."""
    bad: float
    """Share of the answers."""


def find(steps: Sequence[Step]) -> tuple[Step | None, str]:
    """The knee and why it is one; None where none was found."""
    for before, step in itertools.pairwise(steps):
        promised = before.per_second * (step.users / before.users - 1)
        if step.bad > BAD:
            return before, f"with {step.users} users {step.bad:.1%} of the answers were bad"
        if step.per_second - before.per_second < WORTH * promised:
            return before, f"{step.users} users got {step.per_second:.0f} answers a second"
        if step.p99 > SLOWER * steps[0].p99:
            return before, f"with {step.users} users p99 was {step.p99:.0f} ms"
    return None, "no knee was found: the steps ended before it"


def quantile(ordered: Sequence[float], share: float) -> float:
    """Of numbers in order; 0 of none."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0
