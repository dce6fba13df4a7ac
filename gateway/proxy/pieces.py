"""Long work in short pieces, between which the loop serves.

It decides how long a piece may be, and remembers the longest. It must not know what the work is.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

T = TypeVar("T")

_PIECE = 0.002
"""Seconds after which the loop gets a turn."""


class Pieces:
    """One long work. `longest` is the most seconds for which it held the loop so far."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._since = monotonic()

    async def breathe(self) -> None:
        """Give the loop a turn if this piece has become long."""
        if monotonic() - self._since >= _PIECE:
            await self.rest()

    async def rest(self) -> None:
        """Give the loop a turn."""
        await self.wait(asyncio.sleep(0))

    async def wait(self, until: Awaitable[T]) -> T:
        """Let the loop serve until that has happened."""
        self.note()
        try:
            return await until
        finally:
            self._since = monotonic()

    async def aside(self, work: Callable[[], T]) -> T:
        """Have it done by a thread meanwhile."""
        return await self.wait(asyncio.get_running_loop().run_in_executor(None, work))

    def note(self) -> None:
        """Count this piece as it is by now."""
        self.longest = max(self.longest, monotonic() - self._since)
