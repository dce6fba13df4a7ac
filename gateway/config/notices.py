"""What a configuration sets and this release does not act on yet, in one line.

It decides which settings those are; a setting leaves the table in the change that brings it to life.
"""

from collections.abc import Callable, Iterable

from gateway.config.document import STORE
from gateway.config.nodes import Mapping, Scalar
from gateway.config.routes import WHEN
from gateway.config.settings import Settings
from gateway.core.model import BreakerSettings, Ejection, Retry, Route, Snapshot, Variant

_ACTED_ON = ("connect", "error", "overload", "timeout", "unavailable")

_OF_VARIANTS: dict[str, Callable[[Variant], bool]] = {
    "breaker": lambda variant: variant.breaker != BreakerSettings(),
    "retry": lambda variant: variant.retry.budget != Retry().budget or set(variant.retry.when) > {"connect"},
    "ejection": lambda variant: variant.ejection != Ejection(),
    "health": lambda variant: variant.health is not None,
}


def notices(settings: Settings, snapshot: Snapshot, *, root: Mapping) -> tuple[str, ...]:
    """One line, or none where the file sets nothing of the kind."""
    variants, routes = snapshot.variants.values(), snapshot.routes.values()
    names = [f"variants.*.{name}" for name, is_set in _OF_VARIANTS.items() if any(map(is_set, variants))]
    if words := _fallback_words(routes):
        names.append(f"routes.*.fallback.when ({', '.join(words)})")
    if any(route.shadow for route in routes):
        names.append("routes.*.shadow")
    names += [name for name, is_set in _of_settings(settings, root).items() if is_set]
    return (f"accepted and checked, but without effect in this release: {', '.join(names)}",) if names else ()


def _fallback_words(routes: Iterable[Route]) -> list[str]:
    """What a `fallback.when` names that differs from the default: the default is no wish of the file's."""
    whens = [route.fallback.when for route in routes]
    chosen = [each for when in whens if when[: len(WHEN)] != WHEN for each in when]
    return [str(each) for each in dict.fromkeys(chosen) if each not in _ACTED_ON]


def _of_settings(settings: Settings, root: Mapping) -> dict[str, bool]:
    store = root.entries.get("store")
    given = isinstance(store, Scalar) and store.text != STORE
    return {"admin.tokens": bool(settings.admin.tokens), "store": given, "notify": bool(settings.notify)}
