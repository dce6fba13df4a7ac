"""One request to a variant and its reply, within its times and within bounds of memory.

It decides when enough was read and what a failure is called. It must not know what the reply is for.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from time import monotonic
from typing import NamedTuple, Protocol, TypeVar

from gateway.core.copies import Fields, Observation
from gateway.shadow.errors import UncomparedError
from gateway.shadow.incoming import Incoming, LostError
from gateway.shadow.pools import Pool, Site, UnreachableError
from gateway.shadow.requests import Request, lines
from gateway.wire.client import ClientConnection
from gateway.wire.fields import HOP_BY_HOP, is_event_stream, nominated

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

    def __init__(self, incoming: Incoming, sent: float, moved: Callable[[], None]) -> None:
        self.status = incoming.status
        self._incoming = incoming
        self._sent = sent
        self._moved = moved

    @property
    def fields(self) -> Fields:
        """Those that are not of one connection."""
        fields = self._incoming.fields
        dropped = HOP_BY_HOP | nominated(fields)
        return tuple((name, value) for low, name, value, _ in fields if low not in dropped)

    @property
    def waited(self) -> float:
        """Seconds from when the request went out to the last that came."""
        return self._incoming.came - self._sent

    @property
    def is_event_stream(self) -> bool:
        """Whether it is a stream of server-sent events."""
        return is_event_stream(self._incoming.fields)

    async def pieces(self, *, moves: bool = True) -> AsyncIterator[bytes]:
        """Its body, as it comes; unless it `moves`, the time for the first byte still runs."""
        async for piece in self._incoming.pieces():
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
    try:
        async with pool.patience.within(clocks.total) as limit:
            site = await _chosen(pool, clocks.connect)
            with site.called():
                incoming, sent = await _answered(site, request, clocks.connect, lambda: limit.allow(clocks.first_byte))
                try:
                    return await read(Reply(incoming, sent, lambda: limit.allow(clocks.idle)))
                finally:
                    incoming.let_go()
    except UnreachableError as error:
        raise UncomparedError("error", "connect") from error
    except TimeoutError as error:
        raise UncomparedError("error", "timeout") from error
    except LostError as error:
        raise UncomparedError("error", "reply") from error


async def _chosen(pool: Pool, within: float) -> Site:
    if not pool.is_ready:
        try:
            async with pool.patience.within(within):
                await pool.get_ready()
        except TimeoutError as error:
            raise UnreachableError from error
    return pool.choose()


async def _answered(site: Site, request: Request, within: float, started: Callable[[], None]) -> tuple[Incoming, float]:
    """The reply, whose head has come, and when its request was sent. A connection that the other side closed while it
    was free is replaced."""
    free = site.connections.take()
    if free is not None:
        try:
            return await _sent(free, site, request, started)
        except LostError:
            if not free.unread:
                raise
    return await _sent(await site.connect(within), site, request, started)


async def _sent(
    connection: ClientConnection, site: Site, request: Request, started: Callable[[], None]
) -> tuple[Incoming, float]:
    is_head = request.method == b"HEAD"
    incoming, sent = Incoming(connection, is_head=is_head), monotonic()
    started()
    connection.send(incoming, lines(request, site.authority), whole=True, plain=not is_head)
    try:
        await incoming.begun()
    except BaseException:
        incoming.let_go()
        raise
    return incoming, sent
