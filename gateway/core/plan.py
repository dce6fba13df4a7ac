"""Plan: what a change of configuration would do, before it is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.core.records import OverrideKey


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One thing that changes: `what` names it (`route fraud`, `variant fraud-4`, `segment gold`, `limits`), `change`
    says in words how."""

    what: str
    change: str


@dataclass(frozen=True, slots=True)
class Move:
    """A share of a route's targeting keys, as a fraction of all, that leaves one variant for another."""

    source: str
    target: str
    share: float


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """One route's shares before and after, as fractions, and who moves."""

    before: Mapping[str, float]
    after: Mapping[str, float]
    moves: tuple[Move, ...]
    assumed: tuple[str, ...] = ()
    """What the shares rest on, where conditions do not tell how many callers they hold for."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it. Empty where nothing would change."""

    changes: tuple[PlannedChange, ...] = ()
    routes: Mapping[str, RoutePlan] = field(default_factory=dict)
    resets: tuple[str, ...] = ()
    """The variants whose pool (and breaker) would begin afresh."""
    overrides_ended: tuple[OverrideKey, ...] = ()
    overrides_kept: tuple[OverrideKey, ...] = ()
    refused: tuple[str, ...] = ()
    """Settings that change and need a restart: such a configuration cannot be applied to a running gateway."""
