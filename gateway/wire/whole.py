"""Messages that came whole and alone in one piece, as most do: read at once, without a call for each field. Replies
may also have only begun.

The parser judges every byte of a head as it does of all others, once: a head that was seen before is not read again,
since equal bytes mean the same. Whatever is not plain (other framing than a length, upgrades, expectations, other
versions, limits, faults) is answered with None, and read by `intake` or `uptake`, which know it all.
"""

import re

import httptools

from gateway.wire import judge
from gateway.wire.fields import Field, Lines, Memory, field
from gateway.wire.request import Connection, Head, Request

_NOT_PLAIN = frozenset({b"transfer-encoding", b"upgrade", b"expect", b"connection"})
_METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
_MOST_DIGITS = 18
VARYING = frozenset({"traceparent", "x-request-id"})
"""Fields of which hardly two requests have the same."""
_NAMES = frozenset(name.encode() for name in VARYING)
_VARYING = re.compile(
    rb"(\r\n(?:%b): ?)([0-9a-z._~+/=:@-]{1,128})(?=\r\n|\Z)" % b"|".join(sorted(_NAMES)), re.IGNORECASE
)
_GAP = b"\r\n\r\n"
"""In place of their values. No head has one within, so no client can send what is remembered in place of a head."""


class _Judge:
    """The parser as a judge of whole messages; it is told of nothing."""

    def __init__(self, kind: type) -> None:
        self._kind = kind
        self._parser = kind(self)

    def passes(self, data: bytes, *, begun: bool = False) -> bool:
        """Whether this is one faultless message, behind which another could come, or `begun` as one."""
        parser = self._parser
        if begun:
            self._parser = self._kind(self)
        try:
            parser.feed_data(data)
        except httptools.HttpParserError:
            self._parser = self._kind(self)
            return False
        return True


_requests = _Judge(httptools.HttpRequestParser)
_replies = _Judge(httptools.HttpResponseParser)
_lines = Lines()


class _Plain:
    """The fields of a plain head. `length` is None where none is announced, and -1 where the head is not plain."""

    __slots__ = ("fields", "headers", "length")

    def __init__(self, lines: list[bytes]) -> None:
        known = _lines.of(lines)
        fields = self.fields = [known[line] for line in lines]
        headers = self.headers = _first(fields)
        announced = headers.get(b"content-length")
        if b"," in headers or not (_NOT_PLAIN.isdisjoint(headers) or _is_kept_alive(headers)):
            self.length: int | None = -1
        elif announced is None:
            self.length = None
        else:
            self.length = int(announced) if announced.isdigit() and len(announced) <= _MOST_DIGITS else -1


def _is_kept_alive(headers: dict[bytes, bytes]) -> bool:
    """Whether the one field that is not plain says what goes without saying."""
    return headers.get(b"connection") == b"keep-alive" and len(_NOT_PLAIN.intersection(headers)) == 1


def _first(fields: list[Field]) -> dict[bytes, bytes]:
    """Names to their first values; marked as not plain where a field is repeated that must not be."""
    headers: dict[bytes, bytes] = {}
    for low, _, value, _ in fields:
        if low in headers and low in (b"host", b"content-length", b"connection"):
            headers[b","] = low
        headers.setdefault(low, value)
    return headers


# ---- requests


class Heads(Memory[Head]):
    """The heads of requests that were seen before."""

    def __init__(self, *, vary: bool = False) -> None:
        super().__init__()
        self.vary = vary
        """Whether heads that differ in the values of `VARYING` alone are remembered as one."""

    def key(self, piece: bytes) -> tuple[bytes, list[bytes]]:
        """What a head is remembered by, and the values left out of it, which are such that no parser minds them."""
        parts = _VARYING.split(piece) if self.vary else []
        values = parts[2::3]
        if not values:
            return piece, values
        parts[2::3] = [_GAP] * len(values)
        return b"".join(parts), values


def read_request(data: bytes, connection: Connection, heads: Heads, *, header: int, body: int) -> Request | None:
    """The request that `data` is, if it is exactly one plain one within those limits (in bytes)."""
    end = data.find(b"\r\n\r\n")
    if not 0 < end <= header:
        return None
    piece = data[:end]
    head = heads.get(piece)
    values: list[bytes] = []
    if head is None:
        key, values = heads.key(piece)
        head = heads.get(key) or _read_request_head(piece, data, heads, key)
    if head is None:
        return None
    length = head.length or 0
    end += 4
    if len(data) != end + length or length > body:
        return None
    request = Request(connection)
    request.head = head
    request.method = head.method
    request.target = head.target
    request.path = head.path
    request.query = head.query
    request.host = head.host
    request.fields = head.fields
    request.headers = head.headers
    if head.varying:
        _vary(request, head, values)
    request.complete = True
    request.length = head.length
    if length:
        request.body_size = length
        request.body = [data[end:]]
    return request


def _vary(request: Request, head: Head, values: list[bytes]) -> None:
    """Give it its own values where heads like this one differ."""
    fields = request.fields = head.fields.copy()
    headers = request.headers = head.headers.copy()
    for place, value in zip(head.varying, values, strict=True):
        low, name, _, _ = fields[place]
        fields[place] = field(name, value)
        headers[low] = value


def _read_request_head(piece: bytes, data: bytes, heads: Heads, key: bytes) -> Head | None:
    """The head of a plain request that `data` is whole, from now on remembered by that key."""
    first, *lines = piece.split(b"\r\n")
    start = first.split(b" ")
    if piece.count(b"\n") != len(lines):  # the parser takes a target that ends in LF for one of HTTP/0.9
        return None
    if len(start) != 3 or start[2] != b"HTTP/1.1" or start[0] not in _METHODS or not _is_path(start[1]):
        return None
    plain = _Plain(lines)
    host = judge.host_name(plain.headers.get(b"host", b""))
    if plain.length == -1 or host is None or len(data) != len(piece) + 4 + (plain.length or 0):
        return None
    if not _requests.passes(data):
        return None
    head = Head(start[0], start[1], host)
    head.fields = plain.fields
    head.headers = plain.headers
    head.length = plain.length
    if key != piece:
        head.varying = _varying(head.fields, key.count(_GAP))
    heads.remember(key if head.varying else piece, head)
    return head


def _varying(fields: list[Field], count: int) -> tuple[int, ...]:
    """The places of that many varying fields; none where one is repeated, or has a value that must be read."""
    places = tuple(place for place, (low, _, _, _) in enumerate(fields) if low in _NAMES)
    names = {fields[place][0] for place in places}
    return places if len(names) == len(places) == count else ()


def _is_path(target: bytes) -> bool:
    return target[:1] == b"/" and b"#" not in target


# ---- replies


class ReplyHead:
    """The head of a plain reply; `start` is its first line with its end. `known` is for whoever passes it on."""

    __slots__ = ("fields", "known", "length", "start", "status")

    def __init__(self, status: int, start: bytes, *, fields: list[Field], length: int) -> None:
        self.status = status
        self.start = start
        self.fields = fields
        self.length = length
        self.known: bytes | None = None


_reply_heads: Memory[ReplyHead] = Memory()


def read_reply(data: bytes) -> tuple[ReplyHead, bytes] | None:
    """The head and body of the reply that `data` is, or begins with, if it is a plain one to anything but HEAD. The
    body is never longer than the head announces."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    piece = data[:end]
    head = _reply_heads.get(piece) or _read_reply_head(piece, data)
    if head is None:
        return None
    body = data[end + 4 :]
    return (head, body) if len(body) <= head.length else None


def _read_reply_head(piece: bytes, data: bytes) -> ReplyHead | None:
    """The head of a plain reply that `data` begins, from now on remembered."""
    first, *lines = piece.split(b"\r\n")
    status = _plain_status(first)
    plain = _Plain(lines)
    length = -1 if plain.length is None else plain.length
    left = length - (len(data) - len(piece) - 4)
    if not status or length < 0 or left < 0 or not _replies.passes(data, begun=left > 0):
        return None
    head = ReplyHead(status, b"%b %b\r\n" % (first[:12], first[13:]), fields=plain.fields, length=length)
    _reply_heads.remember(piece, head)
    return head


def _plain_status(line: bytes) -> int:
    """The status of a first line, 0 when it is not plain."""
    plain = line[:9] == b"HTTP/1.1 " and line[9:12].isdigit() and line[12:13] in (b" ", b"")
    status = int(line[9:12]) if plain else 0
    if not 200 <= status <= 599 or status in (204, 304) or judge.reason(line[12:]) is not None:
        return 0
    return status
