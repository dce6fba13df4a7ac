"""Header fields as bytes: how a line is read, which fields belong to one hop only, how status lines are written."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Generic, TypeVar

Field = tuple[bytes, bytes, bytes, bytes]
"""A field as received: its name in lower case, its name, its value, and the line that says so, with its end. (A plain
tuple: it is taken apart several times for each request, which takes a named one four times as long.)"""

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"content-length",
        b"http2-settings",
    }
)
"""Fields of one connection (RFC 9110 section 7.6.1), and the framing, which is always made anew."""

REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}
_LONGEST = 1024
"""Bytes a piece may have to be remembered."""
_ROOM = 1 << 20
"""Bytes that all pieces of one memory may have together."""
_COST = 64
"""Bytes that a piece counts as at least."""
_USUAL = 64
"""Fields that a head usually has at most."""
Value = TypeVar("Value")


def field(name: bytes, value: bytes) -> Field:
    """The field of that name and value, as the parser gives them."""
    value = value.strip(b" \t")
    return name.lower(), name, value, b"%b: %b\r\n" % (name, value)


class Memory(dict[bytes, Value], Generic[Value]):
    """What was read of heads and their pieces. The same ones come again and again, so it is remembered, within a
    bound; when that is reached all is forgotten, which costs less than to know what was used last."""

    def __init__(self) -> None:
        super().__init__()
        self._left = _ROOM

    def remember(self, piece: bytes, read: Value) -> None:
        """Keep what was read, if there is room."""
        size = len(piece)
        if size > _LONGEST:
            return
        self._left -= max(size, _COST)
        if self._left < 0:
            self.forget()
        self[piece] = read

    def forget(self) -> None:
        """Begin afresh."""
        self.clear()
        self._left = _ROOM


class Readings(Memory[Value]):
    """A memory that reads what it does not know."""

    def __missing__(self, piece: bytes) -> Value:
        read = self.read(piece)
        self.remember(piece, read)
        return read

    def of(self, pieces: Sequence[bytes]) -> Mapping[bytes, Value]:
        """What is read of all pieces of one head. Those of a head that has more than usual are not remembered: where
        they are never the same they would take the place of those that are."""
        return self if len(pieces) <= _USUAL else {piece: self.read(piece) for piece in pieces}

    def read(self, piece: bytes) -> Value:
        """Read a piece that is not remembered."""
        raise NotImplementedError


class Lines(Readings[Field]):
    """Field lines, without their ends."""

    def read(self, piece: bytes) -> Field:
        """The line's field."""
        name, _, value = piece.partition(b":")
        return field(name, value)


def tokens(value: bytes) -> list[bytes]:
    """A comma-separated list of tokens, in lower case; empty members are left out."""
    return [token for part in value.lower().split(b",") if (token := part.strip(b" \t"))]


def nominated(fields: Sequence[Field]) -> frozenset[bytes]:
    """The field names that the `Connection` fields of a message make hop-by-hop."""
    return frozenset(token for low, _, value, _ in fields if low == b"connection" for token in tokens(value))


def is_event_stream(fields: Sequence[Field]) -> bool:
    """Whether a reply with these is a stream of server-sent events."""
    kind = next((value for low, _, value, _ in fields if low == b"content-type"), b"")
    return kind.partition(b";")[0].rstrip().lower() == b"text/event-stream"


def status_line(status: int, reason: bytes | None = None) -> bytes:
    """The first line of a reply, with the standard phrase unless one is given."""
    return b"HTTP/1.1 %d %b\r\n" % (status, REASONS.get(status, b"") if reason is None else reason)
