"""Heads of requests toward models and of replies toward clients: which fields pass, and which are added."""

import re
from email.utils import formatdate
from random import getrandbits

from gateway.wire.fields import HOP_BY_HOP, Field, nominated
from gateway.wire.request import Request

_TO_MODEL = HOP_BY_HOP | {
    b"host",
    b"expect",
    b"x-request-id",
    b"traceparent",
    b"x-forwarded-for",
    b"x-forwarded-proto",
    b"x-forwarded-host",
}
_SANE_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._~+/=:@\-]{0,127}\Z")
_TRACE = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?\Z")
_TENTHS = tuple(b"%d.%d" % divmod(tenth, 10) for tenth in range(2000))
_LINE_ENDS = frozenset(b"\r\n\0")


class Marks:
    """What identifies one request: its id and its place in a trace, kept from the client or made."""

    __slots__ = ("request_id", "trace")

    def __init__(self, first: dict[bytes, bytes]) -> None:
        random = b"%048x" % getrandbits(192)
        given = first.get(b"x-request-id")
        self.request_id = given if given is not None and _SANE_ID.match(given) else random[:32]
        trace = first.get(b"traceparent")
        if trace is not None and _TRACE.match(trace):
            self.trace = trace
        else:
            self.trace = b"00-%b-%b-01" % (random[:32], random[32:])


def passing(request: Request, removed: frozenset[bytes]) -> list[bytes]:
    """The client's fields that go to the model, in order and as they were written; `removed` are left out as well."""
    parts: list[bytes] = []
    dropped = _TO_MODEL | removed if removed else _TO_MODEL
    if request.options is not None:
        dropped = dropped.union(request.options)
    for low, name, value in request.fields:
        if low not in dropped and low[:10] != b"x-gateway-":
            parts += (name, b": ", value, b"\r\n")
    return parts


def forwarded(request: Request, first: dict[bytes, bytes], *, trusted: bool) -> bytes:
    """The x-forwarded-* fields: a trusted proxy's are continued, anybody else's replaced."""
    chain = request.connection.peer.encode()
    proto = b"https" if request.connection.secure else b"http"
    host = first.get(b"host", b"")
    if trusted:
        before = b", ".join(value for low, _, value in request.fields if low == b"x-forwarded-for" and value)
        chain = b"%b, %b" % (before, chain) if before else chain
        proto = first.get(b"x-forwarded-proto", proto)
        host = first.get(b"x-forwarded-host", host)
    return b"x-forwarded-for: %b\r\nx-forwarded-proto: %b\r\nx-forwarded-host: %b\r\n" % (chain, proto, host)


def reply_fields(fields: list[Field]) -> tuple[list[bytes], bytes, bool]:
    """A model's fields that go to the client, its content type in lower case, and whether it gave a date."""
    parts: list[bytes] = []
    kind = b""
    dated = False
    dropped = _FROM_MODEL
    for low, name, value in fields:
        if low in _NOTED:
            if low == b"content-type":
                kind = value.lower()
            elif low == b"date":
                dated = True
            elif value.lower() not in _PLAIN:
                dropped = _FROM_MODEL | nominated(fields)
                return _without(fields, dropped), kind or _kind(fields), dated or _dated(fields)
        if low not in dropped and low[:10] != b"x-gateway-":
            parts += (name, b": ", value, b"\r\n")
    return parts, kind, dated


_FROM_MODEL = HOP_BY_HOP | {b"x-request-id"}
_NOTED = frozenset({b"content-type", b"date", b"connection"})
_PLAIN = (b"keep-alive", b"close")


def _without(fields: list[Field], dropped: frozenset[bytes]) -> list[bytes]:
    return [
        part
        for low, name, value in fields
        if low not in dropped and not low.startswith(b"x-gateway-")
        for part in (name, b": ", value, b"\r\n")
    ]


def _kind(fields: list[Field]) -> bytes:
    return next((value.lower() for low, _, value in fields if low == b"content-type"), b"")


def _dated(fields: list[Field]) -> bool:
    return any(low == b"date" for low, _, _ in fields)


def milliseconds(seconds: float) -> bytes:
    """A length in milliseconds with one decimal, as Server-Timing writes it."""
    tenth = int(seconds * 10_000)
    return _TENTHS[tenth] if 0 <= tenth < 2000 else b"%.1f" % (seconds * 1000)


def date() -> bytes:
    """The Date field, for replies that came without."""
    return b"date: %b\r\n" % formatdate(usegmt=True).encode()


def field(name: str, value: str) -> bytes:
    """A field of our own configuration as bytes; the configuration has refused line ends."""
    assert not _LINE_ENDS & set(value.encode())
    return f"{name}: {value}\r\n".encode()
