"""Answers of the gateway's own: errors in the shape that the route's clients read, and health."""

import orjson

from gateway.core.model import FixedResponse, Protocol, Snapshot
from gateway.errors import Refusal
from gateway.proxy.heads import date, field
from gateway.wire.fields import status_line
from gateway.wire.request import Request

_JSON = b"content-type: application/json\r\n"
_RETRY_AFTER = b"retry-after: 1\r\n"


def error_body(refusal: Refusal, request_id: bytes, protocol: Protocol) -> bytes:
    """The error as JSON: OpenAI's shape, which `http` routes share, or Open Inference's."""
    identity = request_id.decode()
    if protocol == "oip":
        return orjson.dumps({"error": f"{refusal.code}: {refusal.message} (request {identity})"})
    error = {"code": refusal.code, "type": "gateway_error", "message": refusal.message, "request_id": identity}
    return orjson.dumps({"error": error})


def answer_error(
    request: Request, refusal: Refusal, request_id: bytes, *, protocol: Protocol = "http", extra: bytes = b""
) -> None:
    """Answer with that error; `extra` is further fields, each ended by CRLF."""
    if refusal.status == 503:
        extra += _RETRY_AFTER
    head = b"x-request-id: %b\r\n%b" % (request_id, extra)
    answer(request, refusal.status, error_body(refusal, request_id, protocol), head=head)


def answer(request: Request, status: int, body: bytes, *, head: bytes = b"", kind: bytes = _JSON) -> None:
    """Answer with a body that is all there."""
    request.reply([status_line(status), kind if body else b"", date(), head], len(body))
    if request.method != b"HEAD":
        request.write(body)
    request.end()


def answer_fixed(request: Request, response: FixedResponse, *, head: bytes) -> None:
    """Answer with the response that the configuration gives."""
    fields = head + b"".join(field(name, value) for name, value in response.headers)
    answer(request, response.status, response.body.encode(), head=fields, kind=b"")


def exposed(snapshot: Snapshot, route: str, reason: str) -> bytes:
    """The fields that tell of the route, where the configuration has them shown."""
    if not snapshot.expose_headers:
        return b""
    lines = f"x-gateway-route: {route}\r\nx-gateway-revision: {snapshot.revision}\r\n"
    return f"{lines}x-gateway-reason: {reason}\r\n".encode()
