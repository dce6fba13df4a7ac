"""Verdicts on a request while it is received: on its line, its head, its size, and what the parser makes of it.

What HTTP itself forbids is in `judge`; here it is put together for one request. None is the verdict that all is well.
"""

import re
from typing import Protocol

import httptools

from gateway.errors import Refusal, refusal
from gateway.wire import judge
from gateway.wire.fields import tokens
from gateway.wire.request import Request

JUDGED = frozenset({b"host", b"transfer-encoding", b"content-length", b"connection", b"upgrade", b"expect"})
"""Fields that framing and routing depend on."""
_METHOD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?: |\Z)")


class Bounds(Protocol):
    """How large a request's head and body may be, in bytes."""

    @property
    def header(self) -> int:
        """The request line and all fields together."""

    @property
    def body(self) -> int:
        """The body."""


def note(request: Request, low: bytes, value: bytes) -> None:
    """Keep what framing and routing need; a repeated Host is kept as an empty, hence malformed, one."""
    if low == b"host":
        request.host = value if request.host is None else b""
    elif low == b"content-length":
        request.length = int(value)
    elif low == b"transfer-encoding":
        request.transfer = value if request.transfer is None else request.transfer + b"," + value
        request.chunked = True
    elif low == b"connection":
        request.options = (request.options or []) + tokens(value)
    elif low == b"upgrade":
        request.upgrade = value
    elif value.lower() == b"100-continue":
        request.expects = True


def on_head(request: Request) -> Refusal | None:
    """The verdict on a complete head; sets its target, path, query and host."""
    if request.version != "1.1" or request.transfer is not None:
        verdict = judge.version(request.version) or judge.framing(request.transfer, request.version)
        if verdict is not None:
            return verdict
    formed = judge.target(request.method, request.target)
    if isinstance(formed, Refusal):
        return formed
    request.target, authority = formed
    if authority is not None and request.host is not None and judge.host_name(request.host) is not None:
        request.host = request.headers[b"host"] = authority
    request.path, _, request.query = request.target.partition(b"?")
    if request.host is None and request.version == "1.0":
        request.host = b""
    elif request.host is None or judge.host_name(request.host) is None:
        return judge.bad_request("Host is missing, repeated or malformed")
    else:
        request.host = judge.host_name(request.host)
    return None


def on_error(error: Exception, data: bytes) -> Refusal:
    """What the parser's error means to the client. A method nobody knows is 501, if it is a method at all."""
    if isinstance(error, httptools.HttpParserInvalidMethodError) and _METHOD.match(data):
        return refusal("not_implemented", "this method is not known")
    if str(error) == "Invalid HTTP version":
        return refusal("version_not_supported", "use HTTP/1.1")
    return judge.bad_request(f"malformed request: {error}")


def on_line(start: bytes) -> Refusal | None:
    """The verdict on the request line: one space between its parts, where the parser takes more."""
    line = start.partition(b"\r\n")[0]
    if line.count(b" ") != 2 or b"\t" in line or b" HTTP/" not in line:
        return judge.bad_request("the request line must be: method, one space, target, one space, version")
    return None


def may_upgrade(request: Request) -> bool:
    """Whether the upgrade may be asked for: HTTP/2 would not be understood, and HTTP/1.0 has none."""
    protocols = tokens(request.upgrade or b"")
    return request.version == "1.1" and not any(protocol.startswith(b"h2") for protocol in protocols)


def head_too_large(start: bytes, bounds: Bounds) -> Refusal:
    """The head is too large; mostly for its target, or for its fields."""
    line = start.partition(b"\r\n")[0]
    if len(line) * 2 > bounds.header:
        return refusal("uri_too_long", "the request target is too long")
    return refusal("header_too_large", f"the request's head is larger than {bounds.header} bytes")


def body_too_large(bounds: Bounds) -> Refusal:
    """The body is, or will be."""
    return refusal("body_too_large", f"the request's body is larger than {bounds.body} bytes")
