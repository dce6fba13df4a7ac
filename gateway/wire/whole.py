"""Messages that came whole and alone in one piece, as most do: read at once, without a call for each field.

The parser judges every byte of them as it does of all others. Whatever is not plain (other framing than a length,
upgrades, expectations, other versions, limits, faults) is answered with None, and read by `intake` or `uptake`, which
know it all.
"""

from typing import NamedTuple

import httptools

from gateway.wire import judge
from gateway.wire.fields import Field, Lines
from gateway.wire.request import Connection, Request

_lines = Lines()


class _Judge:
    """The parser as a judge of whole messages; it is told of nothing."""

    def __init__(self, kind: type) -> None:
        self._kind = kind
        self._parser = kind(self)

    def passes(self, data: bytes) -> bool:
        """Whether this is one faultless message, behind which another could come."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._parser = self._kind(self)
            return False
        return True


_requests = _Judge(httptools.HttpRequestParser)
_replies = _Judge(httptools.HttpResponseParser)
_NOT_PLAIN = frozenset({b"transfer-encoding", b"upgrade", b"expect", b"connection"})
_ONCE = frozenset({b"content-length", b"host", b"connection"})
_METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})


def read_request(data: bytes, connection: Connection, *, header: int, body: int) -> Request | None:
    """The request that `data` is, if it is exactly one plain one within those limits (in bytes)."""
    end = data.find(b"\r\n\r\n")
    if not 0 < end <= header:
        return None
    lines = data[:end].split(b"\r\n")
    start = lines[0].split(b" ")
    del lines[0]
    fields = [_lines[line] for line in lines]
    headers: dict[bytes, bytes] = {}
    length = _gather(fields, headers)
    end += 4
    if length is None or length > body or len(data) != end + length or not _is_plain(start):
        return None
    host = judge.host_name(headers.get(b"host", b""))
    if host is None or not _requests.passes(data):
        return None
    request = Request(connection)
    request.method, request.target, _ = start
    request.path, _, request.query = request.target.partition(b"?")
    request.fields = fields
    request.headers = headers
    request.host = host
    request.complete = True
    if b"content-length" in headers:
        request.length = request.body_size = length
    if length:
        request.body = [data[end:]]
    return request


def _is_plain(start: list[bytes]) -> bool:
    """Whether a request line is HTTP/1.1's with a path, and with a method that means nothing to the framing."""
    if len(start) != 3 or start[2] != b"HTTP/1.1" or start[0] not in _METHODS:
        return False
    target = start[1]
    return target[:1] == b"/" and b"#" not in target


def _gather(fields: list[Field], headers: dict[bytes, bytes]) -> int | None:
    """Put names and first values into `headers`; the body's length, or None where a field is not plain."""
    for low, _, value, _ in fields:
        if low in headers:
            if low in _ONCE:
                return None
        elif low in _NOT_PLAIN and not (low == b"connection" and value == b"keep-alive"):
            return None
        else:
            headers[low] = value
    announced = headers.get(b"content-length")
    if announced is None:
        return 0
    return int(announced) if announced.isdigit() and len(announced) <= 18 else None


class Reply(NamedTuple):
    """A whole reply; `start` is its first line with its end."""

    status: int
    start: bytes
    fields: list[Field]
    body: bytes


class _Starts(dict[bytes, int]):
    """First lines of replies to their status; 0 for those that are not plain."""

    def __missing__(self, line: bytes) -> int:
        plain = line[:9] == b"HTTP/1.1 " and line[9:12].isdigit() and len(line) <= 64 and line[12:13] in (b" ", b"")
        status = int(line[9:12]) if plain else 0
        if not 200 <= status <= 599 or status in (204, 304):
            status = 0
        if len(self) < 256:
            self[line] = status
        return status


_starts = _Starts()


def read_reply(data: bytes) -> Reply | None:
    """The reply that `data` is, if it is exactly one plain one, to anything but HEAD."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    lines = data[:end].split(b"\r\n")
    start = lines[0]
    status = _starts[start]
    if not status:
        return None
    del lines[0]
    fields = [_lines[line] for line in lines]
    length = -1
    for low, _, value, _ in fields:
        if low == b"content-length":
            if length >= 0 or not value.isdigit() or len(value) > 18:
                return None
            length = int(value)
        elif low in _NOT_PLAIN and not (low == b"connection" and value == b"keep-alive"):
            return None
    end += 4
    if len(data) != end + length or not _replies.passes(data):
        return None
    return Reply(status, start + b"\r\n", fields, data[end:])
