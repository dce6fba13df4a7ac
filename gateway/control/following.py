"""Following: what another gateway that shares the store has put in force is put in force here, and its events are told.

It decides when to look, and that what cannot be taken up here is tried once. It must not know how it is taken up.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from gateway.admin.operations import RefusedError
from gateway.config.faults import ConfigError
from gateway.control.events import Events
from gateway.control.gate import Gate
from gateway.control.keeping import Keeping
from gateway.core.records import Override
from gateway.links.log import Log
from gateway.store.errors import StoreError
from gateway.store.store import Store

EVERY = 1.0
"""Seconds between two looks."""

_MOST = 1_000
"""Events told at once."""

Seen = tuple[int, Sequence[Override]]
"""The newest revision's number, and the overrides."""


class Following:
    """One follower of one store."""

    def __init__(
        self,
        gate: Gate,
        keeping: Keeping,
        events: Events,
        log: Log,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._gate = gate
        self._keeping = keeping
        self._events = events
        self._log = log
        self._sleep = sleep
        self._refused: Seen | None = None

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            await self._sleep(EVERY)
            if self._keeping.kept:
                await self.look()

    async def look(self) -> None:
        """Once."""
        try:
            seen = await self._keeping.read(_look)
            if self._is_news(seen):
                await self._gate.follow()
            await self._tell()
        except StoreError:
            pass  # counted, and told as soon as something is to be kept
        except (ConfigError, RefusedError) as error:
            self._refused = seen
            self._log.error("a revision of another gateway cannot be taken up", revision=seen[0], why=str(error))

    async def _tell(self) -> None:
        """Events of others; this gateway's own are told by whoever makes them."""
        last = self._events.last
        for event in await self._keeping.read(lambda store: store.events(last, _MOST)):
            if event.id > self._events.last:
                self._events.join(event)

    def _is_news(self, seen: Seen) -> bool:
        number, overrides = seen
        standing = self._gate.standing
        return seen != self._refused and (number > standing.revision.number or tuple(overrides) != standing.overrides)


def _look(store: Store) -> Seen:
    newest = store.revisions(1)
    return (newest[0].number if newest else 0), store.overrides()
