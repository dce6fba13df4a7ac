"""What a client sends, from bytes to requests.

The parser reads heads and chunked bodies; a body with a known length is counted, not parsed. What is ambiguous, too
large or malformed makes one refused request, and nothing after it on the connection is read.
"""

from typing import Protocol

import httptools

from gateway.errors import Refusal
from gateway.wire import judge, verdicts
from gateway.wire.fields import field
from gateway.wire.request import Connection, Request
from gateway.wire.verdicts import Bounds

_FRAMING = 64 << 10
_FRAMING_SHARE = 16
"""A chunked body may be so many bytes, and so many times its content, before it is taken for an attack."""
_MOST_QUEUED = 4
"""Requests of one client that wait, whole or begun; what it sent beyond them stays bytes until their turn comes."""
_EMPTY_LINE = b"\r\n\r\n"
_CHUNKED_HEAD = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"


class Queue(Connection, Protocol):
    """A connection that lines requests up."""

    queue: list[Request]


class _Stop(Exception):  # noqa: N818 - it ends the parsing, it is no fault
    """Ends the parsing of the bytes at hand."""


class Intake:
    """The requests of one connection, in the making."""

    __slots__ = (
        *("_connection", "_fed", "_is_cut", "_is_full", "_last", "_raw_left", "_start", "_upgrading", "bounds"),
        *("broken", "in_head", "parser", "refused", "request", "tail"),
    )

    def __init__(self, connection: Queue, bounds: Bounds) -> None:
        self._connection: Queue | None = connection
        self.bounds = bounds
        """For the requests that are yet to come; changed only while `is_resting`."""
        self.parser: httptools.HttpRequestParser | None = None
        """There is one once it is needed: most requests come whole and are read without."""
        self.request: Request | None = None
        """The request whose head or body is being received."""
        self.in_head = False
        self.broken = False
        """Nothing more is read: the last request said so, or was refused."""
        self.refused = False
        """The last request was refused, perhaps with more of it on its way."""
        self.tail: list[bytes] | None = None
        """What came after an upgrade request, until it is known whether it is HTTP; or after as many as may wait."""
        self._is_cut = False
        self._is_full = False
        self._raw_left = 0
        self._fed = 0
        """Bytes of the head so far, and then of the body as it came."""
        self._start = b""
        """The first pieces of the head, up to its first line's end at least."""
        self._last = b""
        """The end of the last piece, where an empty line may have begun."""
        self._upgrading = False

    def feed(self, data: bytes) -> None:
        """Take in what the client sent; complete heads are put into the connection's queue."""
        while data:
            if self.tail is not None:
                self.tail.append(data)
                return
            if self.broken:
                return
            if self.request is None and self._connection is not None and len(self._connection.queue) >= _MOST_QUEUED:
                self._is_full = True
                self.tail = [data]
                return
            if self._raw_left:
                data = self._count(data)
            else:
                piece, data = self._cut(data)
                self._parse(piece)

    @property
    def is_resting(self) -> bool:
        """Whether the next byte begins a request."""
        return self.request is None and self.tail is None and not self.broken

    def refuse(self, verdict: Refusal) -> None:
        """Give up on the request that is being received, with that answer, and read nothing more."""
        self.broken = self.refused = True
        request, self.request = self.request, None
        if request is None or self.in_head:
            connection = self._connection
            assert connection is not None
            request = request or Request(connection)
            connection.queue.append(request)
        self.in_head = False
        request.keep_alive = False
        request.fault = verdict
        if request.receiver is not None:
            request.receiver.on_refused(verdict)

    def cut(self) -> Request | None:
        """The client sends nothing more: what it has begun will never be whole, and is dropped; so is what it begins
        in bytes that are yet to be read. The one dropped now, if there is one."""
        self._is_cut = True
        request, self.request = self.request, None
        self.in_head = False
        if request is not None and self._connection is not None:
            self.broken = True
            if request in self._connection.queue:
                self._connection.queue.remove(request)
        return request

    def end(self) -> None:
        """The connection is no more. Nothing is left that refers to itself, so nobody need search for it."""
        self.broken = True
        self.request = self.parser = self._connection = None

    def refill(self) -> None:
        """One that waited has its turn: read on what could not be lined up, once there is room for some."""
        if self._is_full and self._connection is not None and len(self._connection.queue) < _MOST_QUEUED // 2:
            self._is_full = False
            self.read_on()

    def read_on(self) -> None:
        """Read what was put aside: its turn has come, or the upgrade before it was not accepted."""
        tail, self.tail = self.tail or [], None
        for data in tail:
            self.feed(data)
        if self._is_cut:
            self.cut()

    def _cut(self, data: bytes) -> tuple[bytes, bytes]:
        """Up to the next empty line, and the rest. Heads and chunked bodies end with one, so each message begins a
        piece; one that came in parts is found with the last bytes of the piece before."""
        across = (self._last + data[:3]).find(_EMPTY_LINE)
        end = across - len(self._last) if across >= 0 else data.find(_EMPTY_LINE)
        if across < 0 and end < 0:
            self._last = (self._last + data)[-3:]
            return data, b""
        self._last = b""
        end += len(_EMPTY_LINE)
        return data[:end], data[end:]

    def _parse(self, data: bytes) -> None:
        if self.request is None:
            data = data.lstrip(b"\r\n") if data[:1] in (b"\r", b"\n") else data
            self._fed = 0
            self._start = b""
        self._fed += len(data)
        if b"\r\n" not in self._start:
            self._start += data
        parser = self.parser = self.parser or httptools.HttpRequestParser(self)
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._switch()
        except httptools.HttpParserError as error:
            if not self.broken:
                self.refuse(verdicts.on_error(error, self._start))
        else:
            if self.request is not None:
                self._look_at_rest(self.request)

    def _look_at_rest(self, request: Request) -> None:
        if self.in_head:
            if self._fed > self.bounds.header:
                self.refuse(verdicts.head_too_large(self._start, self.bounds))
        elif request.length is not None:
            self._raw_left = request.length
        elif self._fed > _FRAMING + _FRAMING_SHARE * request.body_size:
            self.refuse(judge.bad_request("too much chunk framing for its content"))

    def _count(self, data: bytes) -> bytes:
        """Take the counted body out of `data`; what is left belongs to the next request."""
        left = self._raw_left
        if len(data) < left:
            self._raw_left = left - len(data)
            self.on_body(data)
            return b""
        self._raw_left = 0
        self.on_body(data[:left])
        self.parser = None
        self._complete()
        return data[left:]

    def _complete(self) -> None:
        request, self.request = self.request, None
        if request is None:
            return
        request.complete = True
        if not request.keep_alive:
            self.broken = True
        if request.receiver is not None:
            request.receiver.on_body_end()

    def _switch(self) -> None:
        """The parser stopped behind an upgrade's head: wait for the answer, or read on where it can be none."""
        self._upgrading = False
        request = self.request
        self.parser = None
        if request is None:
            return
        if request.upgrade and not request.has_body:
            self.tail = []
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

    # ---- what the parser says

    def on_message_begin(self) -> None:
        """A head begins."""
        assert self._connection is not None
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
        read = low, _, value, _ = field(name, value)
        request.fields.append(read)
        request.headers.setdefault(low, value)
        if low in verdicts.JUDGED:
            verdicts.note(request, low, value)

    def on_headers_complete(self) -> None:
        """The head is complete: judge it, and line the request up."""
        request, parser = self.request, self.parser
        assert request is not None
        assert parser is not None
        request.method = parser.get_method()
        request.version = parser.get_http_version()
        request.keep_alive = parser.should_keep_alive()
        verdict = verdicts.on_line(self._start) or verdicts.on_head(request) or self._measure(request)
        if verdict is not None:
            self.refuse(verdict)
            raise _Stop
        self.in_head = False
        self._fed = 0
        if request.upgrade is not None:
            self._upgrading = parser.should_upgrade()
            if not self._upgrading or not verdicts.may_upgrade(request):
                request.upgrade = None
        assert self._connection is not None
        self._connection.queue.append(request)

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        request = self.request
        if request is None:
            return
        request.body_size += len(data)
        if request.body_size > self.bounds.body:
            self.refuse(verdicts.body_too_large(self.bounds))
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
        bounds = self.bounds
        if request.length is not None and request.length > bounds.body:
            return verdicts.body_too_large(bounds)
        if self._fed > bounds.header:
            return verdicts.head_too_large(self._start, bounds)
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
        self._of.parser = None
        self._of.on_message_complete()
