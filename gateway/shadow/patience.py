"""How long the shadow process waits: time in which it did not run does not count. It gives way to those who serve, and
no model is to be blamed for that.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

from gateway.core.standstill import STILL, TICK, Standstill


class Limit:
    """One wait that ends with TimeoutError."""

    def __init__(self, patience: "Patience", timeout: asyncio.Timeout, seconds: float) -> None:
        self._patience = patience
        self._timeout = timeout
        self._latest = self.due = patience.lived + seconds

    def allow(self, seconds: float) -> None:
        """It may take so many seconds from now on, but no longer than was said first."""
        self.due = min(self._latest, self._patience.lived + seconds)

    def end(self) -> None:
        """It has taken too long."""
        self._timeout.reschedule(0)


class Patience:
    """All waits under way, and the time they are measured in; `clock` gives seconds, and runs always."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._standstill = Standstill(clock())
        self._lived = 0.0
        self._limits: set[Limit] = set()

    @property
    def lived(self) -> float:
        """Seconds that this process ran, or waited with nothing to do; of a standstill only its first moment counts."""
        return self._lived + min(self._clock() - self._standstill.before, STILL)

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[Limit]:
        """TimeoutError where what is inside takes longer: never early, and some ticks late."""
        async with asyncio.timeout(None) as timeout:
            limit = Limit(self, timeout, seconds)
            self._limits.add(limit)
            try:
                yield limit
            finally:
                self._limits.discard(limit)

    async def run(self) -> None:
        """Look at all, until cancelled."""
        while True:
            await asyncio.sleep(TICK)
            self.tick()

    def tick(self) -> None:
        """End what has taken too long."""
        self._lived = self.lived
        if self._standstill.look(self._clock()):
            return
        for limit in [each for each in self._limits if each.due <= self._lived]:
            self._limits.discard(limit)
            limit.end()
