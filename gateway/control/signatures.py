"""Signatures: what must stay the same for comparisons to belong together.

It decides what that is: the live variants that get calls, the shadow, and how replies are compared; of a variant its
name, version, model and path. It must not know what is done with it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

import orjson

from gateway.core.model import Route, Shadow, Snapshot, Variant
from gateway.core.periods import Pair

Signature = Mapping[str, object]

_CHANGES = {
    "live": "the variants that answer live changed",
    "shadow": "the shadow changed",
    "compare": "the compare rules changed",
}


def signatures(snapshot: Snapshot) -> Iterator[tuple[Pair, Signature]]:
    """Of every shadow that is configured."""
    for route in snapshot.routes.values():
        for shadow in route.shadow:
            yield (route.name, shadow.variant), _signature(snapshot, route, shadow)


def why(before: Signature | None, after: Signature) -> str:
    """Why one is not the other, in words; `before` None where there was none."""
    if before is None:
        return "the shadow is new"
    return " and ".join(words for name, words in _CHANGES.items() if before.get(name) != after.get(name))


def _signature(snapshot: Snapshot, route: Route, shadow: Shadow) -> Signature:
    """In the form in which JSON gives it back."""
    live = {name for split in _splits(route) for name, weight in split.items() if weight}
    made = {
        "live": [_variant(snapshot.variants[name]) for name in sorted(live)],
        "shadow": _variant(snapshot.variants[shadow.variant]),
        "compare": {"protocol": route.protocol, **asdict(shadow.compare)},
    }
    found: Signature = orjson.loads(orjson.dumps(made))
    return found


def _splits(route: Route) -> Iterator[Mapping[str, int]]:
    yield route.split
    for rule in route.rules:
        yield rule.split


def _variant(variant: Variant) -> list[str | None]:
    return [variant.name, variant.version, variant.model, variant.path]
