"""What a model sends, from bytes to one reply.

The mirror of `intake`: heads and chunked bodies are parsed, a body with a known length is counted. Anything beyond
the reply, or other than HTTP allows, makes the connection unfit for another exchange.
"""

from typing import Protocol

import httptools

from gateway.wire import judge
from gateway.wire.fields import Field, field, nominated

_HEAD_MAX = 256 << 10
_INTERIM_MAX = 64
"""Interim replies to one request that are too many."""


class Teller(Protocol):
    """The connection that the reply comes by."""

    @property
    def caller(self) -> "Caller | None":
        """Who wants the reply."""

    @property
    def reader(self) -> "Reader | None":
        """Who is told of its body."""


class Head(Protocol):
    """The head of a plain reply."""

    status: int
    start: bytes
    """Its first line, with its end."""
    fields: list[Field]
    length: int


class Caller(Protocol):
    """The part of a caller that is told while bytes are read."""

    def on_interim(self, status: int, reason: bytes, fields: list[Field]) -> None:
        """An interim reply."""

    def on_reply(self, uptake: "Uptake") -> None:
        """The head of the reply."""


class Reader(Protocol):
    """The part of a reader that is told while bytes are read."""

    def on_reply_body(self, data: bytes) -> None:
        """A piece of its body."""


class _Nobody:
    """The connection of a reply that has ended."""

    caller: Caller | None = None
    reader: Reader | None = None


class _Stop(Exception):  # noqa: N818 - it ends the parsing, it is no fault
    """Ends the parsing of the bytes at hand."""


_NOBODY = _Nobody()
_UNUSED = httptools.HttpResponseParser(_NOBODY)


class Uptake:
    """The reply that is being received on one connection."""

    __slots__ = (
        *("_fed", "_head_only", "_in_head", "_interim", "_teller", "_upgrade", "chunked", "done", "left"),
        *("fault", "fields", "length", "parser", "reason", "reusable", "status", "tail", "until_close"),
    )

    def __init__(self, teller: Teller) -> None:
        self._teller: Teller = teller
        self.parser = httptools.HttpResponseParser(self)
        self.begin(head_only=False, upgrade=False)

    def begin(self, *, head_only: bool, upgrade: bool) -> None:
        """Expect the reply to a request: one without a body for HEAD, perhaps a 101 for an upgrade."""
        self._head_only = head_only
        self._upgrade = upgrade
        self._in_head = True
        self.left = 0
        """Bytes of a counted body that are still to come."""
        self._fed = 0
        self._interim = 0
        self.status = 0
        self.reason = b""
        self.fields: list[Field] = []
        self.length: int | None = None
        self.chunked = False
        self.until_close = False
        self.done = False
        self.fault: str | None = None
        self.reusable = True
        self.tail = b""
        """What followed the head of a 101."""

    def end(self) -> None:
        """The connection is no more. Nothing is left that refers to itself, so nobody need search for it."""
        self._teller, self.parser = _NOBODY, _UNUSED

    def count(self, head: Head, *, left: int) -> None:
        """A reply with that head has begun; nothing is to be done but to count what is left of its body."""
        self.begin(head_only=False, upgrade=False)
        self._in_head = False
        self.status = head.status
        self.reason = head.start[13:-2]
        self.fields = head.fields
        self.length = head.length
        self.left = left

    def feed(self, data: bytes) -> None:
        """Take in what the model sent; sets `done` or `fault`."""
        if self.left:
            data = self._count(data)
            if not data:
                return
        if self._in_head:
            if not self._fed and not data.lstrip(b"\r\n").startswith(b"H"):
                self.fault = "the reply is not HTTP"
                return
            self._fed += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as stop:
            self.tail = data[stop.args[0] :]
        except httptools.HttpParserError as error:
            self.reusable = False
            self.fault = self.fault or f"the reply is not HTTP: {error}"
        else:
            self._look_at_rest(data)

    def _look_at_rest(self, data: bytes) -> None:
        if self._in_head:
            if self._fed > _HEAD_MAX:
                self.fault = "the reply's head is too large"
        elif self._head_only:
            self.reusable = self.reusable and data.endswith(b"\r\n\r\n")
            self.parser = httptools.HttpResponseParser(self)
        elif self.length is not None and not self.done:
            self.left = self.length

    def _count(self, data: bytes) -> bytes:
        left = self.left
        size = len(data)
        if size <= left:
            self.left = left - size
            self._tell(data)
        else:
            self.reusable = False
            self.left = 0
            self._tell(data[:left])
        if self.left == 0:
            if self._fed or self._interim:
                self.parser = httptools.HttpResponseParser(self)
            self.done = True
        return b""

    def _tell(self, data: bytes) -> None:
        reader = self._teller.reader
        if reader is not None:
            reader.on_reply_body(data)

    # ---- what the parser says

    def on_message_begin(self) -> None:
        """A head begins; after the end of a reply it is one that nobody asked for."""
        if self.done:
            self.reusable = False
            raise _Stop

    def on_status(self, reason: bytes) -> None:
        """The reason phrase, or a piece of it."""
        self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field; trailers are dropped."""
        if not self._in_head:
            return
        read = low, _, value, _ = field(name, value)
        self.fields.append(read)
        if low == b"content-length":
            self.length = int(value)
        elif low == b"transfer-encoding":
            self.chunked = True

    def on_headers_complete(self) -> None:
        """A head is complete: judge it; an interim one is passed on, the final one begins the reply."""
        parser = self.parser
        self.status = status = parser.get_status_code()
        self.fault = judge.reply_framing(parser.get_http_version(), status, self.fields) or judge.reason(self.reason)
        if self.fault is None and status == 101 and not self._upgrade:
            self.fault = "it switches protocols unasked"
        if self.fault is not None:
            self.reusable = False
            raise _Stop
        caller = self._teller.caller
        if caller is None:
            raise _Stop
        if status < 200:
            self._pass_interim(caller)
            return
        self._in_head = False
        self._frame(status)
        caller.on_reply(self)

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if self._head_only:
            self.reusable = False
            return
        if self.length is not None:
            self.length -= len(data)
        self._tell(data)

    def on_message_complete(self) -> None:
        """The reply is complete (interim ones are not the reply)."""
        if not self._in_head:
            self.done = True

    def _pass_interim(self, caller: Caller) -> None:
        if self.status == 101:
            self.done = True
            return
        self._interim += 1
        if self._interim > _INTERIM_MAX:
            self.fault = "it sends interim replies without end"
            raise _Stop
        caller.on_interim(self.status, self.reason, self.fields)
        self._fed = 0
        self.fields = []
        self.reason = b""
        self.length = None
        self.chunked = False

    def _frame(self, status: int) -> None:
        if self._head_only:
            self.reusable = b"close" not in nominated(self.fields)
            self.done = True
            return
        self.reusable = self.parser.should_keep_alive()
        if status in (204, 304):
            self.done = True
            if status == 204 and (self.length or self.chunked):
                self.reusable = False
        elif self.length is None and not self.chunked:
            self.until_close = True
            self.reusable = False
