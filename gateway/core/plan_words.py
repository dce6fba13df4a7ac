"""A plan as people read it, line by line, and as machines do, ready for JSON."""

from collections.abc import Iterator, Mapping

from gateway.core.describe import percent
from gateway.core.plan import Plan, RoutePlan
from gateway.core.records import OverrideKey

_KINDS = {
    "variant_disabled": "variant {} is disabled",
    "breaker_forced": "the breaker of {} is forced",
    "split_set": "the split of route {} is set",
}


def as_document(plan: Plan) -> dict[str, object]:
    """The plan as the admin API shows it."""
    return {
        "changes": [{"what": each.what, "change": each.change} for each in plan.changes],
        "routes": {name: _route(each) for name, each in plan.routes.items()},
        "resets": list(plan.resets),
        "overrides_ended": [_override(each) for each in plan.overrides_ended],
        "overrides_kept": [_override(each) for each in plan.overrides_kept],
        "refused": list(plan.refused),
    }


def _route(each: RoutePlan) -> dict[str, object]:
    return {
        "before": dict(each.before),
        "after": dict(each.after),
        "moves": [{"from": move.source, "to": move.target, "share": move.share} for move in each.moves],
        "assumed": list(each.assumed),
        "segments": {name: _route(below) for name, below in each.segments.items()},
    }


def _override(key: OverrideKey) -> dict[str, str]:
    kind, subject = key
    return {"kind": kind, "subject": subject}


def lines(plan: Plan) -> Iterator[str]:
    """The plan in words. Without overrides, nothing but one line says that nothing would change."""
    if plan.is_empty:
        yield "nothing would change"
    for change in plan.changes:
        yield f"{change.what}: {change.change}"
    for name, route in plan.routes.items():
        yield f"callers of route {name}:"
        yield from _route_lines(route, "  ")
    yield from (f"the pool of variant {name} begins afresh" for name in plan.resets)
    yield from (f"override ends: {_override_words(key)}" for key in plan.overrides_ended)
    yield from (f"override stays: {_override_words(key)}" for key in plan.overrides_kept)
    yield from (f"refused while running: {name} changes, which needs a restart" for name in plan.refused)


def _override_words(key: OverrideKey) -> str:
    kind, subject = key
    return _KINDS[kind].format(subject)


def _route_lines(route: RoutePlan, indent: str) -> Iterator[str]:
    for name in dict.fromkeys([*route.before, *route.after]):
        yield f"{indent}{name}: {_share(route.before, name)} -> {_share(route.after, name)}"
    for move in route.moves:
        yield f"{indent}{percent(move.share)} of targeting keys move from {move.source} to {move.target}"
    for name, below in route.segments.items():
        yield f"{indent}those of segment {name}:"
        yield from _route_lines(below, indent + "  ")
    yield from (f"{indent}assumed: {each}" for each in route.assumed)


def _share(shares: Mapping[str, float], name: str) -> str:
    return percent(shares.get(name, 0.0))
