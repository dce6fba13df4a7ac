"""Overrides: decisions taken at run time, laid over a revision's snapshot.

It decides what they make of a snapshot and when they end. It must not know who takes them or where they are kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from gateway.core.assignment import heaviest
from gateway.core.model import Fallback, Route, Snapshot, Split
from gateway.core.records import Override, OverrideKey
from gateway.core.suggest import did_you_mean

MOST_WEIGHT = 1_000_000_000
"""The largest weight, as in the configuration."""


def apply(snapshot: Snapshot, overrides: Iterable[Override]) -> Snapshot:
    """The snapshot with the overrides on top; one whose variants or route it does not have is left out. Routes that no
    override touches stay the identical objects."""
    standing = [each for each in overrides if is_possible(snapshot, each)]
    splits = {each.subject: _with_split(snapshot.routes[each.subject], each) for each in standing if each.split}
    return replace(
        snapshot,
        routes={**snapshot.routes, **splits} if splits else snapshot.routes,
        disabled=frozenset(each.subject for each in standing if each.kind == "variant_disabled"),
        forced={each.subject: each.state for each in standing if each.state is not None},
    )


def is_possible(snapshot: Snapshot, override: Override) -> bool:
    """Whether the snapshot has everything that the override names."""
    if override.kind == "split_set":
        return override.subject in snapshot.routes and snapshot.variants.keys() >= set(override.split or ())
    return override.subject in snapshot.variants


def ended_by(before: Snapshot, after: Snapshot, overrides: Iterable[Override]) -> tuple[OverrideKey, ...]:
    """The overrides that end when the revision `after` follows `before` (both as configured): those that name what is
    gone, and set splits of routes whose own split changes."""
    return tuple(each.key for each in overrides if not is_possible(after, each) or _resplit(before, after, each))


def _resplit(before: Snapshot, after: Snapshot, override: Override) -> bool:
    if override.kind != "split_set":
        return False
    old = before.routes.get(override.subject)
    return old is None or old.split != after.routes[override.subject].split


def expired(overrides: Iterable[Override], now: datetime) -> tuple[Override, ...]:
    """Those whose time is over."""
    return tuple(each for each in overrides if each.expires is not None and each.expires <= now)


def next_expiry(overrides: Iterable[Override]) -> datetime | None:
    """When the next of them expires, if any does."""
    return min((each.expires for each in overrides if each.expires is not None), default=None)


def check_split(snapshot: Snapshot, route: str, split: Mapping[str, int]) -> str | None:
    """What keeps the split from being set on that route, in words; None when nothing does."""
    if route not in snapshot.routes:
        return f"no route {route} is defined{did_you_mean(route, snapshot.routes)}"
    for name, weight in split.items():
        if name not in snapshot.variants:
            return f"no variant {name} is defined{did_you_mean(name, snapshot.variants)}"
        if type(weight) is not int or not 0 <= weight <= MOST_WEIGHT:
            return f"{name}: a weight is a whole number from 0 to {MOST_WEIGHT}, not {weight!r}"
    if not any(split.values()):
        return "at least one weight above zero is due" if split else "at least one variant with a weight is due"
    return None


def _with_split(route: Route, override: Override) -> Route:
    split: Split = override.split or route.split
    rules = route.rules
    if override.rules == "set":
        rules = tuple(replace(rule, split=split) for rule in rules)
    return replace(route, split=split, rules=rules, fallback=_explicit(route))


def _explicit(route: Route) -> Fallback:
    """The default fallback by name: it is the revision's split that decides who it is."""
    if route.fallback.variants is not None:
        return route.fallback
    return replace(route.fallback, variants=(heaviest(route.split),))
