"""Accepting clients: one per wake-up, so that workers which share a listening socket share its clients."""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable

from gateway.wire.server import ServerConnection
from gateway.wire.service import Service

_BODY = b'{"error":{"code":"overloaded","type":"gateway_error","message":"too many connections","request_id":""}}'
_NO_ROOM = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(_BODY), _BODY)
)
_PAUSE = 0.2
"""Seconds without accepting after the process ran out of descriptors or memory."""
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Listener:
    """One listening socket, given to it."""

    def __init__(
        self, sock: socket.socket, service: Service, tls: ssl.SSLContext | None, *, is_full: Callable[[], bool]
    ) -> None:
        self._sock = sock
        self._is_full = is_full
        self._service = service
        self.tls = tls
        """For those who connect from now on."""
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = False
        sock.setblocking(False)

    def start(self) -> None:
        """Accept from now on."""
        self._open = True
        self._loop.add_reader(self._sock.fileno(), self._accept)

    def stop(self) -> None:
        """Accept what has already arrived, and nothing more: who comes now is turned away at once, and not left waiting
        in a queue that nobody serves."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._sock.fileno())
            while self._accept():
                pass
            self._sock.close()

    def _accept(self) -> bool:
        try:
            sock, address = self._sock.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False
        except OSError as error:
            if error.errno in _EXHAUSTED and self._open:
                self._loop.remove_reader(self._sock.fileno())
                self._loop.call_later(_PAUSE, self._again)
            return False
        sock.setblocking(False)
        if self._is_full():
            self._turn_away(sock)
            return True
        peer = address[0] if isinstance(address, tuple) else ""
        task = self._loop.create_task(self._serve(sock, peer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    def _turn_away(self, sock: socket.socket) -> None:
        """Say that there is no room, where that can be said in the clear."""
        try:
            if self.tls is None:
                sock.send(_NO_ROOM)
                sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        sock.close()

    def _again(self) -> None:
        if self._open:
            self._loop.add_reader(self._sock.fileno(), self._accept)

    async def _serve(self, sock: socket.socket, peer: str) -> None:
        tls = self.tls
        secure = tls is not None
        connection = ServerConnection(self._service, peer, secure)
        wait = self._service.limits.header_timeout if secure else None
        try:
            await self._loop.connect_accepted_socket(lambda: connection, sock, ssl=tls, ssl_handshake_timeout=wait)
        except (OSError, ssl.SSLError):
            sock.close()
