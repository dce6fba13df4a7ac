"""What is probably not meant, though it can be served.

It decides warnings, which never fail a check.
"""

from collections.abc import Iterator

from gateway.config.checks.paths import used
from gateway.config.checks.review import Review
from gateway.config.checks.routes import assigned
from gateway.config.document import Document
from gateway.config.faults import Fault
from gateway.config.faulty import Faulty
from gateway.config.nodes import Mapping


def warnings(document: Document, root: Mapping) -> tuple[Fault, ...]:
    """Every warning, in the file's order."""
    review = Review(document, root, Faulty())
    found = [*_untrusted(review), *_unused(review), *_ends_nowhere(review)]
    return tuple(sorted(found))


def _untrusted(review: Review) -> Iterator[Fault]:
    if review.document.trusted_proxies:
        return
    for name, route in review.document.routes.items():
        for index, source in enumerate(route.targeting_key):
            if source.client is not None:
                message = (
                    "trusted_proxies is empty: behind a proxy every caller has the proxy's address, and so one key"
                )
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
            message = (
                f"the fallback ends nowhere for callers of {alone[0]}: nothing else is listed, and there is no response"
            )
            yield review.at_value(message, "routes", name, "fallback", "variants")
