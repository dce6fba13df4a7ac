"""Keeping: changes go to the store, in their order, and wait where it cannot take them.

It decides what is `kept` and when a write is tried again. The store works in a thread of its own: nothing here holds up
control. It must not know what a change means.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from gateway.core.records import Change
from gateway.links.log import Log
from gateway.store.errors import ConflictError, StoreError
from gateway.store.store import Store

_AGAIN = 1.0
"""Seconds between two tries."""
MOST = 10_000
"""Changes that may wait."""
Result = TypeVar("Result")


class Listener(Protocol):
    """Who is told how the store does."""

    async def on_store_lost(self, why: str) -> None:
        """It takes nothing any more."""

    async def on_store_back(self) -> None:
        """It has everything again."""

    async def on_conflict(self) -> None:
        """A number of what waits is somebody else's: what waits is to be given others."""

    def on_waiting(self) -> None:
        """What waits has changed."""


class Keeping:
    """The store, as control uses it. `waiting` is what it does not have yet, the oldest first."""

    def __init__(self, store: Store, log: Log, *, waiting: tuple[Change, ...] = ()) -> None:
        self.waiting = list(waiting)
        self._store = store
        self._log = log
        self._thread = ThreadPoolExecutor(1, "store")
        self._lost = bool(waiting)
        self._why = ""
        self._opened = False
        self._wake = asyncio.Event()
        if waiting:
            self._wake.set()

    @property
    def kept(self) -> bool:
        """Whether the store has everything."""
        return not self.waiting

    @property
    def is_full(self) -> bool:
        """Whether nothing more may wait."""
        return len(self.waiting) >= MOST

    async def read(self, ask: Callable[[Store], Result]) -> Result:
        """What the store answers; StoreError when it cannot."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, ask)

    def _ask(self, ask: Callable[[Store], Result]) -> Result:
        if not self._opened:
            self._store.open()
            self._opened = True
        return ask(self._store)

    async def write(self, change: Change) -> bool:
        """Whether the store has the change now; else it waits. ConflictError when its number is somebody else's."""
        if not self.waiting:
            try:
                await self.read(lambda store: store.write(change))
            except ConflictError:
                raise
            except StoreError as error:
                self._lose(str(error))
            else:
                return True
        if change.revision is not None or change.set or change.ended or not self.is_full:
            self.waiting.append(change)
        self._wake.set()
        return False

    def _lose(self, why: str) -> None:
        self._log.error("the store takes nothing; what is to be kept waits", why=why)
        self._why = why

    async def run(self, listener: Listener) -> None:
        """Tries again what waits, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self.waiting:
                await self._catch_up(listener)

    async def _catch_up(self, listener: Listener) -> None:
        if not self._lost:
            self._lost = True
            await listener.on_store_lost(self._why)
        while self.waiting:
            await self._try_oldest(listener)
        self._lost = False
        await listener.on_store_back()

    async def _try_oldest(self, listener: Listener) -> None:
        change = self.waiting[0]
        try:
            await self.read(lambda store: store.write(change))
        except ConflictError:
            await listener.on_conflict()
        except StoreError:
            await asyncio.sleep(_AGAIN)
        else:
            del self.waiting[0]
            listener.on_waiting()

    def close(self) -> None:
        """Lets go of the store."""
        self._thread.submit(self._store.close)
        self._thread.shutdown(wait=False)
