"""Header fields as bytes: which ones belong to one hop only, and how lists of tokens and status lines are written."""

from http import HTTPStatus

Field = tuple[bytes, bytes, bytes]
"""A field as received: its name in lower case, its name, its value."""

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


def tokens(value: bytes) -> list[bytes]:
    """A comma-separated list of tokens, in lower case; empty members are left out."""
    return [token for part in value.lower().split(b",") if (token := part.strip(b" \t"))]


def nominated(fields: list[Field]) -> frozenset[bytes]:
    """The field names that the `Connection` fields of a message make hop-by-hop."""
    return frozenset(token for low, _, value in fields if low == b"connection" for token in tokens(value))


def status_line(status: int, reason: bytes | None = None) -> bytes:
    """The first line of a reply, with the standard phrase unless one is given."""
    return b"HTTP/1.1 %d %b\r\n" % (status, REASONS.get(status, b"") if reason is None else reason)
