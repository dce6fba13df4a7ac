"""Events as server-sent events: one stream for each who follows, bounded in number and in patience.

It decides how an event is written, how silence is filled, and when a stream ends. A reader that does not keep up is let
go: it comes back with `Last-Event-ID` and has missed nothing.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from aiohttp import web

from gateway.admin import answers
from gateway.admin.operations import UnavailableError
from gateway.admin.refusals import unavailable
from gateway.core.records import Event

MOST = 64
"""Streams open at once."""
BEAT = 15.0
"""Seconds of silence after which a comment is sent, so that nothing in between takes the connection for dead."""
PATIENCE = 30.0
"""Seconds a reader may take to make room."""
BEGINNING = b"retry: 2000\n\n"
"""Milliseconds after which a reader that lost its stream comes back."""
COMMENT = b":\n\n"

Events = AsyncGenerator[Event, None]


class Streams:
    """All that are open."""

    def __init__(self, *, most: int = MOST, beat: float = BEAT, patience: float = PATIENCE) -> None:
        self._most = most
        self._beat = beat
        self._patience = patience
        self._count = 0
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Ends every stream, for good."""
        self._ended.set()

    async def send(self, request: web.Request, events: Events, *, is_welcome: Callable[[], bool]) -> web.StreamResponse:
        """Writes events until the reader goes, is no longer welcome, or does not keep up, or until all streams end."""
        if self._count >= self._most:
            raise unavailable(f"{self._most} streams of events are open, the most there may be")
        self._count += 1
        try:
            return await self._send(request, events, is_welcome)
        finally:
            self._count -= 1

    async def _send(self, request: web.Request, events: Events, is_welcome: Callable[[], bool]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        await response.prepare(request)
        try:
            await self._write(response, BEGINNING)
            async with aclosing(paced(events, beat=self._beat, ended=self._ended)) as steps:
                async for event in steps:
                    if not is_welcome():
                        break
                    await self._write(response, COMMENT if event is None else written(event))
        except (ConnectionError, UnavailableError):
            pass
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        return response

    async def _write(self, response: web.StreamResponse, data: bytes) -> None:
        async with asyncio.timeout(self._patience):
            await response.write(data)


def written(event: Event) -> bytes:
    """One event of a stream. It has no name of its own, so that every reader's handler of messages gets it."""
    data = answers.Event.model_validate(event).model_dump_json()
    return f"id: {event.id}\ndata: {data}\n\n".encode()


async def paced(events: Events, *, beat: float, ended: asyncio.Event) -> AsyncGenerator[Event | None, None]:
    """The events as they come, and None whenever there was none for a while; until they end, or `ended`."""
    end = asyncio.create_task(ended.wait(), name="end")
    coming: asyncio.Task[Event | None] | None = None
    try:
        while True:
            coming = coming or asyncio.create_task(_next(events), name="next event")
            await asyncio.wait((coming, end), timeout=beat, return_when=asyncio.FIRST_COMPLETED)
            if end.done():
                return
            if not coming.done():
                yield None
                continue
            event, coming = coming.result(), None
            if event is None:
                return
            yield event
    finally:
        await _cancel(end, coming)
        await events.aclose()


async def _next(events: Events) -> Event | None:
    return await anext(events, None)


async def _cancel(*tasks: "asyncio.Task[Any] | None") -> None:
    started = [each for each in tasks if each is not None]
    for each in started:
        each.cancel()
    await asyncio.gather(*started, return_exceptions=True)
