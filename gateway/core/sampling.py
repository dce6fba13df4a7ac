"""Sampling: which requests a shadow gets a copy of. Knows neither copies nor comparisons.

A targeting key is in or out for good, by the same hashing as shares; a larger sample keeps those that were in.
"""

from collections.abc import Callable, Set

from gateway.core.hashing import SHADOW_SAMPLE, fraction, prefix
from gateway.core.model import Route, Shadow


class Sample:
    """One shadow of a route, ready to choose."""

    __slots__ = ("_start", "settings")

    def __init__(self, salt: str, settings: Shadow) -> None:
        self.settings = settings
        self._start = prefix(SHADOW_SAMPLE, salt, settings.variant)

    def takes(self, key: bytes | None, draw: Callable[[], float]) -> bool:
        """Whether it gets a copy of that targeting key's requests; without a key `draw`, which gives random numbers in
        [0, 1), decides."""
        share = self.settings.sample
        if share >= 1.0:
            return True
        return draw() < share if key is None else fraction(self._start + key) < share


def samples(route: Route, disabled: Set[str]) -> tuple[Sample, ...]:
    """A route's shadows; a variant that is disabled gets no copies either."""
    return tuple(Sample(route.salt, shadow) for shadow in route.shadow if shadow.variant not in disabled)
