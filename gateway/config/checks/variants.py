"""Variants: what must hold between the keys of one."""

from collections.abc import Iterator

from gateway.config.checks.review import Review
from gateway.config.faults import Fault
from gateway.config.http_words import CREDENTIALS, FRAMING, FRAMING_FAULT
from gateway.config.nodes import Mapping, Path, Scalar, find
from gateway.config.references import holds_reference
from gateway.config.secret_fields import REFERENCE_DUE


def check(review: Review) -> Iterator[Fault]:
    """Every fault within a variant."""
    for name, variant in review.document.variants.items():
        breaker = variant.breaker
        if breaker.max_open_for < breaker.open_for and review.clean("variants", name, "breaker"):
            path = ("variants", name, "breaker")
            at = "max_open_for" if review.given(*path, "max_open_for") else "open_for"
            yield review.at_value("max_open_for is shorter than open_for", *path, at)
        yield from _repeated(review, ("variants", name, "endpoints"), [each.url for each in variant.endpoints])
    yield from _header_fields(review)


def _repeated(review: Review, path: Path, urls: list[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, url in enumerate(urls):
        if url in seen:
            yield review.at_value("the same endpoint as an earlier one", *path, index)
        seen.add(url)


def _header_fields(review: Review) -> Iterator[Fault]:
    """Read from the tree, so that no literal secret is passed over where something else of the variant is faulty."""
    variants = review.root.entries.get("variants")
    for name in variants.entries if isinstance(variants, Mapping) else ():
        path = ("variants", name, "headers", "set")
        node, found = find(review.root, path)
        if found == path and isinstance(node, Mapping):
            yield from _fields(review, path, node)


def _fields(review: Review, path: Path, node: Mapping) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for name, value in node.entries.items():
        lower = name.lower()
        if lower in FRAMING:
            yield review.at_key(FRAMING_FAULT, *path, name)
        if lower.startswith("x-gateway-"):
            yield review.at_key("may not be set: the gateway writes the x-gateway- fields itself", *path, name)
        if lower in seen:
            yield review.at_key(f"the same field as {seen[lower]}: letter case makes no difference", *path, name)
        if lower in CREDENTIALS and isinstance(value, Scalar) and not holds_reference(value.text):
            yield review.at_value(REFERENCE_DUE, *path, name)
        seen[lower] = name
