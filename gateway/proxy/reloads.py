"""A worker's side of reloads: parts of a delta in, one change of the snapshot, one word back.

It decides which deltas are taken and what control is told. It must not know how the server changes over, or how frames
travel. One delta is taken at a time; a link that is made anew begins afresh, and control with it.
"""

import asyncio
import gc
import pickle
from collections import deque
from collections.abc import Callable
from typing import Protocol

from gateway.core.delta import Assembly, Part
from gateway.core.model import Snapshot
from gateway.errors import StartError
from gateway.links.frames import Frames
from gateway.links.log import describe
from gateway.proxy.pieces import Pieces

_PART = b"D"
"""What a frame with a part begins with."""
_MOST = 64 << 20
"""Bytes of frames that may wait; beyond them the link is given up."""
_LARGE = 20
"""Parts that make so many objects that looking through them for garbage would hold up the loop."""
_NEVER = 1 << 30


class Taker(Protocol):
    """Who serves by snapshots."""

    async def take(self, snapshot: Snapshot, pieces: Pieces) -> None:
        """Serve by it from now on; StartError when that cannot be, and nothing has changed."""


class Reloads:
    """The snapshot in force and those on their way. `acknowledge` tells control what is in force, `refuse` the serial
    that cannot be, and why."""

    def __init__(
        self, snapshot: Snapshot, server: Taker, *, acknowledge: Callable[[], None], refuse: Callable[[int, str], None]
    ) -> None:
        self.snapshot = snapshot
        self.blocked = 0.0
        """Seconds for which the last one held the loop at most."""
        self._server = server
        self._acknowledge = acknowledge
        self._refuse = refuse
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._arrived = asyncio.Event()
        self._assembly: Assembly | None = None
        self._pieces = Pieces()
        self._collector = Collector()
        self._stopped = False

    def begin_afresh(self) -> None:
        """What came on an earlier link is void."""
        self._waiting.clear()
        self._size = 0
        self._end()

    def stop(self) -> None:
        """Take none any more: control is told what is in force instead."""
        self._stopped = True

    def receive(self, link: Frames, frame: bytes) -> None:
        """A frame came; what is no part of a delta is not for us."""
        if not frame.startswith(_PART):
            return
        self._waiting.append(frame)
        self._size += len(frame)
        self._arrived.set()
        if self._size > _MOST:
            link.close()

    async def run(self) -> None:
        """Take what comes, until cancelled."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                frame = self._waiting.popleft()
                self._size -= len(frame)
                await self._add(frame[len(_PART) :])

    async def _add(self, data: bytes) -> None:
        serial = 0
        try:
            part: Part = pickle.loads(data)  # noqa: S301 - from this gateway's own control
            serial = part.serial
            if part.number == 0:
                self._pieces = Pieces()
                self._assembly = self._begin(part)
            if self._assembly is not None:
                await self._take(self._assembly, part)
        except (StartError, ValueError) as error:
            self._give_up(serial, str(error))
        except Exception as error:  # a fault of ours: the old snapshot serves on, and control replaces this worker
            self._give_up(serial, describe(error))

    def _begin(self, part: Part) -> Assembly | None:
        """None where the delta is not wanted."""
        if self._stopped or part.serial == self.snapshot.serial:
            self._acknowledge()
        elif part.base not in (0, self.snapshot.serial):
            self._refuse(part.serial, f"it starts from serial {part.base}, and {self.snapshot.serial} is in force")
        else:
            self._collector.hold()
            return Assembly(self.snapshot if part.base else None)
        return None

    async def _take(self, assembly: Assembly, part: Part) -> None:
        assembly.add(part)
        await self._pieces.rest()
        if not assembly.is_complete or self._assembly is not assembly:
            return
        snapshot = assembly.finish()
        await self._server.take(snapshot, self._pieces)
        self.snapshot = snapshot
        if part.number >= _LARGE:
            gc.freeze()
        self._end()
        self._pieces.note()
        self.blocked = round(self._pieces.longest, 6)
        self._acknowledge()

    def _give_up(self, serial: int, why: str) -> None:
        self._end()
        if self._stopped:
            self._acknowledge()
        else:
            self._refuse(serial, why)

    def _end(self) -> None:
        self._assembly = None
        self._collector.go_on()


class Collector:
    """The search for garbage. One of everything holds up the loop for as long as there is much to look through, and
    much that is new is what brings it about."""

    def __init__(self) -> None:
        self._usual = gc.get_threshold()

    def hold(self) -> None:
        """No search of everything for now."""
        young, middle, _ = self._usual
        gc.set_threshold(young, middle, _NEVER)

    def go_on(self) -> None:
        """As usual."""
        gc.set_threshold(*self._usual)
