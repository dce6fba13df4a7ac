"""After a 101: two connections joined byte for byte, with back-pressure both ways, until both halves have ended."""

import asyncio
from collections.abc import Callable

from gateway.wire.client import ClientConnection
from gateway.wire.request import Request
from gateway.wire.server import ServerConnection
from gateway.wire.service import Service


class TunnelEnd(asyncio.Protocol):
    """One side of a tunnel; what it receives is written to the other."""

    __slots__ = ("_done", "_ended", "_other", "_service", "_since", "_wait", "transport")

    def __init__(self, transport: asyncio.Transport, service: Service, wait: float, done: Callable[[], None]) -> None:
        self.transport: asyncio.Transport | None = transport
        self._service = service
        self._wait = wait
        self._done = done
        self._ended = False
        self._other: TunnelEnd | None = None
        self._since = service.clock()

    def pair(self, other: "TunnelEnd") -> None:
        """Join the two ends."""
        self._other, other._other = other, self

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        other = self._other
        self._since = self._service.clock()
        if other is not None and other.transport is not None:
            other.transport.write(data)

    def eof_received(self) -> bool:
        """This half has ended; the other may go on, unless it has ended before."""
        self._ended = True
        other = self._other
        if other is None or other._ended or other.transport is None or not other.transport.can_write_eof():
            return False
        other.transport.write_eof()
        return True

    def pause_writing(self) -> None:
        """This side is slow: read less from the other."""
        if self._other is not None and self._other.transport is not None:
            self._other.transport.pause_reading()

    def resume_writing(self) -> None:
        """This side has caught up."""
        if self._other is not None and self._other.transport is not None:
            self._other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """This side is gone: end the other too."""
        self.transport = None
        self._service.members.discard(self)
        other, self._other = self._other, None
        if other is None:
            self._done()
        elif other.transport is not None:
            self._service.members.add(other)
            other.transport.close()
        else:
            self._done()

    def sweep(self, now: float) -> None:
        """End a tunnel in which nothing moves in either direction."""
        other = self._other
        latest = max(self._since, other._since) if other is not None else self._since
        if now - latest > self._wait:
            self.kill()

    def bound(self, unread: int) -> None:
        """A tunnel keeps the transport's own, small bounds."""

    def drain(self) -> None:
        """A tunnel is in flight until it ends by itself."""

    def kill(self) -> None:
        """End both sides now."""
        for end in (self, self._other):
            if end is not None and end.transport is not None:
                end.transport.abort()


def switch(
    request: Request, connection: ClientConnection, head: list[bytes], *, idle: float, done: Callable[[], None]
) -> None:
    """Answer an upgrade with `head` and make its two connections a tunnel, which ends after `idle` seconds without a
    byte; `done` is called once, at its end."""
    client_side = request.connection
    assert isinstance(client_side, ServerConnection)
    service = client_side.service
    client, upstream = client_side.detach(), connection.detach()
    tail = client_side.intake.tail or []
    assert client is not None
    assert upstream is not None
    ends = TunnelEnd(client, service, idle, done), TunnelEnd(upstream, service, idle, done)
    service.members.add(ends[0])  # for both, as long as it is there
    ends[0].pair(ends[1])
    for transport, end in zip((client, upstream), ends, strict=True):
        transport.set_protocol(end)
        transport.resume_reading()
    client.writelines(head)
    upstream.writelines(tail)
