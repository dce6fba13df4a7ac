"""Facts: what decisions may know of one request. Parses query, cookies and JSON when they are first asked for.

Nothing here raises, whatever the bytes are: what cannot be read is absent. Knows no route, variant or condition.
"""

import json
import re
from typing import NoReturn

import orjson

from gateway.core.jsonfield import MISSING, Path, read

_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")
_LARGEST_EXACT = 2.0**63


class Facts:
    """One request. `path` is raw and without the query, `host` lower case and without port, `headers` maps lower-case
    names to their first values. `body` is the complete, decoded JSON text or None; set it before the first decision."""

    __slots__ = (
        *("method", "path", "query", "host", "headers", "client", "body"),
        *("_cookies", "_document", "_exact", "_parameters"),
    )

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a request are these
        self,
        method: bytes,
        path: bytes,
        query: bytes,
        host: bytes,
        headers: dict[bytes, bytes],
        client: str,
        body: bytes | None = None,
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.host = host
        self.headers = headers
        self.client = client
        self.body = body
        self._parameters: dict[bytes, bytes] | None = None
        self._cookies: dict[bytes, bytes] | None = None
        self._document: object = None
        self._exact: object = None

    def parameter(self, name: bytes) -> bytes | None:
        """A query parameter, percent-decoded; the first if repeated."""
        if self._parameters is None:
            self._parameters = _parse_query(self.query)
        return self._parameters.get(name)

    def cookie(self, name: bytes) -> bytes | None:
        """A cookie's value without its quotes; the first if repeated."""
        if self._cookies is None:
            self._cookies = _parse_cookies(self.headers.get(b"cookie", b""))
        return self._cookies.get(name)

    def field(self, path: Path) -> object:
        """A value of the JSON body, or MISSING. Integers are exact whatever their size."""
        if self.body is None:
            return MISSING
        if self._document is None:
            self._document = (_parse_fast(self.body),)
        value = read(path, self._document[0])  # type: ignore[index]
        if type(value) is float and not -_LARGEST_EXACT < value < _LARGEST_EXACT:
            # orjson rounds integers beyond 64 bits, and two targeting keys could become one.
            if self._exact is None:
                self._exact = (_parse_exact(self.body),)
            value = read(path, self._exact[0])  # type: ignore[index]
        return value


def _parse_query(query: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for piece in query.split(b"&") if query else ():
        name, _, value = piece.partition(b"=")
        found.setdefault(_decoded(name), _decoded(value))
    return found


def _decoded(text: bytes) -> bytes:
    if b"+" in text:
        text = text.replace(b"+", b" ")
    if b"%" in text:
        text = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), text)
    return text


def _parse_cookies(header: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for piece in header.split(b";"):
        name, equals, value = piece.partition(b"=")
        if equals:
            found.setdefault(name.strip(), _unquoted(value.strip()))
    return found


def _unquoted(value: bytes) -> bytes:
    return value[1:-1] if len(value) > 1 and value[:1] == value[-1:] == b'"' else value


def _parse_fast(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        # It may be JSON all the same: orjson refuses half a surrogate pair, as in a text cut in the middle of an emoji.
        return _parse_exact(body)


def _parse_exact(body: bytes) -> object:
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return MISSING


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
