"""Attacks that ask too much instead of asking wrongly: many clients that are slow, sudden, wordy, or never the same.

Each keeps on until it is told to stop, with so many connections or requests; it knows nothing of what the gateway makes
of it. `besieged` runs one in a process of its own.
"""

import asyncio
import contextlib
import multiprocessing
import resource
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from multiprocessing.synchronize import Event

import uvloop

HOST = b"Host: gateway.test\r\n"
CALLERS = 16
"""Connections that a flood of requests comes by."""
LARGE = b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def _connected(port: int, *, buffer: int = 0) -> AsyncIterator[Streams]:
    """A connection, with so small a receive buffer where one is given."""
    sock = socket.socket()
    sock.setblocking(False)
    if buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    try:
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=sock)
    except OSError:
        sock.close()
        raise
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _again(each: Callable[[int], Awaitable[None]], number: int) -> None:
    """One attacker: comes back whenever it is turned away."""
    while True:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await each(number)
        await asyncio.sleep(0.05)


async def _crowd(each: Callable[[int], Awaitable[None]], size: int) -> None:
    async with asyncio.TaskGroup() as tasks:
        for number in range(size):
            tasks.create_task(_again(each, number))
            if number % 100 == 99:
                await asyncio.sleep(0.01)


async def slow_loris(port: int, size: int) -> None:
    """So many connections, each sending a head that never ends, a field every two seconds."""

    async def one(number: int) -> None:
        async with _connected(port) as (_, writer):
            writer.write(b"GET /small HTTP/1.1\r\n" + HOST)
            while not writer.is_closing():
                writer.write(b"A: b\r\n")
                await asyncio.sleep(2)

    await _crowd(one, size)


async def slow_bodies(port: int, size: int) -> None:
    """So many connections, each sending a body that never ends, a byte every half second."""

    async def one(number: int) -> None:
        async with _connected(port) as (_, writer):
            writer.write(b"POST /small HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n")
            while not writer.is_closing():
                writer.write(b"x")
                await asyncio.sleep(0.5)

    await _crowd(one, size)


async def slow_readers(port: int, size: int) -> None:
    """So many connections, each asking for 12 MB in all and reading next to nothing of it."""

    async def one(number: int) -> None:
        async with _connected(port, buffer=4096) as (_, writer):
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(LARGE * 60)
            await asyncio.sleep(3600)

    await _crowd(one, size)


async def connection_flood(port: int, size: int) -> None:
    """So many connections a second that come and go without a word."""

    async def one() -> None:
        with contextlib.suppress(OSError):
            async with _connected(port):
                pass

    await _paced(lambda number: one(), rate=size, limit=None)


async def header_flood(port: int, size: int) -> None:
    """So many requests a second with 700 fields that are never the same, 30 kB each."""

    def head(number: int) -> bytes:
        return (
            b"GET /small HTTP/1.1\r\n"
            + HOST
            + b"".join(b"X-%d-%d: %030d\r\n" % (number, at, at) for at in range(700))
            + b"\r\n"
        )

    await _requests(port, head, rate=size)


async def too_large_heads(port: int, size: int) -> None:
    """So many requests a second whose head is larger than the limit; each ends its connection."""
    head = b"GET /small HTTP/1.1\r\n" + HOST + b"A: %s\r\n\r\n" % (b"b" * 60_000)
    await _requests(port, lambda number: head, rate=size)


async def unknown_paths(port: int, size: int) -> None:
    """So many requests in all for paths that are never the same and that no route takes."""
    await _requests(port, lambda number: b"GET /nobody/%d HTTP/1.1\r\n" % number + HOST + b"\r\n", limit=size)


async def distinct_callers(port: int, size: int) -> None:
    """So many requests in all, each with a targeting key, user agent and cookie of its own."""

    def head(number: int) -> bytes:
        own = b"X-User-Id: user-%d\r\nUser-Agent: agent/%d\r\nCookie: a=%d\r\n" % (number, number, number)
        return b"GET /small?page=%d HTTP/1.1\r\n" % number + HOST + own + b"\r\n"

    await _requests(port, head, limit=size)


async def _requests(port: int, head: Callable[[int], bytes], *, rate: int = 1_000, limit: int | None = None) -> None:
    """So many requests a second by a few connections, each answered before its connection sends the next."""
    numbers: asyncio.Queue[int] = asyncio.Queue(CALLERS)

    async def caller(_: int) -> None:
        async with _connected(port) as (reader, writer):
            while True:
                writer.write(head(await numbers.get()))
                answer = await reader.readuntil(b"\r\n\r\n")
                length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)

    async with asyncio.TaskGroup() as tasks:
        for number in range(CALLERS):
            tasks.create_task(_again(caller, number))
        await _paced(numbers.put, rate=rate, limit=limit)
        for task in tasks._tasks:
            task.cancel()


async def _paced(each: Callable[[int], Awaitable[None]], *, rate: int, limit: int | None) -> None:
    """Call it so often a second, `limit` times in all."""
    loop = asyncio.get_running_loop()
    start, number = loop.time(), 0
    while limit is None or number < limit:
        await each(number)
        number += 1
        ahead = number / rate - (loop.time() - start)
        if ahead > 0.002:
            await asyncio.sleep(ahead)


LOADS: dict[str, tuple[Callable[[int, int], Awaitable[None]], int]] = {
    "slow-loris": (slow_loris, 5_000),
    "slow bodies": (slow_bodies, 500),
    "slow readers": (slow_readers, 1_000),
    "connection flood": (connection_flood, 1_000),
    "header flood": (header_flood, 100),
    "heads too large": (too_large_heads, 200),
    "unknown paths": (unknown_paths, 100_000),
    "distinct callers": (distinct_callers, 100_000),
}
"""Each attack and its full size: connections, or requests a second, or in all."""


async def _until(done: Event, attack: Awaitable[None], begun: Event) -> None:
    task = asyncio.ensure_future(attack)
    begun.set()
    while not done.is_set() and not task.done():
        await asyncio.sleep(0.05)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _run(name: str, port: int, size: int, *, begun: Event, done: Event, over: Event) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        uvloop.run(_until(done, LOADS[name][0](port, size), begun))
    finally:
        over.set()


@contextlib.contextmanager
def besieged(name: str, port: int, size: int) -> Iterator[Event]:
    """While that attack is under way; the event is set when it has sent all it has to send."""
    context = multiprocessing.get_context("spawn")
    begun, done, over = context.Event(), context.Event(), context.Event()
    events = {"begun": begun, "done": done, "over": over}
    process = context.Process(target=_run, args=(name, port, size), kwargs=events, daemon=True)
    process.start()
    try:
        assert begun.wait(30), "the attack does not begin"
        yield over
    finally:
        done.set()
        process.join(30)
        if process.is_alive():
            process.kill()
            process.join()
