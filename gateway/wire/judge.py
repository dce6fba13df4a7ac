"""What the parser lets pass and HTTP does not: the verdict on a request's and a reply's head.

The parser (llhttp, strict) has already refused bad syntax, differing or repeated lengths, folding, and bare CR or LF.
Sources: RFC 9112 sections 3.2, 6.1 and 6.3; RFC 9110 section 7.2.
"""

import re

from gateway.errors import Refusal, refusal
from gateway.wire.fields import Field

_HOST = re.compile(
    rb"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9\-._~!$&'()*+;=]|%[0-9A-Fa-f]{2})+)(?::[0-9]{0,5})?\Z",
)
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)([^#]*)\Z", re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_known_hosts: dict[bytes, bytes] = {}
_KNOWN_HOSTS_MAX = 1024


def bad_request(message: str) -> Refusal:
    """A 400 with that sentence."""
    return refusal("bad_request", message)


def host_name(value: bytes) -> bytes | None:
    """The host of a `Host` field in lower case without its port, or None when it is malformed."""
    name = _known_hosts.get(value)
    if name is None and _HOST.match(value):
        name = value.lower()
        if not name.endswith(b"]"):
            head, colon, port = name.rpartition(b":")
            name = head if colon and b"]" not in port else name
        name = name.removesuffix(b".")
        if len(_known_hosts) >= _KNOWN_HOSTS_MAX:
            _known_hosts.clear()
        _known_hosts[value] = name
    return name


def version(text: str) -> Refusal | None:
    """The verdict on a request's HTTP version, as the parser names it."""
    if text in ("1.1", "1.0"):
        return None
    return refusal("version_not_supported", f"HTTP/{text} is not spoken here; use HTTP/1.1")


def framing(value: bytes | None, text: str) -> Refusal | None:
    """The verdict on the Transfer-Encoding of a request in version `text`; only a lone `chunked` is unambiguous."""
    if value is None:
        return None
    if text != "1.1":
        return bad_request("Transfer-Encoding needs HTTP/1.1")
    if value.strip(b" \t").lower() != b"chunked":
        return bad_request("the only Transfer-Encoding taken is chunked")
    return None


def target(method: bytes, value: bytes) -> tuple[bytes, bytes | None] | Refusal:
    """The request target in origin form and, from an absolute form, the authority that replaces `Host`."""
    if method == b"CONNECT":
        return refusal("not_implemented", "CONNECT is not offered")
    if b"#" in value:
        return bad_request("a request target has no fragment")
    if value == b"*" and method == b"OPTIONS":
        return value, None
    if value[:1] == b"/":
        return value, None
    if absolute := _ABSOLUTE.match(value):
        authority, rest = absolute.groups()
        return (rest if rest[:1] == b"/" else b"/" + rest), authority
    return bad_request("the request target must begin with / or be an http URL")


def reply_framing(text: str, status: int, fields: list[Field]) -> str | None:
    """What is wrong with a reply's head, in words, or None."""
    if text not in ("1.1", "1.0"):
        return f"it speaks HTTP/{text}"
    if not 100 <= status <= 599:
        return f"its status is {status}"
    codings = [value.lower() for low, _, value, _ in fields if low == b"transfer-encoding"]
    if codings and (text != "1.1" or codings != [b"chunked"]):
        return "its transfer coding is not chunked"
    return None


def reason(phrase: bytes) -> str | None:
    """What is wrong with a reply's reason phrase, in words, or None (RFC 9112 section 4: no control characters)."""
    return "its reason phrase has a control character" if _CONTROL.search(phrase) else None
