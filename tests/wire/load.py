"""Many requests by clients that leave at random moments, against a small upstream of its own process.

Used by the bounded test here and by `tests/leak.py`. It knows how to make load and what a worker holds, no test.
"""

import asyncio
import contextlib
import multiprocessing
import random
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import httptools
import uvloop

from tests.support import kernel
from tests.support.gateway import Gateway

SMALL = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"4\r\nword\r\n" * 20 + b"0\r\n\r\n"
LARGE = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + bytes(200_000)
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"
ANSWERS = {b"/chunks": CHUNKS, b"/large": LARGE}
HOST = b" HTTP/1.1\r\nHost: a\r\n"
REQUESTS = [
    *[b"GET /small" + HOST + b"\r\n"] * 8,
    b"GET /chunks" + HOST + b"\r\n",
    b"GET /large" + HOST + b"\r\n",
    b"GET /late" + HOST + b"\r\n",
    b"GET /cut" + HOST + b"\r\n",
    b"GET /none" + HOST + b"\r\n",
    b"POST /small" + HOST + b"Content-Length: 5\r\n\r\nhello",
    b"POST /small" + HOST + b"Content-Length: 100000\r\n\r\n" + bytes(100_000),
    b"POST /small" + HOST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"GET /small HTTP/1.1\r\n\r\n",
    b"GET /tunnel" + HOST + b"Connection: upgrade\r\nUpgrade: x\r\n\r\nwords",
]


class Upstream(asyncio.Protocol):
    """Answers each request by its path, at once or a little later, whole or not."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.parser = httptools.HttpRequestParser(self)
        self.path = b""

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.transport.write(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
            asyncio.get_running_loop().call_later(0.01, self.transport.close)
        except httptools.HttpParserError:
            self.transport.close()

    def on_url(self, url: bytes) -> None:
        self.path = url

    def on_message_complete(self) -> None:
        if self.path == b"/late":
            asyncio.get_running_loop().call_later(0.02, self._late)
        elif self.path in {b"/none", b"/cut"}:
            self.transport.write(CUT if self.path == b"/cut" else b"")
            self.transport.close()
        elif self.path != b"/tunnel":
            self.transport.write(ANSWERS.get(self.path, SMALL))

    def _late(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(SMALL)


async def _listen(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


def _serve(port: int) -> None:
    uvloop.run(_listen(port))


@contextlib.contextmanager
def upstream() -> Iterator[str]:
    """The URL of such an upstream, in a process of its own."""
    port = kernel.free_port()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(port,), daemon=True)
    process.start()
    try:
        _wait_listening(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.join()


def _wait_listening(port: int) -> None:
    give_up = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.02)
        else:
            return


class Caller(asyncio.Protocol):
    """One client connection: sends a few requests, reads a little or a lot, then leaves in one of several ways."""

    def __init__(self, chance: random.Random, gone: "asyncio.Future[None]") -> None:
        self._chance = chance
        self._gone = gone
        self._left = chance.choice([1, 2, 5, 20, 50])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        patience = self._chance.choice([0, 0.001, 0.005, 0.03, 0.2, 1.0])
        self._alarm = asyncio.get_running_loop().call_later(patience, self._leave)
        self._next()

    def _next(self) -> None:
        batch = min(self._left, self._chance.choice([1, 1, 1, 3]))
        self._left -= batch
        data = b"".join(self._chance.choices(REQUESTS, k=batch))
        if self._chance.random() < 0.1:
            data = data[: self._chance.randrange(len(data))]
        self._transport.write(data)
        if self._chance.random() < 0.05 and self._transport.can_write_eof():
            self._transport.write_eof()
            self._left = 0

    def data_received(self, data: bytes) -> None:
        if self._left:
            self._next()

    def _leave(self) -> None:
        if self._chance.random() < 0.5:
            self._transport.abort()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._alarm.cancel()
        if not self._gone.done():
            self._gone.set_result(None)


async def _one(port: int, chance: random.Random) -> int:
    gone = asyncio.get_running_loop().create_future()
    try:
        _, caller = await asyncio.get_running_loop().create_connection(lambda: Caller(chance, gone), "127.0.0.1", port)
    except OSError:
        return 0
    before = caller._left
    await gone
    return before


async def _many(port: int, connections: int, seed: int, at_once: int) -> None:
    chance = random.Random(seed)
    left = connections

    async def lane() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await _one(port, random.Random(chance.random()))

    await asyncio.gather(*(lane() for _ in range(at_once)))


def leave_at_random(port: int, connections: int, *, seed: int, at_once: int = 64) -> None:
    """So many connections, up to `at_once` of them together; each makes up to 50 requests and leaves when it likes."""
    uvloop.run(_many(port, connections, seed, at_once))


@dataclass(frozen=True)
class Holdings:
    """What the workers hold, and what the gateway says it holds."""

    memory: int
    descriptors: int
    in_flight: float
    clients: float
    """Client connections."""
    upstream: float
    """Upstream connections, those at rest in the pools included."""


def holdings(gateway: Gateway) -> Holdings:
    """Of all workers together."""
    pids = gateway.workers
    metrics = gateway.metrics()
    return Holdings(
        memory=sum(map(kernel.memory, pids)),
        descriptors=sum(map(kernel.descriptors, pids)),
        in_flight=metrics['gateway_in_flight_requests{variant="model"}'],
        clients=metrics['gateway_connections{side="client"}'],
        upstream=metrics['gateway_connections{side="upstream"}'],
    )


def wait_idle(gateway: Gateway, timeout: float = 20.0) -> Holdings:
    """What is held once nobody is served any more, or after the time-out."""
    give_up = time.monotonic() + timeout
    while True:
        now = holdings(gateway)
        if (now.in_flight == 0 and now.clients == 0) or time.monotonic() > give_up:
            return now
        time.sleep(0.2)
