"""The connections to one address: free ones are kept, the last used is taken first, new ones are opened aside."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from gateway.wire.client import ClientConnection
from gateway.wire.outbox import Outbox

_KEEP = 60.0
"""Seconds a free connection is kept."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect to: a numeric host and port, or a Unix socket's path; with TLS where a context is given."""

    host: str = ""
    port: int = 0
    path: str = ""
    tls: ssl.SSLContext | None = None
    server_name: str | None = None


class Opening:
    """A connection on its way; `cancel` when nobody waits for it any more."""

    __slots__ = ("task",)

    def __init__(self, task: "asyncio.Task[None]") -> None:
        self.task = task

    def cancel(self) -> None:
        """Give up connecting."""
        self.task.cancel()


class Connections:
    """All connections to one address."""

    def __init__(self, address: Address, loop: asyncio.AbstractEventLoop, outbox: Outbox) -> None:
        self.address = address
        self.outbox = outbox
        self._loop = loop
        self._free: list[ClientConnection] = []
        self._all: set[ClientConnection] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._all)

    def take(self) -> ClientConnection | None:
        """A free connection, the one used last, or None."""
        while self._free:
            connection = self._free.pop()
            if connection.transport is not None and not connection.transport.is_closing():
                return connection
        return None

    def open(self, opened: Callable[[ClientConnection], None], failed: Callable[[str], None]) -> Opening:
        """Connect; exactly one of the two is called later, or neither after `cancel`. Where there was a free one, which
        the caller could not use, the one that was used longest ago is closed for it: so there are never more than were
        needed at once."""
        task = self._loop.create_task(self._open(opened, failed, replaces=bool(self._free)))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
        return Opening(task)

    async def connect(self) -> ClientConnection:
        """A new connection; OSError, ssl.SSLError or ssl.CertificateError where there is none."""
        connection = ClientConnection(self)
        try:
            await self._make(connection)
        except BaseException:
            connection.end()  # it may have been made, and is not told that it is no more
            raise
        self._all.add(connection)
        return connection

    def free(self, connection: ClientConnection) -> None:
        """Take a connection back that may serve again."""
        if self._closed:
            connection.close()
            return
        connection.since = 0.0
        self._free.append(connection)

    def gone(self, connection: ClientConnection) -> None:
        """A connection has ended."""
        self._all.discard(connection)
        if connection.caller is None and connection in self._free:
            self._free.remove(connection)

    def sweep(self, now: float) -> None:
        """Close what has been free for too long."""
        for connection in list(self._free):
            if not connection.since:
                connection.since = now
            elif now - connection.since > _KEEP:
                connection.close()

    def close(self) -> None:
        """Close the free connections now, and the others when they become free."""
        self._closed = True
        for connection in list(self._free):
            connection.close()

    async def _open(
        self, opened: Callable[[ClientConnection], None], failed: Callable[[str], None], *, replaces: bool
    ) -> None:
        try:
            connection = await self.connect()
        except (OSError, ssl.SSLError, ssl.CertificateError) as error:
            failed(_reason(error))
        else:
            if replaces and self._free:
                self._free.pop(0).close()
            opened(connection)

    async def _make(self, connection: ClientConnection) -> None:
        address = self.address
        if address.path:
            await self._loop.create_unix_connection(lambda: connection, address.path)
        else:
            await self._loop.create_connection(
                lambda: connection,
                address.host,
                address.port,
                ssl=address.tls,
                server_hostname=address.server_name,
            )


def _reason(error: Exception) -> str:
    """What went wrong, for the caller's eyes: no address, no path."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, (ssl.SSLError, ssl.CertificateError)):
        return "the TLS handshake failed"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, (ConnectionResetError, ConnectionAbortedError)):
        return "the connection was closed while it was being made"
    return "it cannot be reached"
