"""A client that sends exactly the bytes it is given and reads replies strictly.

It adds nothing and forgives nothing: what it returns is what stood on the wire. Every wait ends by itself.
"""

import socket
import ssl
import struct
from collections.abc import Iterable
from typing import Self

from tests.support import http1, kernel
from tests.support.http1 import Reply

PATIENCE = 15.0
"""Seconds until a read gives up; far above anything a test expects."""


def tcp(port: int, *, host: str = "127.0.0.1", timeout: float = PATIENCE, receive_buffer: int = 0) -> socket.socket:
    """A connected TCP socket that sends at once; `receive_buffer` bytes at most wait in it when that is given."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.settimeout(timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    try:
        sock.connect((host, port))
    except OSError:
        sock.close()
        raise
    return sock


class Client:
    """One connection to a server."""

    def __init__(
        self, port: int, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, name: str = "localhost"
    ) -> None:
        self.sock = tcp(port, host=host)
        if tls is not None:
            self.sock = _secured(self.sock, tls, name)
        self.stream = http1.Stream(self.sock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def port(self) -> int:
        """Our own port, by which the server knows us."""
        port: int = self.sock.getsockname()[1]
        return port

    def send(self, data: bytes) -> None:
        """Send it all."""
        self.sock.sendall(data)

    def send_pieces(self, pieces: Iterable[bytes], *, to_the_end: bool = False) -> None:
        """Send each piece alone: the next goes when the server has read the one before.

        Ends early once the server answers or closes, unless all is to be sent whatever it does.
        """
        for piece in pieces:
            if not to_the_end and kernel.readable(self.sock):
                return
            try:
                self.sock.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                return
            kernel.wait_read_by_peer(self.sock)

    def reply(self, method: str = "GET") -> Reply:
        """The next whole reply to a request with that method."""
        return http1.read_reply(self.stream, method=method)

    def head(self) -> Reply:
        """The next final reply's head alone; read its body by `body`."""
        return http1.read_final_head(self.stream)

    def interim(self) -> Reply:
        """The next reply's head, which must be an interim one."""
        reply = http1.read_reply_head(self.stream)
        assert 100 <= reply.status < 200, reply
        return reply

    def body(self, reply: Reply, method: str = "GET") -> Reply:
        """The rest of a reply whose head was read."""
        http1.read_reply_body(self.stream, reply, method=method)
        return reply

    def chunk(self) -> bytes:
        """The next chunk of a chunked body, empty for the final one."""
        return http1.next_chunk(self.stream)

    def exchange(self, data: bytes, method: str | None = None) -> Reply:
        """Send a whole request and read its reply; the method is the first word unless given."""
        self.send(data)
        return self.reply(method or data.split(b" ", 1)[0].decode("latin-1"))

    def get(self, target: str, *fields: str) -> Reply:
        """A plain GET and its reply."""
        return self.exchange(request("GET", target, *fields))

    def post(self, target: str, body: bytes, *fields: str) -> Reply:
        """A POST with a length and its reply."""
        return self.exchange(request("POST", target, *fields, body=body))

    def expect_end(self) -> None:
        """The server closes without another byte, cleanly or by reset."""
        try:
            rest = self.stream.rest()
        except ConnectionResetError:
            rest = self.stream.pending
        assert rest == b"", rest[:200]

    def is_open(self, wait: float = 0.0) -> bool:
        """Whether the server has neither closed nor sent anything unasked within that time."""
        return not self.stream.pending and not kernel.readable(self.sock, wait)

    def end_sending(self) -> None:
        """Close our half."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Go with a TCP reset."""
        reset(self.sock)

    def close(self) -> None:
        """Go."""
        self.sock.close()


def _secured(sock: socket.socket, tls: ssl.SSLContext, name: str) -> ssl.SSLSocket:
    try:
        return tls.wrap_socket(sock, server_hostname=name)
    except OSError:
        sock.close()
        raise


def reset(sock: socket.socket) -> None:
    """Close with a TCP reset instead of an orderly end."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def request(
    method: str, target: str, *fields: str, body: bytes | None = None, host: str = "gateway.test", version: str = "1.1"
) -> bytes:
    """The bytes of a request: Host first, then the fields as given, then Content-Length when there is a body."""
    lines = [f"{method} {target} HTTP/{version}", f"Host: {host}", *fields]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def chunked(*parts: bytes, trailer: bytes = b"") -> bytes:
    """A whole chunked body with these chunks."""
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n" + trailer + b"\r\n"
