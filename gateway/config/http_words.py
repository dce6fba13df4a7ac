"""The parts of HTTP that a configuration names: fields, methods, paths, hosts, statuses.

It decides what each may be; a `DueError` says what one looks like. It must not know routes or variants.
"""

import re
from difflib import get_close_matches

from gateway.config.units import DueError
from gateway.core.routing import path_fault

METHODS = (
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "PURGE", "SEARCH", "REPORT"),
    *("PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK"),
)
"""Those the parser knows and a model server could answer; CONNECT asks for a proxy of another kind."""

FRAMING = frozenset(
    [
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)
"""Fields that the gateway makes anew for every message."""
FRAMING_FAULT = "may not be set: the gateway makes this field anew for every message"

CREDENTIALS = frozenset({"authorization", "cookie", "x-api-key"})
"""Fields whose values are secrets."""

REST = "{rest}"
FIELD_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"

_FIELD_VALUE = re.compile(r"[\x21-\x7e\xa0-\xff]([\t\x20-\x7e\xa0-\xff]*[\x21-\x7e\xa0-\xff])?")
_PATH = re.compile(r"/([A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*")
_HOST = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?|\[[0-9a-f:.]+\]")


def field_name(text: str) -> str:
    """A header field's name, as written."""
    if not re.fullmatch(FIELD_NAME, text):
        raise DueError("a header name such as x-user-id is due")
    return text


def field_value(text: str) -> str:
    """A header field's value."""
    if text and not _FIELD_VALUE.fullmatch(text):
        raise ValueError("a header value has no line breaks or control characters, and no blank at either end")
    return text


def cookie_name(text: str) -> str:
    """A cookie's name."""
    if not re.fullmatch(FIELD_NAME, text):
        raise DueError("a cookie name such as uid is due")
    return text


def method(text: str) -> str:
    """A request method, upper case."""
    if text not in METHODS:
        nearest = [*get_close_matches(text.upper(), METHODS, 1), "POST"][0]
        raise DueError(f"a method in upper case, such as {nearest}, is due (allowed: {', '.join(METHODS)})")
    return text


def route_path(text: str) -> str:
    """A public path: exact, or a prefix that ends in `/*`."""
    exact = text.removesuffix("*") if text.endswith("/*") else text
    _plain_path(exact, "a path such as /v1/fraud, or a prefix such as /v1/*, is due")
    return text


def upstream_path(text: str) -> str:
    """A path at a model server, in which `{rest}` may stand once."""
    if text.count(REST) > 1:
        raise ValueError(f"{REST} may stand once")
    _plain_path(text.replace(REST, ""), f"a path such as /v1/predict or /models/{REST} is due")
    return text


def plain_path(text: str) -> str:
    """A path without wildcards."""
    _plain_path(text, "a path such as /v2/health/ready is due")
    return text


def _plain_path(text: str, due: str) -> None:
    if not text.startswith("/"):
        raise DueError(due)
    if found := re.search("[?#]", text):
        raise ValueError(f"a path has no {found[0]}; the query is never part of it")
    if not _PATH.fullmatch(text):
        raise ValueError("a path consists of the characters a URL may have; percent-encode the others")
    if "*" in text:
        raise ValueError("* may only stand at the end, after a slash: /v1/*")
    if fault := path_fault(text.encode()):
        raise ValueError(fault.replace("; send it resolved", "; write it resolved"))


def host(text: str) -> str:
    """A host name in lower case, without a port; `*.` in front takes all names below."""
    lower = text.lower()
    if (re.search(r":[0-9]+\Z", lower) and not lower.startswith("[")) or not _HOST.fullmatch(lower) or ".." in lower:
        raise DueError("a host without a port, such as api.example.com or *.example.com, is due")
    return lower


def status_range(value: object) -> tuple[int, int]:
    """One status, or a range of them such as `500-599`; both ends belong to it."""
    if isinstance(value, int) and not isinstance(value, bool):
        low = high = value
    elif isinstance(value, str) and re.fullmatch("[0-9]{3}-[0-9]{3}", value):
        low, high = int(value[:3]), int(value[4:])
    else:
        raise DueError("a status such as 503, or a range such as 500-599, is due")
    if not 300 <= low <= high <= 599:
        raise DueError("a status, or a rising range of them, between 300 and 599 is due")
    return low, high
