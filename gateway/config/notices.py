"""What a configuration sets and this release does not act on yet, in one line.

It decides which settings those are; a setting leaves the table in the change that brings it to life.
"""

from collections.abc import Callable

from gateway.config.document import Document
from gateway.config.settings import Settings
from gateway.core.model import BreakerSettings, Ejection, Retry, Snapshot, Variant

_ACTED_ON = ("connect", "error", "overload")

_OF_VARIANTS: dict[str, Callable[[Variant], bool]] = {
    "breaker": lambda variant: variant.breaker != BreakerSettings(),
    "retry": lambda variant: variant.retry != Retry(),
    "ejection": lambda variant: variant.ejection != Ejection(),
    "health": lambda variant: variant.health is not None,
}


def notices(settings: Settings, snapshot: Snapshot, *, written: Document) -> tuple[str, ...]:
    """One line, or none where the file sets nothing of the kind. `written` is the same as the file has it,
    without defaults of its own."""
    variants, routes = snapshot.variants.values(), snapshot.routes.values()
    names = [f"variants.*.{name}" for name, is_set in _OF_VARIANTS.items() if any(map(is_set, variants))]
    names += _of_fallbacks(written)
    names += ["routes.*.shadow"] if any(route.shadow for route in routes) else []
    names += _of_settings(settings, written)
    return (f"accepted and checked, but without effect in this release: {', '.join(names)}",) if names else ()


def _of_fallbacks(written: Document) -> list[str]:
    """The words that a `fallback.when` holds: the default's are no promise of the file's."""
    whens = [each for route in written.routes.values() for each in route.fallback.when or ()]
    words = [str(each) for each in dict.fromkeys(whens) if each not in _ACTED_ON]
    return [f"routes.*.fallback.when ({', '.join(words)})"] if words else []


def _of_settings(settings: Settings, written: Document) -> list[str]:
    given = {
        "admin.tokens": settings.admin.tokens,
        "store": "store" in written.model_fields_set,
        "notify": settings.notify,
    }
    return [name for name, is_set in given.items() if is_set]
