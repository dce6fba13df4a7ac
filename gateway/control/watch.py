"""Watching files: which of them hold something else than before.

It decides by looking, twice a second, rather than by being told: that works for editors that rename, for Kubernetes,
which swaps a link in the path, and for network file systems alike. A change counts once two looks agree, so that a file
is not read while it is being written. A file that is new to it counts as changed: it may have been, since it was read.
It must not know what the files mean.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable

EVERY = 0.5
"""Seconds between two looks."""

Look = tuple[int, int, int, int] | None
"""What tells one content from another: times of change, size, and which file the name stands for. None: no file."""


def look(path: str) -> Look:
    """At one file."""
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino


class Watch:
    """The files that `paths` gives at each look; `changed` is called with those that changed. What `known` name holds
    now is known to whoever is called."""

    def __init__(
        self,
        paths: Callable[[], Iterable[str]],
        changed: Callable[[frozenset[str]], Awaitable[None]],
        *,
        known: Iterable[str],
    ) -> None:
        self._paths = paths
        self._changed = changed
        self._seen = {path: look(path) for path in known}
        self._settling: dict[str, Look] = {}
        self._now = asyncio.Event()

    def look_now(self) -> None:
        """Do not wait for the next look; take what is there."""
        self._now.set()

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            asked = await self._pause()
            seen = await asyncio.to_thread(self._look)
            moved = {path: at for path, at in seen.items() if at != self._seen.get(path, ())}
            settled = frozenset(path for path, at in moved.items() if asked or self._settling.get(path, ()) == at)
            self._settling = moved
            self._seen = {path: at for path, at in self._seen.items() if path in seen}
            if settled or asked:
                self._seen |= {path: seen[path] for path in settled}
                await self._changed(settled)

    async def _pause(self) -> bool:
        """Whether somebody asked for a look."""
        try:
            async with asyncio.timeout(EVERY):
                await self._now.wait()
        except TimeoutError:
            return False
        self._now.clear()
        return True

    def _look(self) -> dict[str, Look]:
        return {path: look(path) for path in self._paths()}
