"""Periods: what is kept of a shadow's comparisons. Immutable data, times aware and in UTC.

A period is a time in which neither side of a comparison changed, nor how they are compared; a run is one gateway
from its start to its end. What each run counted in a period is a part of it, and the period is the sum of its parts: so
a gateway that comes back goes on where it was, and gateways that share a store add up. Nothing here decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

Pair = tuple[str, str]
"""A route, and the variant that is its shadow."""

PAST = ""
"""The run that stands for all that have ended."""


@dataclass(frozen=True, slots=True)
class Period:
    """One time of one shadow."""

    route: str
    variant: str
    id: int
    """Grows with time, for each pair: milliseconds since 1970 when it began."""
    since: datetime
    signature: Mapping[str, object]
    """What does not change within it: `live`, `shadow` and `compare`, each as JSON."""
    who: str
    why: str
    """Why it began."""
    until: datetime | None = None
    """When the next one began; None for the present one."""

    @property
    def pair(self) -> Pair:
        """Whose it is."""
        return self.route, self.variant


@dataclass(frozen=True, slots=True)
class Part:
    """What one run counted in one period."""

    route: str
    variant: str
    period: int
    run: str
    written: datetime
    counts: Mapping[str, object]
    """As JSON, by outcome and reason."""
    base: Mapping[str, object]
    """Where the run's own numbers stood when the period began, in the same form."""
    tally: Mapping[str, object]
    """What the comparisons found, as JSON."""
    instance: str = ""
    """The shadow process whose batch was added last, and the batch's number."""
    number: int = 0

    @property
    def pair(self) -> Pair:
        """Whose it is."""
        return self.route, self.variant


@dataclass(frozen=True, slots=True)
class Found:
    """One mismatch, kept whole."""

    route: str
    variant: str
    number: int
    """Grows with time, for each pair: microseconds since 1970 when it was kept."""
    run: str
    period: int
    time: datetime
    request_id: str
    mismatch: Mapping[str, object] = field(repr=False)
    """As JSON; secrets were left out before."""


class Saved(NamedTuple):
    """What is kept at once: all of it or nothing."""

    periods: tuple[Period, ...] = ()
    parts: tuple[Part, ...] = ()
    found: tuple[Found, ...] = ()
    keep: Mapping[Pair, int] = {}
    """How many of the newest mismatches stay, of those pairs to which some are added."""
