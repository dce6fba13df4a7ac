"""One request of a client and the reply that goes back for it.

`ServerConnection` fills it while bytes arrive; whoever handles it reads it, becomes its `receiver`, and writes the
reply. The framing of the reply is made here, and only here, so that it is never ambiguous.
"""

from typing import Protocol

from gateway.errors import Refusal
from gateway.wire.fields import Field

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"


class Receiver(Protocol):
    """What the one who handles a request is told after it was handed over."""

    def on_body(self, data: bytes) -> None:
        """More of the body."""

    def on_body_end(self) -> None:
        """The body is complete."""

    def on_refused(self, refusal: Refusal) -> None:
        """The rest of the request is malformed, too large or too slow; nothing more of it will come."""

    def on_gone(self) -> None:
        """The client left; nothing can be written any more."""

    def on_client_full(self) -> None:
        """The client reads slower than the reply comes."""

    def on_client_ready(self) -> None:
        """The client has caught up."""


class Connection(Protocol):
    """What a request needs of the connection it came by."""

    out: list[bytes]
    closing: bool
    peer: str
    secure: bool
    memo: tuple[bytes, bytes] | None
    """For whoever handles requests, to remember something of this client."""

    def flush(self) -> None:
        """Write what has been put into `out`."""

    def answer(self, parts: list[bytes]) -> None:
        """Write the whole reply of the active request."""

    def reply_done(self) -> None:
        """The reply of the active request is complete."""

    def abort(self) -> None:
        """End the connection so that the client cannot take the reply for complete."""

    def hold(self, on: bool) -> None:
        """Stop or go on reading the body of the active request."""


class Head:
    """The head of a request that came whole; the same one may come again. `known` is for whoever handles requests, to
    remember what follows from it. `varying` are the places of those fields that others like it have otherwise."""

    __slots__ = ("fields", "headers", "host", "known", "length", "method", "path", "query", "target", "varying")

    def __init__(self, method: bytes, target: bytes, host: bytes) -> None:
        self.method = method
        self.target = target
        self.path, _, self.query = target.partition(b"?")
        self.host = host
        self.fields: list[Field] = []
        self.headers: dict[bytes, bytes] = {}
        self.length: int | None = None
        self.known: object = None
        self.varying: tuple[int, ...] = ()


class Request:
    """A request's head, what has come of its body, and the way to answer it."""

    # Defaults stand here rather than in __init__, since a request is made for each call and most of them stay.
    head: Head | None = None
    """Its head as such, where the request came whole."""
    method = b""
    target = b""
    path = b""
    query = b""
    version = "1.1"
    host: bytes | None = None
    """The `Host` field while the head is read; the host's name, lower case and without port, afterwards."""
    options: list[bytes] | None = None
    """The tokens of its `Connection` fields."""
    length: int | None = None
    transfer: bytes | None = None
    chunked = False
    expects = False
    """The client waits for a 100 before it sends the body."""
    upgrade: bytes | None = None
    keep_alive = True
    body_size = 0
    complete = False
    fault: Refusal | None = None
    replying = False
    chunking = False
    until_close = False
    """The reply ends where the connection does."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.receiver: Receiver | None = None
        self.fields: list[Field] = []
        self.headers: dict[bytes, bytes] = {}
        """Lower-case names to their first values; filled when the head is complete."""
        self.body: list[bytes] = []

    @property
    def has_body(self) -> bool:
        """Whether the head announces a body (a length of 0 is none)."""
        return self.chunked or bool(self.length)

    def hold(self, on: bool) -> None:
        """Stop (or go on) reading the body from the client."""
        self.connection.hold(on)

    def inform(self, head: list[bytes]) -> None:
        """Pass on an interim (1xx) reply; HTTP/1.0 clients do not know them and get none."""
        if self.version == "1.1" and not self.replying:
            self.connection.out += head
            self.connection.flush()

    def go_on(self) -> None:
        """Tell a client that waits for it to send the body."""
        if self.expects:
            self.expects = False
            if not self.body_size:
                self.inform([_CONTINUE])

    def reply(self, head: list[bytes], length: int | None, bodiless: bool = False) -> None:
        """Begin the reply: `head` is the status line and the fields, each ended by CRLF, without framing.

        `length` None means not known; `bodiless` that no body follows whatever the fields say (HEAD, 204, 304).
        """
        self.replying = True
        connection = self.connection
        out = connection.out
        out += head
        if length is not None:
            out.append(b"content-length: %d\r\n" % length)
        elif not bodiless:
            if self.version == "1.1":
                self.chunking = True
                out.append(b"transfer-encoding: chunked\r\n")
            else:
                self.until_close = True
                self.keep_alive = False
        if not self.keep_alive or connection.closing or not self.complete:
            out.append(b"connection: close\r\n\r\n")
            connection.closing = True
        elif self.version == "1.0":
            out.append(b"connection: keep-alive\r\n\r\n")
        else:
            out.append(b"\r\n")

    def answer(self, head: list[bytes], body: bytes) -> None:
        """The whole reply at once: `head` as for `reply`, and the body, which has this length."""
        self.receiver = None
        if self.version != "1.1":
            self.reply(head, len(body))
            self.connection.out.append(body)
            self.connection.flush()
            self.connection.reply_done()
            return
        self.replying = True
        connection = self.connection
        if not self.keep_alive or connection.closing or not self.complete:
            connection.closing = True
            head.append(b"connection: close\r\n")
        head += (b"content-length: %d\r\n\r\n" % len(body), body)
        connection.answer(head)

    def write(self, data: bytes) -> None:
        """More of the reply's body; goes out at the next `flush`."""
        if self.chunking:
            self.connection.out += (b"%x\r\n" % len(data), data, b"\r\n")
        else:
            self.connection.out.append(data)

    def pass_on(self, data: bytes) -> None:
        """More of the body of a reply of known length, at once."""
        connection = self.connection
        if data:
            connection.out.append(data)
        connection.flush()

    def flush(self) -> None:
        """Send what was written."""
        self.connection.flush()

    def end(self) -> None:
        """The reply is complete."""
        if self.chunking:
            self.connection.out.append(_LAST_CHUNK)
        self.receiver = None
        self.connection.flush()
        self.connection.reply_done()

    def abort(self) -> None:
        """Break the reply off: the client must not take it for complete."""
        self.receiver = None
        self.connection.abort()
