"""Small writes wait for the end of the present turn of the loop, and then go out together.

A write wakes the process of the peer. One by one each message costs such a wake-up; together they cost one for many,
which is a third of a small request's whole cost. Large pieces and the ends of connections do not wait.
"""

import asyncio

from gateway.wire.turns import LARGE, Turns


class Outbox:
    """What is to be written, of all connections of one loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.turns = Turns(loop)
        """Of the large pieces, which do not wait here."""
        self._waiting: list[tuple[asyncio.Transport, bytes]] = []

    def put(self, transport: asyncio.Transport, parts: list[bytes]) -> None:
        """Write the parts, in order with all that was put here before."""
        if len(parts[-1]) > LARGE or (len(parts) > 1 and len(parts[-2]) > LARGE):
            self.flush()
            if not transport.is_closing():
                transport.writelines(parts)
            return
        waiting = self._waiting
        if not waiting:
            self._loop.call_soon(self.flush)
        waiting.append((transport, b"".join(parts) if len(parts) > 1 else parts[0]))

    def flush(self) -> None:
        """Write all that waits."""
        waiting, self._waiting = self._waiting, []
        for transport, data in waiting:
            if not transport.is_closing():
                transport.write(data)
