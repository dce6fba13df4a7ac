"""Streams of events: bounded in number and patience, silence filled, nothing left behind."""

import asyncio
import socket
from collections.abc import AsyncGenerator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.admin.app import errors
from gateway.admin.operations import UnavailableError
from gateway.admin.streams import Streams, paced
from gateway.core.records import Event
from tests.admin.memory import START
from tests.admin.site import Opener


def event(number: int, size: int = 0) -> Event:
    return Event(number, START, "reload_applied", "revision 1", "ci", "x" * size)


class Source:
    """Events without end, one whenever one is let go; tells when it was closed."""

    def __init__(self, size: int = 0) -> None:
        self.let_go = asyncio.Semaphore(0)
        self.is_closed = asyncio.Event()
        self._size = size

    async def events(self) -> AsyncGenerator[Event, None]:
        number = 0
        try:
            while True:
                await self.let_go.acquire()
                number += 1
                yield event(number, self._size)
        finally:
            self.is_closed.set()


async def serve(opener: Opener, streams: Streams, source: Source) -> TestClient[web.Request, web.Application]:
    async def follow(request: web.Request) -> web.StreamResponse:
        return await streams.send(request, source.events(), is_welcome=lambda: True)

    def report(where: str, error: Exception) -> None:
        raise AssertionError(where) from error

    app = web.Application(middlewares=[errors(report)])
    app.router.add_get("/", follow)
    return await opener(TestServer(app))


async def test_silence_is_filled_with_comments(aiohttp_client: Opener) -> None:
    source = Source()
    client = await serve(aiohttp_client, Streams(beat=0.01), source)
    answer = await client.get("/")
    assert await answer.content.readexactly(13 + 3 * 3) == b"retry: 2000\n\n" + b":\n\n" * 3
    source.let_go.release()
    while (block := await answer.content.readuntil(b"\n\n")) == b":\n\n":
        pass
    assert block.startswith(b"id: 1\ndata: {")
    answer.close()
    await asyncio.wait_for(source.is_closed.wait(), 5)


async def test_no_more_streams_than_there_may_be(aiohttp_client: Opener) -> None:
    """And the place of one that ends is free again."""
    source = Source()
    client = await serve(aiohttp_client, Streams(most=2, beat=0.01), source)
    first, second = await client.get("/"), await client.get("/")
    refused = await client.get("/")
    assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
    first.close()
    await asyncio.wait_for(source.is_closed.wait(), 5)
    third = await client.get("/")
    assert (second.status, third.status) == (200, 200)


async def test_a_reader_that_does_not_keep_up_is_let_go(aiohttp_client: Opener) -> None:
    """What waits for it is bounded meanwhile: not all that could be sent is taken."""
    source = Source(size=1 << 20)
    client = await serve(aiohttp_client, Streams(patience=0.2), source)
    port = client.port
    with socket.create_connection(("127.0.0.1", port)) as reader:
        reader.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in range(100):
            source.let_go.release()
        await asyncio.wait_for(source.is_closed.wait(), 10)
    assert not source.let_go.locked()


async def test_events_that_cannot_be_read_any_more_end_the_stream(aiohttp_client: Opener) -> None:
    class Lost(Source):
        async def events(self) -> AsyncGenerator[Event, None]:
            yield event(1)
            raise UnavailableError("the store is gone")

    client = await serve(aiohttp_client, Streams(), Lost())
    answer = await client.get("/")
    assert (await asyncio.wait_for(answer.content.read(), 5)).count(b"id: ") == 1


async def test_events_that_end_end_the_stream(aiohttp_client: Opener) -> None:
    class Short(Source):
        async def events(self) -> AsyncGenerator[Event, None]:
            yield event(1)

    client = await serve(aiohttp_client, Streams(), Short())
    answer = await client.get("/")
    assert (await asyncio.wait_for(answer.content.read(), 5)).count(b"id: ") == 1


async def test_an_event_cannot_break_its_line(aiohttp_client: Opener) -> None:
    class Odd(Source):
        async def events(self) -> AsyncGenerator[Event, None]:
            yield Event(7, START, "kind", "a\nid: 9\n\n", "who", "\r\n", {"x": "\n\n"})

    client = await serve(aiohttp_client, Streams(), Odd())
    answer = await client.get("/")
    sent = await asyncio.wait_for(answer.content.read(), 5)
    assert sent.count(b"\n\n") == 2
    assert b"\r" not in sent


@pytest.mark.parametrize("taken", [0, 1, 2])
async def test_what_is_followed_is_closed_wherever_the_reader_leaves(taken: int) -> None:
    source = Source()
    source.let_go.release()
    steps = paced(source.events(), beat=0.01, ended=asyncio.Event())
    for _ in range(taken):
        await anext(steps)
    await steps.aclose()
    assert source.is_closed.is_set() or not taken
    assert [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_streams_end_together(aiohttp_client: Opener) -> None:
    streams, source = Streams(), Source()
    client = await serve(aiohttp_client, streams, source)
    answers = [await client.get("/") for _ in range(3)]
    streams.end()
    assert [await asyncio.wait_for(answer.content.read(), 5) for answer in answers] == [b"retry: 2000\n\n"] * 3
    late = await client.get("/")
    assert await asyncio.wait_for(late.content.read(), 5) == b"retry: 2000\n\n"
