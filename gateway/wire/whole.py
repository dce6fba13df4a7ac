"""Messages that came whole and alone in one piece, as most do: read at once, without a call for each field.

The parser judges every byte of them as it does of all others. Whatever is not plain (other framing than a length,
upgrades, expectations, other versions, limits, faults) is answered with None, and read by `intake` or `uptake`, which
know it all.
"""

from typing import NamedTuple

import httptools

from gateway.wire import judge
from gateway.wire.fields import Field, Lines, Memory
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
_METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
_MOST_DIGITS = 18


class _RequestLines(Memory[tuple[bytes, bytes, bytes, bytes] | None]):
    """Request lines."""

    def read(self, piece: bytes) -> tuple[bytes, bytes, bytes, bytes] | None:
        """Its method, target, path and query; None when it is not plain."""
        parts = piece.split(b" ")
        if len(parts) != 3 or parts[2] != b"HTTP/1.1" or parts[0] not in _METHODS or not _is_path(parts[1]):
            return None
        path, _, query = parts[1].partition(b"?")
        return parts[0], parts[1], path, query


def _is_path(target: bytes) -> bool:
    return target[:1] == b"/" and b"#" not in target


_request_lines = _RequestLines()


def read_request(data: bytes, connection: Connection, *, header: int, body: int) -> Request | None:
    """The request that `data` is, if it is exactly one plain one within those limits (in bytes)."""
    end = data.find(b"\r\n\r\n")
    if not 0 < end <= header:
        return None
    lines = data[:end].split(b"\r\n")
    start = _request_lines[lines[0]]
    if start is None:
        return None
    del lines[0]
    fields = [_lines[line] for line in lines]
    headers = {low: value for low, _, value, _ in fields}
    if len(headers) != len(fields):
        headers = _first(fields)
    if not (_NOT_PLAIN.isdisjoint(headers) or _is_kept_alive(headers)) or b"," in headers:
        return None
    announced = headers.get(b"content-length", b"0")
    if not announced.isdigit() or len(announced) > _MOST_DIGITS:
        return None
    length = int(announced)
    end += 4
    host = judge.host_name(headers.get(b"host", b""))
    if len(data) != end + length or length > body or host is None or not _requests.passes(data):
        return None
    request = Request(connection)
    request.method, request.target, request.path, request.query = start
    request.fields = fields
    request.headers = headers
    request.host = host
    request.complete = True
    if b"content-length" in headers:
        request.length = request.body_size = length
        if length:
            request.body = [data[end:]]
    return request


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


class Reply(NamedTuple):
    """A whole reply; `start` is its first line with its end."""

    status: int
    start: bytes
    fields: list[Field]
    body: bytes


class _StatusLines(Memory[tuple[int, bytes]]):
    """First lines of replies."""

    def read(self, piece: bytes) -> tuple[int, bytes]:
        """Its status, 0 when it is not plain, and the line as it goes out, with its end."""
        plain = piece[:9] == b"HTTP/1.1 " and piece[9:12].isdigit() and piece[12:13] in (b" ", b"")
        status = int(piece[9:12]) if plain else 0
        if not 200 <= status <= 599 or status in (204, 304) or judge.reason(piece[12:]) is not None:
            status = 0
        return status, b"%b %b\r\n" % (piece[:12], piece[13:])


_status_lines = _StatusLines()


def read_reply(data: bytes) -> Reply | None:
    """The reply that `data` is, if it is exactly one plain one, to anything but HEAD."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    lines = data[:end].split(b"\r\n")
    status, start = _status_lines[lines[0]]
    if not status:
        return None
    del lines[0]
    fields = [_lines[line] for line in lines]
    headers = {low: value for low, _, value, _ in fields}
    if len(headers) != len(fields):
        headers = _first(fields)
    if not (_NOT_PLAIN.isdisjoint(headers) or _is_kept_alive(headers)) or b"," in headers:
        return None
    announced = headers.get(b"content-length", b"")
    if not announced.isdigit() or len(announced) > _MOST_DIGITS:
        return None
    end += 4
    if len(data) != end + int(announced) or not _replies.passes(data):
        return None
    return Reply(status, start, fields, data[end:])
