"""Header fields as bytes: how a line is read, which fields belong to one hop only, how status lines are written."""

from http import HTTPStatus

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
REMEMBERED = 4096
LONGEST = 256
"""How many lines are remembered, and how long they may be."""


def field(name: bytes, value: bytes) -> Field:
    """The field of that name and value, as the parser gives them."""
    value = value.strip(b" \t")
    return name.lower(), name, value, b"%b: %b\r\n" % (name, value)


class Lines(dict[bytes, Field]):
    """Field lines, read. The same lines come again and again, so what was read is remembered, within a bound."""

    def __missing__(self, line: bytes) -> Field:
        name, _, value = line.partition(b":")
        read = field(name, value)
        if len(line) <= LONGEST:
            if len(self) >= REMEMBERED:
                self.clear()
            self[line] = read
        return read


def tokens(value: bytes) -> list[bytes]:
    """A comma-separated list of tokens, in lower case; empty members are left out."""
    return [token for part in value.lower().split(b",") if (token := part.strip(b" \t"))]


def nominated(fields: list[Field]) -> frozenset[bytes]:
    """The field names that the `Connection` fields of a message make hop-by-hop."""
    return frozenset(token for low, _, value, _ in fields if low == b"connection" for token in tokens(value))


def status_line(status: int, reason: bytes | None = None) -> bytes:
    """The first line of a reply, with the standard phrase unless one is given."""
    return b"HTTP/1.1 %d %b\r\n" % (status, REASONS.get(status, b"") if reason is None else reason)
