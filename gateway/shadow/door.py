"""The door: the socket where workers hand in copies and control collects what was found.

It decides what a link is by its first frame, and when batches go. It must not know what is done with copies.

A worker says `worker INDEX`, sends `C` with a copy, and is told `T` with what came of them, several at a time. Control
says `control`, gets `R` with a batch, acknowledges it by `A` with its number, and tells by `P` which period of each
pair is the present one. Behind each letter stands one pickled object: only processes of this gateway can reach the
socket.
"""

import asyncio
import pickle
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from gateway.core.copies import Copy, Told
from gateway.core.tally import Batch
from gateway.links.frames import Bounds, Frames
from gateway.shadow.tallies import Tallies

COPY, TOLD, BATCH, TAKEN, PERIODS = b"C", b"T", b"R", b"A", b"P"
BOUNDS = Bounds(largest=65 << 20, backlog=64 << 20)
"""Of every link: a copy, or a batch, holds whole bodies."""
SEND_EVERY = 0.25
"""Seconds between two batches."""
_TOGETHER = 0.01
"""Seconds for which what came of copies waits for more of it: each write wakes up a worker."""
_AGAIN = 0.05

Tell = Callable[[Told], None]
Take = Callable[[Copy, int, Tell], None]


class Link(Protocol):
    """One link, once it is known whose it is."""

    def received(self, frame: bytes) -> None:
        """It says something."""

    def lost(self) -> None:
        """It is no more."""

    def flush(self) -> None:
        """Send what waits for more."""


class WorkerLink:
    """A worker's. What is told goes together."""

    def __init__(self, frames: Frames, take: Take) -> None:
        self._frames: Frames | None = frames
        self._take = take
        self._told: list[Told] = []

    def received(self, frame: bytes) -> None:
        """A copy."""
        if frame.startswith(COPY):
            self._take(_unpacked(frame), len(frame), self.tell)

    def lost(self) -> None:
        """The worker counts all that it was not told as lost."""
        self._frames = None

    def tell(self, told: Told) -> None:
        """What came of one copy."""
        if not self._told:
            asyncio.get_running_loop().call_later(_TOGETHER, self.flush)
        self._told.append(told)

    def flush(self) -> None:
        """Tell what waits; a worker that does not read is told later."""
        told, self._told = self._told, []
        if told and self._frames is not None and not self._frames.send(TOLD + pickle.dumps(tuple(told))):
            self._told = told
            asyncio.get_running_loop().call_later(_AGAIN, self.flush)


class ControlLink:
    """Control's."""

    def __init__(self, frames: Frames, tallies: Tallies) -> None:
        self._frames = frames
        self._tallies = tallies
        if tallies.outstanding is not None:
            self.send(tallies.outstanding)

    def received(self, frame: bytes) -> None:
        """Which periods are the present ones, or which batch was taken."""
        if frame.startswith(PERIODS):
            self._tallies.tell(_unpacked(frame))
        elif frame.startswith(TAKEN):
            self._tallies.acknowledge(_unpacked(frame))

    def lost(self) -> None:
        """What was not acknowledged goes again over the next one."""

    def flush(self) -> None:
        """Batches do not wait here."""

    def send(self, batch: Batch) -> None:
        """A link that does not take it is ended, so that another one is made."""
        if not self._frames.send(BATCH + pickle.dumps(batch)):
            self._frames.close()


class Door:
    """All links; `take` is given each copy with its size and whom to tell."""

    def __init__(self, path: str, tallies: Tallies, take: Take) -> None:
        self._path = path
        self._tallies = tallies
        self._take = take
        self._links: dict[Frames, Link] = {}
        self._control: ControlLink | None = None
        self._server: asyncio.Server | None = None
        self._alone = asyncio.Event()
        self._alone.set()

    async def open(self) -> None:
        """From now on; a socket that a killed process left behind is replaced."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: Frames(self._received, self._lost, BOUNDS), self._path)

    async def run(self) -> None:
        """Send batches, until cancelled."""
        while True:
            await asyncio.sleep(SEND_EVERY)
            batch = None if self._control is None else self._tallies.next()
            if batch is not None and self._control is not None:
                self._control.send(batch)

    async def close(self, within: float) -> None:
        """Tell everybody what is left to tell, and end all links; at the latest after so many seconds."""
        if self._server is not None:
            self._server.close()
        for link in self._links.values():
            link.flush()
        if self._control is not None:
            for batch in self._tallies.rest():
                self._control.send(batch)
        for frames in self._links:
            frames.finish()
        if self._links:
            self._alone.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._alone.wait()
        for frames in self._links:
            frames.close()

    def _received(self, frames: Frames, frame: bytes) -> None:
        link = self._links.get(frames)
        if link is not None:
            link.received(frame)
        elif frame == b"control":
            self._control = self._links[frames] = ControlLink(frames, self._tallies)
        elif frame.startswith(b"worker "):
            self._links[frames] = WorkerLink(frames, self._take)
        else:
            frames.close()

    def _lost(self, frames: Frames) -> None:
        link = self._links.pop(frames, None)
        if link is not None:
            link.lost()
        if link is self._control:
            self._control = None
        if not self._links:
            self._alone.set()


def _unpacked(frame: bytes) -> Any:
    return pickle.loads(memoryview(frame)[1:])  # noqa: S301 - only we can write there
