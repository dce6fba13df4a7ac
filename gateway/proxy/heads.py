"""Heads of requests toward models and of replies toward clients: which fields pass, and which are added."""

import re
from binascii import hexlify
from email.utils import formatdate
from functools import lru_cache
from random import getrandbits
from time import time

from gateway.core.keys import Cookie
from gateway.wire.fields import HOP_BY_HOP, Field, Readings, nominated
from gateway.wire.request import Request
from gateway.wire.whole import ReplyHead

_TO_MODEL = HOP_BY_HOP | {
    b"host",
    b"expect",
    b"x-request-id",
    b"traceparent",
    b"x-forwarded-for",
    b"x-forwarded-proto",
    b"x-forwarded-host",
}
_FROM_MODEL = HOP_BY_HOP | {b"x-request-id"}
_SANE_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._~+/=:@\-]{0,127}\Z")
_TRACE = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?\Z")
_TENTHS = tuple(b"%d.%d" % divmod(tenth, 10) for tenth in range(2000))
_LINE_ENDS = frozenset(b"\r\n\0")


class _Passing(Readings[bool]):
    """Names of fields, in lower case, to whether they pass."""

    def __init__(self, dropped: frozenset[bytes]) -> None:
        super().__init__()
        self._dropped = dropped

    def read(self, piece: bytes) -> bool:
        """Whether the field of that name passes."""
        name = dashed(piece)
        return name not in self._dropped and not name.startswith(b"x-gateway-")


_to_model = _Passing(_TO_MODEL)
_from_model = _Passing(_FROM_MODEL)


def dashed(name: bytes) -> bytes:
    """The name that servers behind CGI or WSGI cannot tell from this one: they read `_` as `-`."""
    return name.replace(b"_", b"-")


def goes_on(low: bytes) -> bool:
    """Whether a client's field of that name, in lower case, goes on to a model."""
    return _to_model[low]


def marks(headers: dict[bytes, bytes]) -> tuple[bytes, bytes]:
    """A request's id and its place in a trace: kept from the client, or made."""
    random = hexlify(getrandbits(128).to_bytes(16, "big"))
    given = headers.get(b"x-request-id")
    request_id = given if given is not None and _SANE_ID.match(given) else random
    trace = headers.get(b"traceparent")
    if trace is None or not _TRACE.match(trace):
        trace = b"00-" + random + b"-" + random[8:24] + b"-01"
    return request_id, trace


def passing(request: Request, removed: frozenset[bytes]) -> list[bytes]:
    """The client's fields that go to the model, in order and as they were written; `removed` are left out as well."""
    passes = _to_model.of([low for low, _, _, _ in request.fields])
    lines = [line for low, _, _, line in request.fields if passes[low]]
    if request.options is not None or removed:
        names = set(map(dashed, removed.union(request.options or ())))
        lines = [line for low, _, _, line in request.fields if passes[low] and dashed(low) not in names]
    return lines


def forwarded(request: Request, *, trusted: bool) -> bytes:
    """The x-forwarded-* fields: a trusted proxy's are continued, anybody else's replaced."""
    chain = request.connection.peer.encode()
    proto = b"https" if request.connection.secure else b"http"
    first = request.headers
    host = first.get(b"host", b"")
    if trusted:
        before = b", ".join(value for low, _, value, _ in request.fields if low == b"x-forwarded-for" and value)
        chain = b"%b, %b" % (before, chain) if before else chain
        proto = first.get(b"x-forwarded-proto", proto)
        host = first.get(b"x-forwarded-host", host)
    return b"x-forwarded-for: %b\r\nx-forwarded-proto: %b\r\nx-forwarded-host: %b\r\n" % (chain, proto, host)


def reply_fields(fields: list[Field]) -> list[bytes]:
    """A model's fields that go to the client, and a date where it gave none."""
    passes = _from_model.of([low for low, _, _, _ in fields])
    lines = []
    dated = False
    for low, _, value, line in fields:
        if passes[low]:
            lines.append(line)
            if low == b"date":
                dated = True
        elif low == b"connection" and value != b"keep-alive":
            return _without(fields, nominated(fields))
    if not dated:
        lines.append(date())
    return lines


def whole_reply_head(head: ReplyHead) -> bytes:
    """The first lines of a reply that came whole, on its way to the client."""
    known = head.known
    if known is None:
        known = head.start + b"".join(reply_fields(head.fields))
        if any(low == b"date" for low, _, _, _ in head.fields):
            head.known = known
    return known


def _without(fields: list[Field], named: frozenset[bytes]) -> list[bytes]:
    """The same where the model's Connection field names further ones."""
    left = [field for field in fields if field[0] != b"connection" and field[0] not in named]
    return reply_fields(left)


def set_cookie(cookie: Cookie, *, secure: bool) -> bytes:
    """The field that gives a client its targeting key."""
    end = b"; Secure\r\n" if secure else b"\r\n"
    return b"set-cookie: %b=%b; Max-Age=%d; Path=/; HttpOnly; SameSite=Lax%b" % (*cookie, end)


def milliseconds(seconds: float) -> bytes:
    """A length in milliseconds with one decimal, as Server-Timing writes it."""
    tenth = int(seconds * 10_000)
    return _TENTHS[tenth] if 0 <= tenth < 2000 else b"%.1f" % (seconds * 1000)


def date() -> bytes:
    """The Date field, for replies that came without."""
    return _date(int(time()))


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    return b"date: %b\r\n" % formatdate(second, usegmt=True).encode()


def field(name: str, value: str) -> bytes:
    """A field of our own configuration as bytes; the configuration has refused line ends."""
    assert not _LINE_ENDS & set(value.encode())
    return f"{name}: {value}\r\n".encode()
