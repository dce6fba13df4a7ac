"""What the status of a running gateway means: who is in trouble, and which weights count."""

from collections.abc import Collection, Mapping

from gateway.cli.api import Document
from gateway.core.suggest import did_you_mean
from gateway.errors import GatewayError


def state(variant: Document) -> str:
    """One word or two for a variant."""
    if not variant["enabled"]:
        return "disabled"
    breaker = variant.get("breaker") or {}
    if breaker.get("state", "closed") != "closed":
        return f"breaker {breaker['state'].replace('_', '-')}"
    available = [each["available"] for each in variant["endpoints"]]
    if not any(available):
        return "unavailable"
    return "ok" if all(available) else "degraded"


def effective(split: Mapping[str, int], status: Document) -> dict[str, int]:
    """The weights that count: without those of 0 and the disabled."""
    variants = status["variants"]
    return {name: weight for name, weight in split.items() if weight and variants[name]["enabled"]}


def helpers(route: Document, variant: str, status: Document) -> list[str]:
    """Who of the route's fallback answers instead of that variant."""
    return [each for each in route["fallback"] if each != variant and status["variants"][each]["enabled"]]


def one_of(known: Mapping[str, Document], kind: str, name: str) -> Document:
    """What the status says of that route or variant; GatewayError for a name that nobody has."""
    if name not in known:
        raise GatewayError(f'there is no {kind} "{name}"{did_you_mean(name, known)}{_named(known)}')
    return known[name]


def _named(known: Collection[str]) -> str:
    return f"; there is {', '.join(known)}" if len(known) <= 20 else ""
