"""How long the shadow process waits: time in which it did not run does not count. It gives way to those who serve, and
no model is to be blamed for that.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

_TICK = 0.05
"""Seconds between two looks at what has waited too long."""
_MOST = 2 * _TICK
"""Seconds that count between two looks, at most: where it took longer, the process did not run, or was long at
something, and what came meanwhile has yet to be read."""


class Limit:
    """One wait that ends with TimeoutError."""

    def __init__(self, patience: "Patience", timeout: asyncio.Timeout, seconds: float) -> None:
        self._patience = patience
        self._timeout = timeout
        self._latest = self._due = patience.lived + seconds

    def allow(self, seconds: float) -> None:
        """It may take so many seconds from now on, but no longer than was said first."""
        self._due = min(self._latest, self._patience.lived + seconds)

    def look(self) -> None:
        """End the wait if it is due."""
        if self._patience.lived >= self._due:
            self._due = float("inf")
            self._timeout.reschedule(0)


class Patience:
    """All waits under way, and the time they are measured in."""

    def __init__(self) -> None:
        self.lived = 0.0
        """Seconds that this process ran, or waited with nothing to do."""
        self._limits: set[Limit] = set()

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[Limit]:
        """TimeoutError, up to two ticks late, where what is inside takes longer."""
        async with asyncio.timeout(None) as timeout:
            limit = Limit(self, timeout, seconds)
            self._limits.add(limit)
            try:
                yield limit
            finally:
                self._limits.discard(limit)

    async def run(self) -> None:
        """Look at all, until cancelled."""
        before = monotonic()
        while True:
            await asyncio.sleep(_TICK)
            now = monotonic()
            self.go_on(min(now - before, _MOST))
            before = now

    def go_on(self, seconds: float) -> None:
        """So much time has gone by."""
        self.lived += seconds
        for limit in self._limits:
            limit.look()
