"""HTTP/1.1 messages read as strictly as the standard allows a peer to be.

The tests' own judge: it shares no code with the gateway and no parser either, so what it accepts is right by itself.
It decides whether bytes are one well-formed message and where that message ends; it knows no gateway.
"""

import json
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

Fields = tuple[tuple[bytes, bytes], ...]

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
VISIBLE = rb"[\x21-\x7e\x80-\xff]"
VALUE = rb"(?:" + VISIBLE + rb"(?:[ \t\x21-\x7e\x80-\xff]*" + VISIBLE + rb")?)?"
FIELD_LINE = re.compile(rb"(" + TOKEN + rb"):[ \t]*(" + VALUE + rb")[ \t]*")
REQUEST_LINE = re.compile(rb"(" + TOKEN + rb") ([\x21-\x7e]+) HTTP/1\.([01])")
STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9]) ([\t \x21-\x7e\x80-\xff]*)")
CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}")
BUFFER = 1 << 16


class MalformedError(AssertionError):
    """The peer sent what is no HTTP message."""


class ClosedError(ConnectionError):
    """The peer closed where no message had begun."""


class TruncatedError(ConnectionError):
    """The peer closed within a message; `partial` is what had come of the body, None when the head was cut."""

    def __init__(self, partial: bytes | None) -> None:
        super().__init__("closed within a message")
        self.partial = partial


class Stream:
    """A socket read in order; `received` keeps every byte that ever came."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received = bytearray()
        self.position = 0
        self.ended = False

    @property
    def pending(self) -> bytes:
        """What came and was not read as part of a message yet."""
        return bytes(self.received[self.position :])

    def more(self) -> bool:
        """Wait for more bytes; False at the end of the stream."""
        data = b"" if self.ended else self.sock.recv(BUFFER)
        self.ended = not data
        self.received += data
        return bool(data)

    def line(self) -> bytes:
        """The next line without its CRLF; EOFError when the stream ends first."""
        while (end := self.received.find(b"\r\n", self.position)) < 0:
            if not self.more():
                raise EOFError
        return self._take(end + 2)[:-2]

    def head(self) -> bytes:
        """The lines up to the next empty one; `ClosedError` when nothing came, `TruncatedError` when something did."""
        while (end := self.received.find(b"\r\n\r\n", self.position)) < 0:
            if not self.more():
                raise TruncatedError(None) if self.pending else ClosedError("closed before a message")
        return self._take(end + 4)[:-4]

    def exactly(self, size: int) -> bytes:
        """That many bytes; EOFError when the stream ends first (what came stays pending)."""
        while len(self.received) - self.position < size:
            if not self.more():
                raise EOFError
        return self._take(self.position + size)

    def rest(self) -> bytes:
        """Everything to the end of the stream."""
        while self.more():
            pass
        return self._take(len(self.received))

    def _take(self, end: int) -> bytes:
        taken = bytes(self.received[self.position : end])
        self.position = end
        return taken


def parse_fields(lines: list[bytes]) -> Fields:
    """Field lines as name and value, names in the case they had."""
    fields = []
    for line in lines:
        found = FIELD_LINE.fullmatch(line)
        if found is None:
            raise MalformedError(f"no field: {line[:200]!r}")
        fields.append((found[1], found[2]))
    return tuple(fields)


@dataclass(kw_only=True)
class Message:
    """What a request and a reply have in common."""

    fields: Fields
    raw_head: bytes
    body: bytes = b""
    chunks: list[bytes] | None = None
    trailers: Fields = ()
    complete: bool = False

    def all(self, name: str) -> list[bytes]:
        """The values of every field of that name, whatever its case."""
        wanted = name.lower().encode()
        return [value for key, value in self.fields if key.lower() == wanted]

    def one(self, name: str) -> bytes | None:
        """The value of a field that may stand at most once."""
        values = self.all(name)
        if len(values) > 1:
            raise MalformedError(f"{name} stands {len(values)} times")
        return values[0] if values else None

    def text(self, name: str) -> str:
        """The value of a field that must be there."""
        value = self.one(name)
        assert value is not None, f"no {name} in {self.fields}"
        return value.decode("latin-1")

    @property
    def names(self) -> list[str]:
        """Field names in order, lower case."""
        return [name.lower().decode() for name, _ in self.fields]

    def json(self) -> dict[str, object]:
        """The body as a JSON object."""
        value = json.loads(self.body)
        assert isinstance(value, dict), value
        return value

    def length(self) -> int | None:
        """The length its fields give, None for chunked; 0 is not assumed: KeyError when neither field is there."""
        coding, length = self.one("transfer-encoding"), self.one("content-length")
        if coding is not None and length is not None:
            raise MalformedError("both framings")
        if coding is not None:
            if coding.lower() != b"chunked":
                raise MalformedError(f"transfer-encoding {coding!r}")
            return None
        if length is None:
            raise KeyError
        if re.fullmatch(rb"[0-9]{1,20}", length) is None:
            raise MalformedError(f"content-length {length!r}")
        return int(length)


@dataclass(kw_only=True)
class Request(Message):
    """One request as it stood on the wire."""

    method: str
    target: str
    version: str

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


@dataclass(kw_only=True)
class Reply(Message):
    """One final reply as it stood on the wire, with the interim ones before it.

    `framing` is none, length, chunked or close.
    """

    status: int
    reason: bytes
    version: str
    framing: str = "none"
    interim: list["Reply"] = field(default_factory=list)

    @property
    def closing(self) -> bool:
        """Whether the sender says that the connection ends here."""
        options = [word.strip().lower() for value in self.all("connection") for word in value.split(b",")]
        return b"close" in options


def read_request_head(stream: Stream) -> Request:
    """The next request's head; its body is read by `read_body`."""
    raw = stream.head()
    first, *lines = raw.split(b"\r\n")
    found = REQUEST_LINE.fullmatch(first)
    if found is None:
        raise MalformedError(f"no request line: {first[:200]!r}")
    request = Request(
        fields=parse_fields(lines),
        raw_head=raw + b"\r\n\r\n",
        method=found[1].decode(),
        target=found[2].decode(),
        version=f"1.{found[3].decode()}",
    )
    if len(request.all("host")) != 1:
        raise MalformedError(f"{len(request.all('host'))} host fields")
    return request


def request_length(request: Request) -> int | None:
    """The body's length by the request's fields, None for chunked."""
    try:
        return request.length()
    except KeyError:
        return 0


def next_chunk(stream: Stream) -> bytes:
    """The next chunk of a chunked body, empty for the final one, whose trailers stay to be read. EOFError when cut."""
    line = stream.line()
    if CHUNK_SIZE.fullmatch(line) is None:
        raise MalformedError(f"no chunk size: {line[:200]!r}")
    size = int(line, 16)
    if size == 0:
        return b""
    data = stream.exactly(size)
    if stream.exactly(2) != b"\r\n":
        raise MalformedError("no CRLF after a chunk")
    return data


def read_chunked(stream: Stream, message: Message) -> None:
    """A whole chunked body into the message."""
    message.chunks = []
    while part := next_chunk(stream):
        message.chunks.append(part)
        message.body += part
    lines = []
    while line := stream.line():
        lines.append(line)
    message.trailers = parse_fields(lines)


def read_body(stream: Stream, message: Message, *, length: int | None) -> None:
    """The body into the message, None meaning chunked; `TruncatedError` when the stream ends within it."""
    try:
        if length is None:
            read_chunked(stream, message)
        else:
            message.body = stream.exactly(length)
    except EOFError:
        if length is not None:
            message.body = stream.rest()
        raise TruncatedError(message.body) from None
    message.complete = True


def read_reply_head(stream: Stream) -> Reply:
    """The next reply's head, interim or final."""
    raw = stream.head()
    first, *lines = raw.split(b"\r\n")
    found = STATUS_LINE.fullmatch(first)
    if found is None:
        raise MalformedError(f"no status line: {first[:200]!r}")
    return Reply(
        fields=parse_fields(lines),
        raw_head=raw + b"\r\n\r\n",
        status=int(found[2]),
        reason=found[3],
        version=f"1.{found[1].decode()}",
    )


def read_final_head(stream: Stream, seen: Callable[[Reply], None] | None = None) -> Reply:
    """The next final reply's head, its interim replies kept; 101 is final."""
    interim: list[Reply] = []
    while True:
        reply = read_reply_head(stream)
        if reply.status >= 200 or reply.status == 101:
            reply.interim = interim
            return reply
        if reply.all("content-length") or reply.all("transfer-encoding"):
            raise MalformedError("an interim reply with framing fields")
        interim.append(reply)
        if seen is not None:
            seen(reply)


def read_reply_body(stream: Stream, reply: Reply, *, method: str) -> None:
    """The body of a reply to a request with that method."""
    if method == "HEAD" or reply.status in {101, 204, 304}:
        if reply.status == 204 and (reply.all("content-length") or reply.all("transfer-encoding")):
            raise MalformedError("a 204 with framing fields")
        reply.complete = True
        return
    try:
        length = reply.length()
    except KeyError:
        reply.framing, reply.body, reply.complete = "close", stream.rest(), True
        return
    reply.framing = "chunked" if length is None else "length"
    read_body(stream, reply, length=length)


def read_reply(stream: Stream, *, method: str = "GET") -> Reply:
    """The next whole reply to a request with that method."""
    reply = read_final_head(stream)
    read_reply_body(stream, reply, method=method)
    return reply
