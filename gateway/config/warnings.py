"""What is probably not meant, though it can be served.

It decides warnings, which never fail a check.
"""

from collections.abc import Callable, Iterator
from itertools import combinations

from gateway.config.checks.paths import used
from gateway.config.checks.review import Review
from gateway.config.checks.routes import assigned
from gateway.config.conditions import Condition
from gateway.config.document import Document
from gateway.config.faults import Fault
from gateway.config.faulty import Faulty
from gateway.config.nodes import Mapping
from gateway.config.routes import Match

_LARGEST_GROUP = 100
"""Routes of one path that are compared with each other; more are an application's business."""


def warnings(document: Document, root: Mapping) -> tuple[Fault, ...]:
    """Every warning, in the file's order."""
    review = Review(document, root, Faulty())
    return tuple(sorted(fault for look in _LOOKS for fault in look(review)))


def _untrusted(review: Review) -> Iterator[Fault]:
    if review.document.trusted_proxies:
        return
    for name, route in review.document.routes.items():
        for index, source in enumerate(route.targeting_key):
            if source.client is not None:
                message = "trusted_proxies is empty: behind a proxy all callers have its address, and so one key"
                yield review.at_value(message, "routes", name, "targeting_key", index)


def _unused(review: Review) -> Iterator[Fault]:
    routes = review.document.routes.values()
    variants = {name for route in routes for name in used(route)}
    for name in review.document.variants:
        if name not in variants:
            yield review.at_key("no route uses this variant", "variants", name)
    segments = {rule.segment for route in routes for rule in route.rules}
    for name in review.document.segments:
        if name not in segments:
            yield review.at_key("no rule uses this segment", "segments", name)


def _ends_nowhere(review: Review) -> Iterator[Fault]:
    for name, route in review.document.routes.items():
        fallback = route.fallback
        if not fallback.variants or fallback.response is not None:
            continue
        alone = [each for each in assigned(route) if fallback.variants == [each]]
        if alone:
            message = f"the fallback ends nowhere for callers of {alone[0]}: nothing else is listed, nor a response"
            yield review.at_value(message, "routes", name, "fallback", "variants")


def _never_reached(review: Review) -> Iterator[Fault]:
    """Rules that an earlier rule leaves nobody for, and shares where no caller has a key."""
    for name, route in review.document.routes.items():
        seen: set[str] = set()
        for index, rule in enumerate(route.rules):
            at = ("routes", name, "rules", index, "segment")
            if rule.segment in seen:
                yield review.at_value("an earlier rule takes this whole segment already", *at)
            elif not route.targeting_key and _needs_key(review.document.segments[rule.segment]):
                yield review.at_value("a share of targeting keys is asked for, and the route has no targeting_key", *at)
            seen.add(rule.segment)


def _needs_key(condition: Condition) -> bool:
    parts = [*(condition.all_ or ()), *(condition.any_ or ()), *([condition.not_] if condition.not_ else ())]
    return condition.share is not None or any(map(_needs_key, parts))


def _without_effect(review: Review) -> Iterator[Fault]:
    routes = review.document.routes.values()
    rewritten = {name for route in routes if route.protocol != "http" for name in used(route)}
    plain = {name for route in routes if route.protocol == "http" for name in used(route)}
    for name, variant in review.document.variants.items():
        if variant.model is not None and name in plain - rewritten:
            yield review.at_value("no effect: the routes that use it speak http", "variants", name, "model")
        if "tls" in variant.model_fields_set and all(each.scheme != "https" for each in variant.endpoints):
            yield review.at_key("no effect: no endpoint begins with https://", "variants", name, "tls")
        elif not variant.tls.verify:
            yield review.at_value("anybody can pose as this model: verify is off", "variants", name, "tls", "verify")


def _undecided(review: Review) -> Iterator[Fault]:
    """Routes that are level on a request with both their header conditions: the names decide, which nobody expects."""
    groups: dict[object, list[tuple[str, Match]]] = {}
    for name, route in review.document.routes.items():
        if route.match.headers:
            groups.setdefault((route.match.host, route.match.path, len(route.match.headers)), []).append(
                (name, route.match)
            )
    for group in groups.values():
        for (one, match), (other, other_match) in combinations(group[:_LARGEST_GROUP], 2):
            if _meet(match, other_match):
                message = f"a request with these headers and those of route {one} fits both; {min(one, other)} takes it"
                yield review.at_value(message, "routes", other, "match")


def _meet(one: Match, other: Match) -> bool:
    headers = {name.lower(): value for name, value in one.headers.items()}
    agree = all(headers.get(name.lower(), value) == value for name, value in other.headers.items())
    return agree and (not one.methods or not other.methods or not set(one.methods).isdisjoint(other.methods))


_LOOKS: tuple[Callable[[Review], Iterator[Fault]], ...] = (
    _untrusted,
    _unused,
    _ends_nowhere,
    _never_reached,
    _without_effect,
    _undecided,
)
