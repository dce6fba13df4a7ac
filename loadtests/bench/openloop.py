"""A client that asks at a fixed rate, whether or not answers come, and counts from when each request was due.

    python -m loadtests.bench.openloop PORT --rate 1000 --seconds 2

So a proxy that stands still for a moment shows in every request that was due meanwhile, not in one alone. A request
that is due takes a connection that waits, or a new one, or, when there are as many as allowed, the first that gets
free. Prints JSON: quantiles of the latency in milliseconds, how late the client itself was, what failed.
"""

import argparse
import asyncio
import ctypes
import gc
import json
import os
import struct
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import httptools
import uvloop

from loadtests.bench.figures import quantile
from loadtests.bench.setting import PATH

MOST = 512
"""Connections."""
FIRST = 32
PATIENCE = 10.0
"""Seconds that are waited for answers at the end."""
USERS = 2000
QUANTILES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
BODY = b'{"user": {"id": "u-%d"}, "amount": [' + b"12.25, " * 140 + b"0]}"


class Ticker:
    """Calls back at a fixed rate, by a clock of the kernel's: an event loop's own timers have milliseconds only."""

    def __init__(self, rate: float, callback: Callable[[], None]) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        gap = int(1e9 / rate)
        if self._fd < 0 or libc.timerfd_settime(self._fd, 0, struct.pack("qqqq", 0, gap, 0, gap), None):
            raise OSError(ctypes.get_errno(), "no timer")
        self._callback = callback
        asyncio.get_running_loop().add_reader(self._fd, self._tick)

    def _tick(self) -> None:
        os.read(self._fd, 8)
        self._callback()

    def stop(self) -> None:
        """No more calls."""
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)


class Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, client: "Client") -> None:
        self._client = client
        self._due: float | None = None

    def connection_made(self, transport: Any) -> None:
        """Ready."""
        self._transport = transport
        self._parser = httptools.HttpResponseParser(self)
        self._client.opened(self)

    def close(self) -> None:
        """At the end."""
        self._transport.abort()

    def ask(self, request: bytes, due: float) -> None:
        """Send one that was due then."""
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """It is answered."""
        self._over(good=self._parser.get_status_code() == 200)
        # Not at once: the parser is not at rest before this call returns.
        asyncio.get_running_loop().call_soon(self._client.free, self)

    def connection_lost(self, _: Exception | None) -> None:
        """Its request, if any, has failed."""
        self._client.lost(self)
        self._over(good=False)

    def _over(self, *, good: bool) -> None:
        due, self._due = self._due, None
        if due is not None:
            self._client.over(due, good=good)


class Client:
    """All that is due, and what came of it."""

    def __init__(self, port: int, *, rate: float, seconds: float) -> None:
        self._port = port
        self._rate = rate
        self._wanted = int(rate * seconds)
        self._due = 0
        self._over = 0
        self._open = 0
        self._waiting: deque[float] = deque()
        self._idle: list[Connection] = []
        self._connections: set[Connection] = set()
        self._dialling: set[asyncio.Task[None]] = set()
        self._done = asyncio.Event()
        self._all_gone = asyncio.Event()
        self._requests = [request(number) for number in range(USERS)]
        self.latencies: list[float] = []
        self.late: list[float] = []
        self.failed = 0

    async def run(self) -> None:
        """From the first request to the last answer."""
        for _ in range(FIRST):
            await self._dial()
        self._begun = time.perf_counter()
        ticker = Ticker(self._rate, self._tick)
        try:
            await asyncio.wait_for(self._done.wait(), self._wanted / self._rate + PATIENCE)
        except TimeoutError:
            self.failed += self._wanted - self._over
        finally:
            ticker.stop()
            await self._close()

    async def _close(self) -> None:
        """Every connection, the server's side as well."""
        await asyncio.gather(*self._dialling)
        for connection in self._connections:
            connection.close()
        if self._connections:
            await asyncio.wait_for(self._all_gone.wait(), PATIENCE)

    def _tick(self) -> None:
        now = time.perf_counter()
        while self._due < self._wanted and (due := self._begun + self._due / self._rate) <= now:
            self._due += 1
            self.late.append(now - due)
            self._waiting.append(due)
        self._send()
        for _ in range(min(len(self._waiting) - len(self._dialling), MOST - self._open)):
            task = asyncio.get_running_loop().create_task(self._dial())
            self._dialling.add(task)
            task.add_done_callback(self._dialling.discard)

    async def _dial(self) -> None:
        self._open += 1
        try:
            await asyncio.get_running_loop().create_connection(lambda: Connection(self), "127.0.0.1", self._port)
        except OSError:
            self._open -= 1

    def _send(self) -> None:
        while self._waiting and self._idle:
            self._idle.pop().ask(self._requests[self._over % USERS], self._waiting.popleft())

    def opened(self, connection: Connection) -> None:
        """A new one, which can be asked."""
        self._connections.add(connection)
        self.free(connection)

    def free(self, connection: Connection) -> None:
        """It can be asked."""
        if connection in self._connections:
            self._idle.append(connection)
            self._send()

    def lost(self, connection: Connection) -> None:
        """It is gone."""
        self._open -= 1
        self._connections.discard(connection)
        if not self._connections:
            self._all_gone.set()
        if connection in self._idle:
            self._idle.remove(connection)

    def over(self, due: float, *, good: bool) -> None:
        """A request that was due then is answered, or never will be."""
        self.latencies.append(time.perf_counter() - due)
        self.failed += not good
        self._over += 1
        if self._over == self._wanted:
            self._done.set()


def request(number: int) -> bytes:
    """One of a user's."""
    body = BODY % number
    tier = "free" if number % 20 else "gold"
    head = f"POST {PATH.format(0)} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-user-id: u-{number}\r\nx-tier: {tier}\r\n"
    return f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("--rate", type=float, default=1000.0)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    gc.disable()  # what it keeps is bounded by the run, and a collection would look like a late answer
    client = Client(options.port, rate=options.rate, seconds=options.seconds)
    uvloop.run(client.run())
    found: dict[str, float] = {"failed": client.failed, "done": len(client.latencies)}
    found |= {name: quantile(client.latencies, share) * 1000 for name, share in QUANTILES.items()}
    found["late"] = quantile(client.late, QUANTILES["p99"]) * 1000
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
