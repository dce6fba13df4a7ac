"""Frames over a Unix socket: four bytes of length, big-endian, then that many bytes.

It decides where a frame ends and what happens at the bounds, on both sides alike:

* a frame longer than the link's `largest` is never sent (`ValueError`), and one that is announced ends the connection;
* a peer that does not read costs at most `backlog` bytes and a frame: while more wait, `send` takes nothing, says False
  and counts it in `dropped`. A frame is sent whole or not at all.

It must not know what a frame means.
"""

import asyncio
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple, cast

_LENGTH = struct.Struct(">I")


class Bounds(NamedTuple):
    """Of a link, in bytes: `largest` of one frame, `backlog` of what waits for a peer that does not read."""

    largest: int = 1 << 20
    backlog: int = 4 << 20


BOUNDS = Bounds()


class Splitter:
    """Cuts a stream of bytes into frames."""

    __slots__ = ("_held", "_largest")

    def __init__(self, largest: int = BOUNDS.largest) -> None:
        self._held = bytearray()
        self._largest = largest

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The frames that are complete with `data`; ValueError for one that is too long."""
        self._held += data
        while len(self._held) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._held)
            if length > self._largest:
                raise ValueError(f"a frame of {length} bytes, at most {self._largest} are allowed")
            end = _LENGTH.size + length
            if len(self._held) < end:
                return
            frame = bytes(self._held[_LENGTH.size : end])
            del self._held[:end]
            yield frame


class Frames(asyncio.Protocol):
    """One connection. `received` gets each frame, `lost` is called once when the connection has ended."""

    def __init__(
        self,
        received: "Callable[[Frames, bytes], None]",
        lost: "Callable[[Frames], None]",
        bounds: Bounds = BOUNDS,
    ) -> None:
        self.dropped = 0
        self._received = received
        self._lost = lost
        self._bounds = bounds
        self._splitter = Splitter(bounds.largest)
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        try:
            for frame in self._splitter.feed(data):
                self._received(self, frame)
        except ValueError:
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Called by the event loop."""
        self._transport = None
        self._lost(self)

    def send(self, *frames: bytes) -> bool:
        """Whether the frames were taken, all together; see the module's rules."""
        longest = max(map(len, frames))
        if longest > self._bounds.largest:
            raise ValueError(f"a frame of {longest} bytes, at most {self._bounds.largest} are allowed")
        transport = self._transport
        if transport is None or transport.is_closing() or transport.get_write_buffer_size() > self._bounds.backlog:
            self.dropped += 1
            return False
        transport.writelines([piece for frame in frames for piece in (_LENGTH.pack(len(frame)), frame)])
        return True

    def finish(self) -> None:
        """Ends the connection once all that waits was sent."""
        if self._transport is not None:
            self._transport.close()

    def close(self) -> None:
        """Ends the connection at once; what still waits is dropped."""
        if self._transport is not None:
            self._transport.abort()


class Redial:
    """Keeps one connection to a socket for ever: dials again when it is lost, at once and then ever more slowly.

    `greeting` makes the first frame of each connection; `lost` is called when one has ended.
    """

    SLOWEST = 2.0
    """Seconds between two tries at most."""

    STEADY = 1.0
    """A connection that held this many seconds is dialled again at once."""

    def __init__(
        self,
        path: str,
        *,
        greeting: Callable[[], bytes],
        received: Callable[[Frames, bytes], None],
        lost: Callable[[], object] = bool,
        bounds: Bounds = BOUNDS,
    ) -> None:
        self._path = path
        self._lost = lost
        self._bounds = bounds
        self._greeting = greeting
        self._received = received
        self._frames: Frames | None = None

    def send(self, *frames: bytes) -> bool:
        """Whether the frames were taken; False while there is no connection."""
        return self._frames is not None and self._frames.send(*frames)

    async def run(self) -> None:
        """Dials until cancelled."""
        pause = 0.0
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            await self._one_connection()
            pause = 0.0 if loop.time() - begun >= self.STEADY else min(self.SLOWEST, pause * 2 or 0.05)
            await asyncio.sleep(pause)

    async def _one_connection(self) -> None:
        """Returns when the connection has ended, or there was none."""
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        try:
            _, frames = await loop.create_unix_connection(
                lambda: Frames(self._received, lambda _: ended.set(), self._bounds), self._path
            )
        except OSError:
            return
        self._frames = frames
        frames.send(self._greeting())
        try:
            await ended.wait()
        finally:
            self._frames = None
            frames.close()
            self._lost()
