"""A recording upstream: it keeps every byte it receives, reads it strictly, and answers by script.

A script is a function of a connection and a request whose head was read; it reads the body when it likes, sends what it
likes, and may close, reset or wait for events. Each connection has a thread, so a script is written as it happens.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from tests.support import client, http1
from tests.support.http1 import MalformedError, Request, TruncatedError

PATIENCE = 20.0


class Connection:
    """One connection that the gateway made to us."""

    def __init__(self, sock: socket.socket, origin: "Origin") -> None:
        self.sock = sock
        self.origin = origin
        self.stream = http1.Stream(sock)
        self.requests: list[Request] = []
        self.gone = threading.Event()
        """Set once the connection is over for both sides."""
        self.finished = False
        """Whether our side has closed."""

    @property
    def received(self) -> bytes:
        """Every byte that came."""
        return bytes(self.stream.received)

    def read_body(self, request: Request) -> bytes:
        """The rest of the request; `TruncatedError` when the gateway broke it off."""
        if not request.complete:
            http1.read_body(self.stream, request, length=http1.request_length(request))
        return request.body

    def send(self, *pieces: bytes) -> None:
        """Send them, each in a segment of its own as far as the kernel lets us."""
        for piece in pieces:
            self.sock.sendall(piece)

    def half_close(self) -> None:
        """Close our half; what the gateway sends is still read."""
        self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close in order: without a reset as far as nothing unread is left."""
        self.finished = True
        self.sock.close()

    def reset(self) -> None:
        """Close with a TCP reset."""
        self.finished = True
        client.reset(self.sock)

    def wait_gone(self) -> None:
        """Read until the gateway closes; TimeoutError when it does not."""
        try:
            while self.stream.more():
                pass
        except ConnectionResetError:
            pass
        except OSError:
            if self.sock.fileno() >= 0:
                raise
            # Its own thread has closed it meanwhile: it had come to the end as well.
        self.gone.set()


Script = Callable[[Connection, Request], None]


def marked(connection: Connection, request: Request) -> None:
    """The usual answer: 200 with the target in the body, so that every reply tells whose it is."""
    connection.read_body(request)
    body = b"" if request.method == "HEAD" else marker(request.target)
    connection.send(reply(body, length=len(marker(request.target))))


def marker(target: str) -> bytes:
    """What `marked` answers to that target."""
    return b"answer to " + target.encode()


def reply(body: bytes = b"", *fields: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """The bytes of a reply with a length, and that of the body unless another is told."""
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", *fields, f"Content-Length: {size}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def canned(*pieces: bytes, close: bool = False) -> Script:
    """Read the whole request, then send exactly these bytes, and close the connection if told so."""

    def script(connection: Connection, request: Request) -> None:
        connection.read_body(request)
        connection.send(*pieces)
        if close:
            connection.close()

    return script


class Origin:
    """A server on a free port (or a Unix socket) that records and answers by script."""

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, path: Path | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.tls = tls
        self.path = path
        self.host = host
        self.answer: Script = marked
        self.answers: dict[str, Script] = {}
        self.greet: Callable[[Connection], None] | None = None
        """Called for a new connection before anything is read of it."""
        self.connections: list[Connection] = []
        self.requests: list[Request] = []
        """Every request whose head came, in order; `complete` tells whether its body did."""
        self.faults: list[str] = []
        """What a script or the strict reading found wrong; must stay empty."""
        self._changed = threading.Condition()
        self._listener = self._listen(port)
        self.port = 0 if path else int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._stopped = False
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """As an endpoint of the configuration."""
        if self.path is not None:
            return f"unix:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    def clear(self) -> None:
        """Forget the requests and the scripts, keep the connections open."""
        with self._changed:
            self.requests.clear()
            self.connections = [known for known in self.connections if not known.gone.is_set()]
            self.answers.clear()
            self.answer, self.greet = marked, None

    @contextlib.contextmanager
    def answering(self, script: Script) -> Iterator[Self]:
        """Answer every request so for a while."""
        before, self.answer = self.answer, script
        try:
            yield self
        finally:
            self.answer = before

    def wait_requests(self, count: int, timeout: float = PATIENCE) -> list[Request]:
        """The requests, once that many complete ones are there."""
        with self._changed:
            there = self._changed.wait_for(lambda: len(self.complete) >= count, timeout)
        assert there, f"{len(self.complete)} of {count} requests came"
        return self.complete

    def wait_heads(self, count: int, timeout: float = PATIENCE) -> list[Request]:
        """The requests, once that many heads are there."""
        with self._changed:
            there = self._changed.wait_for(lambda: len(self.requests) >= count, timeout)
        assert there, f"{len(self.requests)} of {count} request heads came"
        return self.requests

    @property
    def complete(self) -> list[Request]:
        """The requests that came whole."""
        return [request for request in self.requests if request.complete]

    @property
    def alive(self) -> list[Connection]:
        """Connections neither side has ended."""
        return [known for known in self.connections if not known.gone.is_set()]

    def close_idle(self) -> None:
        """Close every open connection in order, as a server does whose keep-alive time is over."""
        for known in self.alive:
            known.finished = True
            with contextlib.suppress(OSError):
                known.sock.shutdown(socket.SHUT_RDWR)
        for known in self.alive:
            known.gone.wait(PATIENCE)

    def stop(self) -> None:
        """End the listener and every connection."""
        self._stopped = True
        for sock in [self._listener, *(known.sock for known in self.connections)]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a script of the origin does not end"
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def _listen(self, port: int) -> socket.socket:
        if self.path is not None:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(self.path))
        else:
            listener = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, port))
        listener.listen(512)
        return listener

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(PATIENCE)
            thread = threading.Thread(target=self._run, args=(sock,), daemon=True)
            self._threads = [known for known in self._threads if known.is_alive()] + [thread]
            thread.start()

    def _run(self, sock: socket.socket) -> None:
        if self.path is None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self.tls is not None:
                sock = self.tls.wrap_socket(sock, server_side=True)
        except OSError:
            sock.close()
            return
        connection = Connection(sock, self)
        with self._changed:
            self.connections.append(connection)
        try:
            self._serve(connection)
        except MalformedError as error:
            self.faults.append(f"{error}: {connection.received[-500:]!r}")
        except (OSError, EOFError) as error:
            self._ended(connection, error)
        finally:
            connection.gone.set()
            sock.close()
            with self._changed:
                self._changed.notify_all()

    def _ended(self, connection: Connection, error: Exception) -> None:
        """Note an end that was nobody's plan: a wait that never came to its end."""
        if isinstance(error, TimeoutError) and not (self._stopped or connection.finished):
            self.faults.append(f"waited in vain: {connection.received[-500:]!r}")

    def _serve(self, connection: Connection) -> None:
        if self.greet is not None:
            self.greet(connection)
        while not connection.finished:
            try:
                self._rest(connection)
                request = http1.read_request_head(connection.stream)
            except TruncatedError as cut:
                if cut.partial is None and not connection.finished and not self._stopped:
                    self.faults.append(f"half a head: {connection.received[-500:]!r}")
                return
            connection.requests.append(request)
            with self._changed:
                self.requests.append(request)
                self._changed.notify_all()
            self._answer(connection, request)

    def _rest(self, connection: Connection) -> None:
        """Wait for the next request as long as it takes; what has begun must come in time."""
        stream = connection.stream
        if not stream.pending:
            connection.sock.settimeout(None)
            stream.more()
            connection.sock.settimeout(PATIENCE)

    def _answer(self, connection: Connection, request: Request) -> None:
        """Run the script for a request; a body nobody read is read afterwards, so that the next head is one."""
        script = self.answers.get(request.path, self.answer)
        try:
            script(connection, request)
            if not connection.finished:
                connection.read_body(request)
        finally:
            with self._changed:
                self._changed.notify_all()
