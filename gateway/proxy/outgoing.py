"""A request's head on its way to a model: the request line, the client's fields that pass, and those that are added."""

from typing import Protocol

from gateway.core.decide import CompiledRoute
from gateway.core.upstream_path import upstream_path
from gateway.proxy.heads import dashed, passing
from gateway.proxy.known import Known
from gateway.proxy.payload import Payload
from gateway.proxy.pool import Endpoint
from gateway.proxy.variants import Lane, Variant
from gateway.wire.request import Request

_CODING = frozenset({b"content-encoding"})


class Outgoing(Protocol):
    """The call whose request goes out."""

    request: Request
    route: CompiledRoute
    payload: Payload
    marks: tuple[bytes, bytes]
    forwarded: bytes
    known: Known | None
    """What is remembered of the request's head."""
    decoded: bool
    """The body is sent without the coding it came in."""


def head_lines(call: Outgoing, lane: Lane, endpoint: Endpoint) -> list[bytes]:
    """The whole head, with the empty line that ends it."""
    request = call.request
    variant = lane.variant
    removed = variant.removed
    if call.decoded:
        removed |= _CODING
    request_id, trace = call.marks
    target = _target(call, variant) if variant.rewrites else request.target
    parts = [request.method, b" ", target, endpoint.line]
    known = call.known
    if known is not None and (not removed or removed.isdisjoint(map(dashed, request.headers))):
        parts.append(known.lines)
    else:
        parts += passing(request, removed)
    parts += (b"x-request-id: ", request_id, b"\r\ntraceparent: ", trace, b"\r\n", call.forwarded, lane.added)
    if request.expects:
        parts.append(b"expect: 100-continue\r\n")
    if request.upgrade is not None:
        parts += (b"connection: upgrade\r\nupgrade: ", request.upgrade, b"\r\n")
    parts += (call.payload.framing, b"\r\n")
    return parts


def _target(call: Outgoing, variant: Variant) -> bytes:
    """The client's target as the variant's own `path` or `model` makes it; the query stays."""
    request = call.request
    path = upstream_path(request.path, call.route.route, variant.settings)
    return b"%b?%b" % (path, request.query) if b"?" in request.target else path
