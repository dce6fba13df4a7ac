"""A request as one variant is to get it: the same path, fields and body that the live way would give it.

It decides what becomes of a client's request on its way. It must not know how it is sent. What is sent to no caller's
benefit is marked, and carries no credentials but those that the variant's own settings give.
"""

from typing import NamedTuple

from gateway.core.bodies import write_model
from gateway.core.copies import Asked, Fields
from gateway.core.model import Route, Variant
from gateway.core.pool import host
from gateway.core.reading import readable, wants_stream
from gateway.core.upstream_path import upstream_path
from gateway.shadow.errors import UncomparedError
from gateway.wire.fields import HOP_BY_HOP

_CREDENTIALS = frozenset({b"authorization", b"cookie", b"proxy-authorization"})
_NOT_PASSED = HOP_BY_HOP | _CREDENTIALS | {b"host", b"expect"}
_BODILESS = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})
"""Methods of which nobody expects a body (RFC 9110 section 8.6)."""
_OURS = frozenset({b"x-request-id", b"traceparent", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"})
"""What the gateway adds: a variant's settings do not remove it."""


class Request(NamedTuple):
    """What is sent. `host` None stands for the endpoint's own authority."""

    method: bytes
    target: bytes
    fields: Fields
    body: bytes
    host: bytes | None = None


def request(asked: Asked, route: Route, variant: Variant, *, inspect: int) -> Request:
    """What the client asked of the route, as that variant is asked; UncomparedError where that cannot be. `inspect` is
    how many bytes of a body are read at most."""
    body, is_written = _body(asked, route, variant, inspect)
    path = upstream_path(asked.path, route, variant)
    target = b"%b?%b" % (path, asked.query) if asked.query else path
    own = host(variant)
    fields = (*_passing(asked, variant, is_written), *_added(route, variant))
    return Request(asked.method, target, fields, body, None if own is None else own.encode())


def lines(request: Request, authority: bytes) -> list[bytes]:
    """The request as it is sent to the endpoint of that authority: its head, and its body."""
    head = [b"%b %b HTTP/1.1\r\nhost: %b\r\n" % (request.method, request.target, request.host or authority)]
    head += [b"%b: %b\r\n" % field for field in request.fields]
    if request.body or request.method not in _BODILESS:
        head.append(b"content-length: %d\r\n" % len(request.body))
    return [*head, b"\r\n", request.body]


def is_patient(asked: Asked, route: Route, *, inspect: int) -> bool:
    """Whether an answer may take long to begin: it is written in one go, after all of it was thought of."""
    if route.protocol != "openai":
        return False
    return not wants_stream(readable(asked.body, _first(asked), route.protocol, inspect))


def _body(asked: Asked, route: Route, variant: Variant, inspect: int) -> tuple[bytes, bool]:
    """The body, and whether the variant's model was written into it, decoded."""
    if variant.model is None or route.protocol != "openai" or not asked.body:
        return asked.body, False
    text = readable(asked.body, _first(asked), route.protocol, inspect)
    written = None if text is None else write_model(text, variant.model)
    if written is None:
        raise UncomparedError("ignored", "no_model")
    return written, True


def _first(asked: Asked) -> dict[bytes, bytes]:
    """The first field of each name, in lower case."""
    return {name.lower(): value for name, value in reversed(asked.fields)}


def _passing(asked: Asked, variant: Variant, is_written: bool) -> list[tuple[bytes, bytes]]:
    replaced = {name.lower().encode() for name in variant.headers.remove}
    replaced |= {name.lower().encode() for name, _ in variant.headers.set}
    dropped = _NOT_PASSED | (replaced - _OURS)
    if is_written:
        dropped |= {b"content-encoding"}
    lows = ((name.lower(), name, value) for name, value in asked.fields)
    return [(name, value) for low, name, value in lows if low not in dropped and not low.startswith(b"x-gateway-")]


def _added(route: Route, variant: Variant) -> Fields:
    own = tuple((name.encode(), value.encode()) for name, value in variant.headers.set if name.lower() != "host")
    name = route.name.encode()
    return (
        (b"x-gateway-route", name),
        (b"x-gateway-variant", variant.name.encode()),
        (b"x-gateway-shadow", name),
        *own,
    )
