"""What a configuration sets and this release does not act on yet, in one line.

It decides which settings those are; a setting leaves the table in the change that brings it to life.
"""

from collections.abc import Callable

from gateway.core.model import Snapshot

_WITHOUT_EFFECT: dict[str, Callable[[Snapshot], bool]] = {
    "variants.*.breaker.probe": lambda snapshot: any(
        variant.breaker.probe == "shadow" for variant in snapshot.variants.values()
    ),
    "routes.*.shadow": lambda snapshot: any(route.shadow for route in snapshot.routes.values()),
}


def notices(snapshot: Snapshot) -> tuple[str, ...]:
    """One line, or none where the file sets nothing of the kind."""
    names = [name for name, is_set in _WITHOUT_EFFECT.items() if is_set(snapshot)]
    return (f"accepted and checked, but without effect in this release: {', '.join(names)}",) if names else ()
