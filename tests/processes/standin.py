"""A worker that runs a small server of the tests' own behind the real process scaffolding.

It answers each line with its process id; a connection that has sent nothing is idle. `STANDIN` in the environment makes
it misbehave: `start` fails with a reason, `crash` ends before it is ready, `stuck` never finishes a drain.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any

from gateway.core.metrics import key
from gateway.core.model import Snapshot
from gateway.errors import StartError
from gateway.links.board import Board, Slot
from gateway.links.child import options
from gateway.proxy.copies import Copies
from gateway.proxy.events import Told
from gateway.proxy.pieces import Pieces
from gateway.proxy.process import run
from gateway.proxy.tally import Tally


class LineServer:
    """Counts what it answers; `hold` waits for `go` on the same connection before it is answered."""

    def __init__(self, snapshot: Snapshot, slot: Slot, board: Board, *, index: int, permits: int) -> None:
        self.told: Callable[[Told], None] = lambda event: None
        self.copies = Copies(asyncio.get_running_loop(), Tally(slot))
        self._slot = slot
        self._lines = slot.index(key("gateway_unkeyed_requests_total", "lines"))
        self._open = slot.index(key("gateway_connections", "client"), gauge=True)
        self._drain = snapshot.limits.drain
        self._delay = snapshot.limits.drain_delay
        self._held: set[asyncio.Task[Any]] = set()
        self._servers: list[asyncio.Server] = []
        self._draining = False
        self._ending: asyncio.Event | None = None

    async def start(self, sockets: list[socket.socket], listeners: list[int]) -> None:
        how = os.environ.get("STANDIN", "")
        if how == "start":
            raise StartError("there is no certificate")
        if how == "crash":
            os._exit(7)
        assert len(sockets) == len(listeners)
        self._servers = [await asyncio.start_server(self._serve, sock=one) for one in sockets]

    async def take(self, snapshot: Snapshot, pieces: Pieces) -> None:
        self._drain = snapshot.limits.drain
        self._delay = snapshot.limits.drain_delay

    def check(self, unhealthy: Mapping[str, frozenset[str]]) -> None:
        """It has no models."""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._slot.values[self._open] += 1
        try:
            while not self._draining and (line := await reader.readline()):
                self._held.add(task)
                if line == b"hold\n":
                    await reader.readline()
                self._slot.values[self._lines] += 1
                writer.write(b"%d\n" % os.getpid())
                await writer.drain()
                self._held.discard(task)
        except ConnectionError:
            pass
        finally:
            self._slot.values[self._open] -= 1
            self._held.discard(task)
            writer.close()

    async def drain(self, delay: bool) -> None:
        if os.environ.get("STANDIN") == "stuck":
            await asyncio.Event().wait()
        if self._ending is not None:
            self._ending.set()
            return
        self._ending = asyncio.Event()
        if delay:
            await asyncio.wait([asyncio.create_task(self._ending.wait())], timeout=self._delay)
        for server in self._servers:
            server.close()
        self._draining = True
        if self._held:
            await asyncio.wait(self._held, timeout=self._drain)

    def abort(self) -> None:
        for server in self._servers:
            server.close()


if __name__ == "__main__":
    os._exit(run(options(sys.argv[1:]), LineServer))
