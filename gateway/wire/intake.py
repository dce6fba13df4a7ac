"""What a client sends, from bytes to requests.

The parser reads heads and chunked bodies; a body with a known length is counted, not parsed. What is ambiguous, too
large or malformed makes one refused request, and nothing after it on the connection is read.
"""

import re
from typing import Protocol

import httptools

from gateway.errors import Refusal, refusal
from gateway.wire import judge
from gateway.wire.fields import field, tokens
from gateway.wire.request import Connection, Request

_BARREN = 64 << 10
"""Bytes of chunk framing, extensions or trailers without a byte of body that are too many."""
_METHOD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?: |\Z)")
_JUDGED = frozenset({b"host", b"transfer-encoding", b"content-length", b"connection", b"upgrade", b"expect"})
_CHUNKED_HEAD = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"


class Queue(Connection, Protocol):
    """A connection that lines requests up."""

    queue: list[Request]


class Bounds(Protocol):
    """How large a request's head and body may be, in bytes."""

    @property
    def header(self) -> int:
        """The request line and all fields together."""

    @property
    def body(self) -> int:
        """The body."""


class _Stop(Exception):  # noqa: N818 - it ends the parsing, it is no fault
    """Ends the parsing of the bytes at hand."""


class Intake:
    """The requests of one connection, in the making."""

    __slots__ = (
        *("_barren", "_bounds", "_connection", "_fed", "_mixed", "_raw_left", "_upgrading", "broken"),
        *("in_head", "parser", "refused", "request", "tail"),
    )

    def __init__(self, connection: Queue, bounds: Bounds) -> None:
        self._connection = connection
        self._bounds = bounds
        self.parser = httptools.HttpRequestParser(self)
        self.request: Request | None = None
        """The request whose head or body is being received."""
        self.in_head = False
        self.broken = False
        """Nothing more is read: the last request said so, or was refused."""
        self.refused = False
        """The last request was refused, perhaps with more of it on its way."""
        self.tail: list[bytes] | None = None
        """What came after an upgrade request, until it is known whether it is HTTP."""
        self._raw_left = 0
        self._fed = 0
        """Bytes since the head began; too many where the head shares its first piece with an earlier message."""
        self._mixed = False
        self._barren = 0
        self._upgrading = False

    def feed(self, data: bytes) -> None:
        """Take in what the client sent; complete heads are put into the connection's queue."""
        if self._raw_left:
            data = self._count(data)
        if self.tail is not None:
            self.tail.append(data)
        elif data and not self.broken:
            self._parse(data)

    @property
    def is_resting(self) -> bool:
        """Whether the next byte begins a request."""
        return self.request is None and self.tail is None and not self.broken

    def refuse(self, verdict: Refusal) -> None:
        """Give up on the request that is being received, with that answer, and read nothing more."""
        self.broken = self.refused = True
        request, self.request = self.request, None
        if request is None or self.in_head:
            request = request or Request(self._connection)
            self._connection.queue.append(request)
        self.in_head = False
        request.keep_alive = False
        request.fault = verdict
        if request.receiver is not None:
            request.receiver.on_refused(verdict)

    def continue_http(self) -> None:
        """The upgrade was not accepted: what followed it is HTTP after all."""
        tail, self.tail = self.tail or [], None
        for data in tail:
            self.feed(data)

    def _parse(self, data: bytes) -> None:
        size = len(data)
        if self.in_head:
            self._fed += size
        else:
            self._fed = size
            self._mixed = False
            self._barren += size
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as stop:
            self._switch(data[stop.args[0] :])
        except httptools.HttpParserError as error:
            if not self.broken:
                self.refuse(_verdict(error, data))
        else:
            if self.request is not None:
                self._look_at_rest(self.request)

    def _look_at_rest(self, request: Request) -> None:
        if not self.in_head:
            if request.length is not None:
                self._raw_left = request.length - request.body_size
            elif self._barren > _BARREN:
                self.refuse(judge.bad_request("too much chunk framing for no content"))
        elif self._fed > self._bounds.header:
            if self._mixed:
                self._fed = _head_size(request)
            else:
                self.refuse(_too_large(request))

    def _count(self, data: bytes) -> bytes:
        """Take the counted body out of `data`; what is left belongs to the next request."""
        left = self._raw_left
        if len(data) < left:
            self._raw_left = left - len(data)
            self.on_body(data)
            return b""
        self._raw_left = 0
        self.on_body(data[:left])
        self.parser = httptools.HttpRequestParser(self)
        self._complete()
        return data[left:]

    def _complete(self) -> None:
        request, self.request = self.request, None
        self._mixed = True
        if request is None:
            return
        request.complete = True
        if not request.keep_alive:
            self.broken = True
        if request.receiver is not None:
            request.receiver.on_body_end()

    def _switch(self, rest: bytes) -> None:
        """The parser stopped behind an upgrade's head: wait for the answer, or read on where it can be none."""
        self._upgrading = False
        request = self.request
        self.parser = httptools.HttpRequestParser(self)
        if request is None:
            return
        if request.upgrade and not request.has_body:
            self.tail = [rest] if rest else []
            self._complete()
            return
        request.upgrade = None
        if request.chunked:
            self.parser = httptools.HttpRequestParser(_ChunkedBody(self))
            self.parser.feed_data(_CHUNKED_HEAD)
        elif request.length:
            self._raw_left = request.length
        else:
            self._complete()
        self.feed(rest)

    # ---- what the parser says

    def on_message_begin(self) -> None:
        """A head begins."""
        self.in_head = True
        self.request = Request(self._connection)

    def on_url(self, url: bytes) -> None:
        """The target, or a piece of it."""
        request = self.request
        assert request is not None
        request.target = request.target + url if request.target else url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field; those behind a chunked body (trailers) are dropped."""
        if not self.in_head:
            return
        request = self.request
        assert request is not None
        read = field(name, value)
        request.fields.append(read)
        request.headers.setdefault(read.low, read.value)
        if read.low in _JUDGED:
            _note(request, read.low, read.value)

    def on_headers_complete(self) -> None:
        """The head is complete: judge it, and line the request up."""
        request = self.request
        assert request is not None
        parser = self.parser
        request.method = parser.get_method()
        request.version = parser.get_http_version()
        request.keep_alive = parser.should_keep_alive()
        verdict = _judge(request) or self._measure(request)
        if verdict is not None:
            self.refuse(verdict)
            raise _Stop
        self.in_head = False
        self._barren = 0
        if request.upgrade is not None:
            self._upgrading = parser.should_upgrade()
            if not self._upgrading or request.upgrade.lower().startswith(b"h2") or request.version != "1.1":
                request.upgrade = None
        self._connection.queue.append(request)

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        request = self.request
        if request is None:
            return
        self._barren = 0
        request.body_size += len(data)
        if request.body_size > self._bounds.body:
            self.refuse(_body_too_large(self._bounds))
            raise _Stop
        if request.receiver is not None:
            request.receiver.on_body(data)
        else:
            request.body.append(data)

    def on_message_complete(self) -> None:
        """The message is complete, or (an upgrade) its head is."""
        if not self._upgrading:
            self._complete()

    def _measure(self, request: Request) -> Refusal | None:
        bounds = self._bounds
        if request.length is not None and request.length > bounds.body:
            return _body_too_large(bounds)
        if (self._mixed or self._fed > bounds.header) and _head_size(request) > bounds.header:
            return _too_large(request)
        return None


class _ChunkedBody:
    """What is listened to behind an upgrade request that has a chunked body: only that body."""

    def __init__(self, intake: Intake) -> None:
        self._intake: Intake | None = None
        self._of = intake
        self.on_body = intake.on_body

    def on_message_begin(self) -> None:
        """The first is the head we made; a second would be a request that came too early."""
        if self._intake is not None:
            raise _Stop
        self._intake = self._of

    def on_message_complete(self) -> None:
        """The body is complete; the next head is read as usual."""
        self._of.parser = httptools.HttpRequestParser(self._of)
        self._of.on_message_complete()


def _note(request: Request, low: bytes, value: bytes) -> None:
    """Keep what framing and routing need; a repeated Host is kept as an empty, hence malformed, one."""
    if low == b"host":
        request.host = value if request.host is None else b""
    elif low == b"content-length":
        request.length = int(value)
    elif low == b"transfer-encoding":
        request.transfer = value if request.transfer is None else request.transfer + b"," + value
        request.chunked = True
    elif low == b"connection":
        request.options = (request.options or []) + tokens(value)
    elif low == b"upgrade":
        request.upgrade = value
    elif value.lower() == b"100-continue":
        request.expects = True


def _judge(request: Request) -> Refusal | None:
    """The verdict on a complete head; sets its target, path, query and host."""
    if request.version != "1.1" or request.transfer is not None:
        verdict = judge.version(request.version) or judge.framing(request.transfer, request.version)
        if verdict is not None:
            return verdict
    formed = judge.target(request.method, request.target)
    if isinstance(formed, Refusal):
        return formed
    request.target, authority = formed
    request.path, _, request.query = request.target.partition(b"?")
    if request.host is None and request.version == "1.0":
        request.host = b""
    elif request.host is None or judge.host_name(request.host) is None:
        return judge.bad_request("Host is missing, repeated or malformed")
    else:
        request.host = judge.host_name(request.host if authority is None else authority)
        if request.host is None:
            return judge.bad_request("the request target's host is malformed")
    return None


def _verdict(error: Exception, data: bytes) -> Refusal:
    """What the parser's error means to the client. A method nobody knows is 501, if it is a method at all."""
    if isinstance(error, httptools.HttpParserInvalidMethodError) and _METHOD.match(data):
        return refusal("not_implemented", "this method is not known")
    if str(error) == "Invalid HTTP version":
        return refusal("version_not_supported", "use HTTP/1.1")
    return judge.bad_request(f"malformed request: {error}")


def _head_size(request: Request) -> int:
    return len(request.target) + sum(len(name) + len(value) + 4 for _, name, value, _ in request.fields)


def _too_large(request: Request) -> Refusal:
    if not request.fields:
        return refusal("uri_too_long", "the request target is too long")
    return refusal("header_too_large", "the request's header fields are too large")


def _body_too_large(bounds: Bounds) -> Refusal:
    return refusal("body_too_large", f"the request's body is larger than {bounds.body} bytes")
