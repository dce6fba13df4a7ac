"""One request to a variant and its reply, within its times and within bounds of memory.

It decides when enough was read and what a failure is called. It must not know what the reply is for.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple, Protocol, TypeVar

import aiohttp
from yarl import URL

from gateway.core.copies import Fields, Observation
from gateway.shadow.errors import UncomparedError
from gateway.shadow.pools import Pool, Site, Times, UnreachableError
from gateway.shadow.requests import Request
from gateway.wire.fields import HOP_BY_HOP, tokens

T = TypeVar("T")
FOREVER = float("inf")


class Room(Protocol):
    """Memory that many share."""

    def take(self, size: int) -> bool:
        """Whether so many bytes more may be held."""


class Clocks(NamedTuple):
    """Seconds for the parts of an exchange: until there is a connection, from then to the reply's head, between two
    pieces of it, and for all."""

    connect: float
    total: float
    first_byte: float = FOREVER
    idle: float = FOREVER


class Reply:
    """A reply whose head has come. `moved` is called for each piece of it."""

    def __init__(self, response: aiohttp.ClientResponse, begun: float, moved: Callable[[], None]) -> None:
        self.status = response.status
        self.fields = _end_to_end(response.raw_headers)
        self._response = response
        self._begun = begun
        self._moved = moved

    @property
    def waited(self) -> float:
        """Seconds since the request went out."""
        return time.monotonic() - self._begun

    @property
    def is_event_stream(self) -> bool:
        """Whether it is a stream of server-sent events."""
        return self._response.content_type == "text/event-stream"

    async def pieces(self, *, moves: bool = True) -> AsyncIterator[bytes]:
        """Its body, as it comes; unless it `moves`, the time for the first byte still runs."""
        while piece := await self._response.content.readany():
            if moves:
                self._moved()
            yield piece

    async def skip(self, most: int) -> None:
        """Read so many bytes of it, or a few more, to no use."""
        size = 0
        async for piece in self.pieces():
            size += len(piece)
            if size >= most:
                return

    async def whole(self, most: int, room: Room) -> Observation:
        """All of it; UncomparedError above `most` bytes, or where there is no room for it."""
        pieces, size = [], 0
        async for piece in self.pieces():
            size += len(piece)
            if size > most:
                raise UncomparedError("ignored", "large_reply")
            if not room.take(len(piece)):
                raise UncomparedError("dropped", "bytes")
            pieces.append(piece)
        return Observation(self.status, self.fields, b"".join(pieces), self.waited)


async def exchange(pool: Pool, request: Request, clocks: Clocks, read: Callable[[Reply], Awaitable[T]]) -> T:
    """What `read` makes of the reply to a request; UncomparedError when there is none, or it breaks off."""
    now = asyncio.get_running_loop().time
    latest = now() + clocks.total
    try:
        async with asyncio.timeout_at(latest) as limit:

            def allow(seconds: float) -> None:
                if seconds != FOREVER:
                    limit.reschedule(min(latest, now() + seconds))

            site = await _chosen(pool, clocks.connect)
            with site.called():
                times = Times(lambda: allow(clocks.first_byte))
                response = await _response(site, request, times, clocks.connect)
                try:
                    return await read(Reply(response, times.begun, lambda: allow(clocks.idle)))
                finally:
                    _let_go(response)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, UnreachableError) as error:
        raise UncomparedError("error", "connect") from error
    except TimeoutError as error:
        raise UncomparedError("error", "timeout") from error
    except (aiohttp.ClientError, OSError) as error:
        raise UncomparedError("error", "reply") from error


async def _chosen(pool: Pool, within: float) -> Site:
    if not pool.is_ready:
        try:
            async with asyncio.timeout(within):
                await pool.get_ready()
        except TimeoutError as error:
            raise UnreachableError from error
    return pool.choose()


async def _response(site: Site, request: Request, times: Times, connect: float) -> aiohttp.ClientResponse:
    """The head of the reply. A connection that the other side closed while it was free is replaced."""
    while True:
        times.is_reused = False
        try:
            return await site.session.request(
                request.method,
                URL(site.origin + request.target, encoded=True),
                headers=[("Host", request.host or site.authority), *request.fields],
                data=request.body or None,
                allow_redirects=False,
                ssl=site.tls,
                server_hostname=site.server_name,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect),
                trace_request_ctx=times,
            )
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            if not times.is_reused:
                raise


def _let_go(response: aiohttp.ClientResponse) -> None:
    """The connection serves again only where all of the reply was read."""
    if response.content.at_eof():
        response.release()
    else:
        response.close()


def _end_to_end(fields: Fields) -> Fields:
    """Without those of one connection."""
    named = {token for name, value in fields if name.lower() == b"connection" for token in tokens(value)}
    dropped = HOP_BY_HOP | named
    return tuple((name, value) for name, value in fields if name.lower() not in dropped)
