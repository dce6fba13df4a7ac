"""A draft: all that serving by a snapshot needs, made beside what is in force, so that the change itself is one step.

It decides what is made anew and what is taken over. It must not know who puts it into force.
"""

import ssl
from dataclasses import dataclass

from gateway.core import model
from gateway.core.routing import RouteTable
from gateway.proxy.access import AccessLog
from gateway.proxy.contexts import for_listener
from gateway.proxy.pieces import Pieces
from gateway.proxy.runtime import Runtime, Shared

_HEALTH_PATHS = frozenset({b"/livez", b"/readyz"})


@dataclass(frozen=True, slots=True)
class Draft:
    """What a server takes over when it comes into force."""

    runtime: Runtime
    table: RouteTable
    health_paths: frozenset[bytes]
    """Those that the gateway answers itself, since no route claims them."""
    tls: dict[int, ssl.SSLContext | None]
    """By their index in `listen`: the listeners whose settings or files changed."""
    access: AccessLog | None
    """None: the log stays as it is."""

    @classmethod
    async def make(
        cls, snapshot: model.Snapshot, shared: Shared, pieces: Pieces, *, following: "Draft | None" = None
    ) -> "Draft":
        """Made in pieces, to follow the one in force; StartError when some file cannot be used."""
        previous, known = (None, None) if following is None else (following.runtime, following.table)
        old = None if previous is None else previous.snapshot
        tls = {
            index: await for_listener(listener, pieces)
            for index, listener in enumerate(snapshot.listen)
            if old is None or old.listen[index] != listener
        }
        table = await pieces.aside(lambda: RouteTable(snapshot, known))
        claimed = {route.match.path.encode() for route in snapshot.routes.values()}
        runtime = await Runtime.prepare(snapshot, shared, pieces, previous=previous)
        try:
            access = await _access(snapshot.access_log, None if old is None else old.access_log, pieces)
        except BaseException:
            runtime.stop()
            raise
        return cls(runtime, table, _HEALTH_PATHS - claimed, tls, access)

    def abandon(self) -> None:
        """It will not come into force."""
        self.runtime.stop()
        if self.access is not None:
            self.access.let_go()


async def _access(settings: model.AccessLog, old: model.AccessLog | None, pieces: Pieces) -> AccessLog | None:
    return None if settings == old else await pieces.aside(lambda: AccessLog(settings))
