"""Upstream paths: `{rest}` is due where a prefix leaves something over, and only there."""

from collections.abc import Iterator

from gateway.config.checks.review import Review
from gateway.config.checks.routes import assigned
from gateway.config.faults import Fault
from gateway.config.http_words import REST
from gateway.config.routes import Route


def check(review: Review) -> Iterator[Fault]:
    """Every variant whose path does not fit a route that uses it."""
    prefixed, exact = _users(review)
    for name, variant in review.document.variants.items():
        if variant.path is None or not review.clean("variants", name, "path"):
            continue
        if REST not in variant.path and name in prefixed:
            message = (
                f"route {prefixed[name]} takes a prefix, so {REST}, what the prefix leaves over, is due in this path"
            )
            yield review.at_value(message, "variants", name, "path")
        if REST in variant.path and name in exact:
            message = f"route {exact[name]} takes one exact path, so {REST} stands for nothing; write the path out"
            yield review.at_value(message, "variants", name, "path")


def _users(review: Review) -> tuple[dict[str, str], dict[str, str]]:
    """Of each variant: the first route with a prefix that uses it, and the first with an exact path."""
    prefixed: dict[str, str] = {}
    exact: dict[str, str] = {}
    for name, route in review.document.routes.items():
        users = prefixed if route.match.path.endswith("/*") else exact
        for variant in used(route):
            users.setdefault(variant, name)
    return prefixed, exact


def used(route: Route) -> dict[str, None]:
    """Every variant that the route can send requests to."""
    shadows = [shadow.variant for shadow in route.shadow]
    return {**assigned(route), **dict.fromkeys([*(route.fallback.variants or ()), *shadows])}
