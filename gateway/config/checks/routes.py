"""Routes: what must hold between the keys of one, and between routes."""

from collections.abc import Iterator

from gateway.config.checks.review import Review
from gateway.config.faults import Fault
from gateway.config.http_words import FRAMING, FRAMING_FAULT
from gateway.config.nodes import Path
from gateway.config.routes import Route, to_match
from gateway.core.routing import find_conflicts

_WITHOUT_BODY = (204, 205, 304)


def check(review: Review) -> Iterator[Fault]:
    """Every fault within a route or between two."""
    yield from _same_requests(review)
    for name, route in review.document.routes.items():
        path = ("routes", name)
        yield from _rule_names(review, path, route)
        yield from _fallback(review, path, route)
        yield from _response(review, path, route)
        yield from _repeated(review, (*path, "shadow"), [each.variant for each in route.shadow], "variant")


def _same_requests(review: Review) -> Iterator[Fault]:
    routes = review.document.routes.items()
    matches = {name: to_match(route.match) for name, route in routes if review.clean("routes", name, "match")}
    for other, name in find_conflicts(matches):
        message = f"takes the same requests as route {other}; path, methods, host or headers must differ"
        yield review.at_value(message, "routes", name, "match")


def _rule_names(review: Review, path: Path, route: Route) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, rule in enumerate(route.rules):
        name = rule.name or rule.segment
        if name in seen:
            at = (*path, "rules", index, "name" if rule.name else "segment")
            yield review.at_value(
                f"an earlier rule of this route is named {name}; give this one a name of its own", *at
            )
        seen.add(name)


def _fallback(review: Review, path: Path, route: Route) -> Iterator[Fault]:
    names = route.fallback.variants
    at = (*path, "fallback", "variants")
    if not names:
        return
    yield from _repeated(review, at, names)
    if len({*names, *assigned(route)}) == 1 and review.clean(*path, "split") and review.clean(*path, "rules"):
        message = f"{names[0]} would fall back to itself alone; name another variant, or write [] for none"
        yield review.at_value(message, *at)


def assigned(route: Route) -> dict[str, None]:
    """The variants that the route's splits name, whatever their weights."""
    return dict.fromkeys([*route.split, *(name for rule in route.rules for name in rule.split)])


def _response(review: Review, path: Path, route: Route) -> Iterator[Fault]:
    response = route.fallback.response
    if response is None:
        return
    at = (*path, "fallback", "response")
    if response.status in _WITHOUT_BODY and response.body:
        yield review.at_value(f"an answer of status {response.status} has no body; leave it out", *at, "body")
    for name in response.headers:
        if name.lower() in FRAMING:
            yield review.at_key(FRAMING_FAULT, *at, "headers", name)


def _repeated(review: Review, path: Path, names: list[str], *below: str) -> Iterator[Fault]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield review.at_value(f"{name} stands here already", *path, index, *below)
