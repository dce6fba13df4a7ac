"""Keeping: changes go to the store, in their order, and wait where it cannot take them.

It decides what is `kept` and when a write is tried again. The store works in a thread of its own: nothing here holds up
control. It must not know what a change means.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from gateway.control.counts import Counts
from gateway.core.records import Change
from gateway.links.log import Log
from gateway.store.errors import ConflictError, StoreError
from gateway.store.store import Store

_PATIENCE = 10.0
"""Seconds the store may take to answer."""
_AGAIN = 1.0
"""Seconds between two tries."""
MOST = 10_000
"""Changes that may wait."""
MOST_BYTES = 64 << 20
"""Bytes that the texts of those may have together: all of them are held in memory and in the run directory."""
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

    def __init__(self, store: Store, log: Log, counts: Counts, *, waiting: tuple[Change, ...] = ()) -> None:
        self.waiting = list(waiting)
        self._counts = counts
        self._store = store
        self._log = log
        self._thread = ThreadPoolExecutor(1, "store")
        self._lost = bool(waiting)
        self._why = ""
        self._wake = asyncio.Event()

    @property
    def kept(self) -> bool:
        """Whether the store has everything."""
        return not self.waiting

    @property
    def is_full(self) -> bool:
        """Whether nothing more may wait."""
        texts = (each.revision.text for each in self.waiting if each.revision is not None)
        return len(self.waiting) >= MOST or sum(map(len, texts)) >= MOST_BYTES

    async def read(self, ask: Callable[[Store], Result]) -> Result:
        """What the store answers; StoreError when it cannot, or not in time: a file system may hang."""
        work = asyncio.get_running_loop().run_in_executor(self._thread, ask, self._store)
        try:
            async with asyncio.timeout(_PATIENCE):
                return await asyncio.shield(work)
        except ConflictError:
            raise
        except StoreError:
            self._counts.store_failed()
            raise
        except TimeoutError:
            self._counts.store_failed()
            work.add_done_callback(_forget)
            raise StoreError(f"the store did not answer within {_PATIENCE:g} s") from None

    async def write(self, change: Change) -> Change | None:
        """The change as the store has it now, under the ids it was given there; None where it waits. ConflictError when
        its revision's number is somebody else's."""
        if not self.waiting:
            try:
                return await self.read(lambda store: store.write(change))
            except ConflictError:
                raise
            except StoreError as error:
                self._lose(str(error))
        if change.revision is not None or change.set or change.ended or not self.is_full:
            self.waiting.append(change)
        self._counts.store_waits(len(self.waiting))
        self._wake.set()
        return None

    def _lose(self, why: str) -> None:
        self._log.error("the store takes nothing; what is to be kept waits", why=why)
        self._why = why

    async def run(self, listener: Listener) -> None:
        """Tries again what waits, until cancelled."""
        self._wake.set()
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
            self._counts.store_waits(len(self.waiting))
            listener.on_waiting()

    def close(self) -> None:
        """Lets go of the store."""
        self._thread.submit(self._store.close)
        self._thread.shutdown(wait=False)


def _forget(work: "asyncio.Future[Result]") -> None:
    """What came too late concerns nobody: a write is tried again, and the store knows it by then."""
    if not work.cancelled():
        work.exception()
