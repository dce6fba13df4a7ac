"""Plan: what a change of configuration would do, before it is made.

It decides what is compared: what is in force now, with all overrides, and what would be, with those that stay.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway.core.assumptions import basis, unseen
from gateway.core.changes import changes
from gateway.core.division import Shift, division, shift, unknown_segments
from gateway.core.model import Listener, Snapshot, Variant
from gateway.core.overrides import apply, ended_by
from gateway.core.pool import kept
from gateway.core.records import Override, OverrideKey
from gateway.core.same import same


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
    """What the shares rest on, and what they cannot show, in words."""
    segments: "Mapping[str, RoutePlan]" = field(default_factory=dict)
    """The same for the callers of a segment whose number is not known, as fractions of these alone; those segments
    where something shifts."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it. Empty where nothing would change."""

    changes: tuple[PlannedChange, ...] = ()
    routes: Mapping[str, RoutePlan] = field(default_factory=dict)
    resets: tuple[str, ...] = ()
    """The variants whose pool would begin afresh: no endpoint stays, or one is spoken to in another way."""
    overrides_ended: tuple[OverrideKey, ...] = ()
    overrides_kept: tuple[OverrideKey, ...] = ()
    refused: tuple[str, ...] = ()
    """Settings that change and need a restart: such a configuration cannot be applied to a running gateway."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.changes or self.routes or self.resets or self.overrides_ended or self.refused)


def plan(before: Snapshot, after: Snapshot, *, overrides: Sequence[Override] = ()) -> Plan:
    """What would happen if `after` were put in force in place of `before`: two revisions' snapshots, as configured.
    `overrides` are those in force now."""
    ended = ended_by(before, after, overrides)
    staying = [each for each in overrides if each.key not in ended]
    return Plan(
        changes=tuple(PlannedChange(what, change) for what, change in changes(before, after)),
        routes=route_plans(apply(before, overrides), apply(after, staying)),
        resets=tuple(_resets(before, after)),
        overrides_ended=ended,
        overrides_kept=tuple(each.key for each in staying),
        refused=() if _addresses(before) == _addresses(after) else ("listen",),
    )


def route_plans(before: Snapshot, after: Snapshot) -> dict[str, RoutePlan]:
    """What becomes of callers when one snapshot in force follows another, by route; those where something shifts."""
    return dict(_routes(before, after))


def _routes(before: Snapshot, after: Snapshot) -> Iterator[tuple[str, RoutePlan]]:
    for name in sorted(before.routes.keys() | after.routes.keys()):
        if name not in before.routes:
            yield name, replace(_standing(after, name), before={})
        elif name not in after.routes:
            yield name, replace(_standing(before, name), after={})
        else:
            yield from ((name, found) for found in _shifted(before, after, name))


def _standing(snapshot: Snapshot, name: str) -> RoutePlan:
    """A route that only one of the two has."""
    each = division(snapshot, snapshot.routes[name])
    return _route_plan(shift(each, each), basis(each, each, snapshot.disabled))


def _shifted(before: Snapshot, after: Snapshot, name: str) -> Iterator[RoutePlan]:
    """The plan of a route in which something shifts, for any of its callers."""
    old, new = division(before, before.routes[name]), division(after, after.routes[name])
    if same(old, new):
        return
    segments = {each: shift(old, new, holding=each) for each in unknown_segments(old, new)}
    shifted = {each: _route_plan(found) for each, found in segments.items() if not found.is_still}
    everybody, effects = shift(old, new), unseen(old, new)
    if shifted or effects or not everybody.is_still:
        assumed = [*basis(old, new, after.disabled), *effects]
        yield replace(_route_plan(everybody, assumed), segments=shifted)


def _route_plan(found: Shift, assumed: Iterable[str] = ()) -> RoutePlan:
    return RoutePlan(
        {name: float(share) for name, share in sorted(found.before.items())},
        {name: float(share) for name, share in sorted(found.after.items())},
        tuple(Move(source, target, float(share)) for (source, target), share in sorted(found.moves.items())),
        tuple(assumed),
    )


def _resets(before: Snapshot, after: Snapshot) -> Iterator[str]:
    for name in sorted(before.variants.keys() & after.variants.keys()):
        if _is_reset(before.variants[name], after.variants[name]):
            yield name


def _is_reset(before: Variant, after: Variant) -> bool:
    """Whether all endpoints are new, or one that stays is spoken to in another way."""
    staying = kept(before, after)
    return not staying or staying != set(before.endpoints) & set(after.endpoints)


def _addresses(snapshot: Snapshot) -> list[Listener]:
    """What cannot change without a restart: all of the listeners but what their certificate files hold."""
    return [replace(each, digest="") for each in snapshot.listen]
