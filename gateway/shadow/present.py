"""What is in force, as the shadow process sees it: the snapshot that control leaves in the run directory.

It decides when that is read again: a copy comes from another snapshot, and the file has changed.
"""

import os
import pickle
from typing import NamedTuple

from gateway.core.compare import Rules, rules
from gateway.core.model import Route, Shadow, Snapshot, Variant
from gateway.links.rundir import SNAPSHOT, RunDir


class Lane(NamedTuple):
    """One route toward one of its shadows."""

    route: Route
    shadow: Shadow
    variant: Variant
    rules: Rules


class Present:
    """The snapshot, and what was made of it; OSError where there is none at the beginning."""

    def __init__(self, run_dir: RunDir) -> None:
        self._run_dir = run_dir
        self._seen: tuple[int, ...] = ()
        self._lanes: dict[tuple[str, str], Lane | None] = {}
        self.snapshot: Snapshot
        self._take(self._signature())

    def look(self, serial: int) -> bool:
        """Somebody serves by the snapshot of that serial; whether another one was taken up now."""
        if serial == self.snapshot.serial:
            return False
        try:
            signature = self._signature()
            if signature == self._seen:
                return False
            self._take(signature)
        except OSError:
            return False
        return True

    def lane(self, route: str, variant: str) -> Lane | None:
        """The shadow of that route which that variant is, if it still is."""
        pair = route, variant
        if pair not in self._lanes:
            self._lanes[pair] = self._lane(route, variant)
        return self._lanes[pair]

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Every route with each of its shadows."""
        routes = self.snapshot.routes.values()
        return frozenset((route.name, shadow.variant) for route in routes for shadow in route.shadow)

    def _lane(self, route: str, variant: str) -> Lane | None:
        found = self.snapshot.routes.get(route)
        for shadow in () if found is None else found.shadow:
            if found is not None and shadow.variant == variant:
                settings = self.snapshot.variants[variant]
                return Lane(found, shadow, settings, rules(shadow.compare, found.protocol))
        return None

    def _take(self, signature: tuple[int, ...]) -> None:
        self.snapshot = pickle.loads(self._run_dir.read(SNAPSHOT))  # noqa: S301 - only we can write there
        self._seen = signature
        self._lanes.clear()

    def _signature(self) -> tuple[int, ...]:
        """The file is replaced, never written in place."""
        found = os.stat(os.path.join(self._run_dir.path, SNAPSHOT))
        return found.st_ino, found.st_mtime_ns, found.st_size
