"""The admin API as the commands see it: one call, its answer, and one clear line for everything that can go wrong.

It decides how a failure reads. It must not know what a command does with an answer. Standard library only, so that a
command starts at once.
"""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from gateway.errors import GatewayError

DEFAULT = "http://127.0.0.1:9090"
PREFIX = "/api/v1"
WITHIN = 60.0
"""Seconds that any step of a call may take; a change waits for every worker's word."""
LONGEST = 64 << 20
"""Bytes of an answer that are read."""

MARK = "X-Gateway-Api"
"""The field by which an admin side makes itself known."""

YAML = "application/yaml"
JSON = "application/json"

Document = dict[str, Any]


class ApiError(GatewayError):
    """A call that did not do what was asked; the message is one line, `document` the same for machines."""

    def __init__(self, message: str, *, code: str, status: int = 0, details: Document | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.document = {"error": {**(details or {}), "code": code, "message": message}}

    @property
    def details(self) -> Document:
        """All that the answer says of the error."""
        return self.document["error"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, by a call that did what was asked."""

    body: bytes
    revision: int | None
    """The revision that the answer is about, where it names one."""

    @property
    def document(self) -> Document:
        """The body as JSON."""
        read = json.loads(self.body)
        assert isinstance(read, dict)
        return read


class Api:
    """One admin side. `token` is sent where there is one; `within` bounds every step of a call, in seconds."""

    def __init__(self, url: str, *, token: str = "", within: float = WITHIN) -> None:
        self.url = url.rstrip("/")
        self._parts = urlsplit(self.url)
        self._token = token
        self._within = within

    def get(self, *path: str | int, **query: object) -> Document:
        """What stands there. Parts of the path are quoted; a parameter of the query that is None is left out."""
        return self.call("GET", *path, query=query).document

    def call(
        self,
        method: str,
        *path: str | int,
        query: Mapping[str, object] | None = None,
        body: object = None,
        match: int = 0,
    ) -> Answer:
        """One call. `body` is a configuration's text as bytes, or anything that is JSON; with `match` the change is
        made only on top of that revision. ApiError when it did not do what was asked."""
        target = self.target(*path, **(query or {}))
        fields = self.fields(body)
        if match:
            fields["If-Match"] = f'"{match}"'
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        response, received = self._exchange(method, target, data, fields)
        return self._judged(response, received)

    def target(self, *path: str | int, **query: object) -> str:
        """What is asked for, below the address."""
        given = {name: value for name, value in query.items() if value is not None}
        quoted = "/".join(quote(str(part), safe="") for part in path)
        return f"{self._parts.path}{PREFIX}/{quoted}{'?' if given else ''}{urlencode(given)}"

    def fields(self, body: object = None) -> dict[str, str]:
        """The fields that every request has."""
        fields = {"Accept": JSON, "User-Agent": "gateway"}
        if body is not None:
            fields["Content-Type"] = YAML if isinstance(body, bytes) else JSON
        if self._token:
            fields["Authorization"] = f"Bearer {self._token}"
        return fields

    def connect(self, *, within: float | None = None) -> HTTPConnection:
        """A new connection; `within` bounds each step of it, in seconds. ApiError where none can be made."""
        host, port, within = self._parts.hostname or "", self._parts.port, within or self._within
        connection = HTTPConnection(host, port, timeout=within)
        if self._parts.scheme == "https":
            connection = HTTPSConnection(host, port, timeout=within, context=ssl.create_default_context())
        try:
            connection.connect()
        except (OSError, UnicodeError) as error:
            raise ApiError(
                f"cannot reach the admin side at {self.url}: {_reason(error)}; is the gateway running, and is that its "
                "admin address? --admin URL or GATEWAY_ADMIN names another",
                code="unreachable",
            ) from None
        return connection

    def check(self, response: HTTPResponse, received: bytes) -> None:
        """Nothing where the call did what was asked, else ApiError."""
        self._judged(response, received)

    def broken(self, error: Exception) -> ApiError:
        """For a connection on which no whole answer came."""
        if isinstance(error, HTTPException) and not isinstance(error, OSError | IncompleteRead):
            return self._foreign("what answers there speaks no HTTP")
        return ApiError(f"no answer from {self.url}: {_reason(error)}", code="unreachable")

    def _exchange(
        self, method: str, target: str, data: bytes | None, fields: Mapping[str, str]
    ) -> tuple[HTTPResponse, bytes]:
        """On a connection of its own, since one that waited for an operator's word may be gone."""
        connection = self.connect()
        try:
            connection.request(method, target, data, dict(fields))
            return _received(connection.getresponse())
        except (OSError, HTTPException) as error:
            broken = self.broken(error)
            if method == "GET" or broken.code == "not_a_gateway":
                raise broken from None
            doubt = "whether the change was made is not known: `gateway events` shows it"
            raise ApiError(f"{broken}; {doubt}", code=broken.code) from None
        finally:
            connection.close()

    def _judged(self, response: HTTPResponse, received: bytes) -> Answer:
        if response.status in range(300, 400):
            place = response.headers.get("Location", "another address")
            raise self._foreign(f"it sends on to {place}; name that address if it is the gateway's")
        read = _document(received) if MARK in response.headers else None
        if read is None:
            raise self._foreign(f"it answers {response.status} {response.reason}".rstrip())
        if response.status not in range(200, 300):
            raise self._refused(response, read)
        tag = response.headers.get("ETag", "").removeprefix("W/").strip('"')
        return Answer(received, int(tag) if tag.isdecimal() else None)

    def _refused(self, response: HTTPResponse, read: Document) -> ApiError:
        found = read["error"]
        message = found["message"] + self._advice(response)
        return ApiError(message, code=found["code"], status=response.status, details=found)

    def _advice(self, response: HTTPResponse) -> str:
        if response.status == 401:
            wrong = "check GATEWAY_TOKEN or the file of --token-file"
            return f"; {wrong if self._token else 'set GATEWAY_TOKEN, or name a file with it by --token-file'}"
        if response.status == 429:
            return f"; try again in {response.headers.get('Retry-After', 'some')} s, with the right token"
        return ""

    def _foreign(self, what: str) -> ApiError:
        return ApiError(
            f"{self.url} does not answer as a gateway's admin side: {what}; --admin URL or GATEWAY_ADMIN names the "
            "address of admin.listen, not one that serves callers",
            code="not_a_gateway",
        )


def _received(response: HTTPResponse) -> tuple[HTTPResponse, bytes]:
    received = response.read(LONGEST)
    if response.length:
        raise IncompleteRead(b"", response.length)
    return response, received


def _document(received: bytes) -> Document | None:
    """The answer's JSON object; None where there is none."""
    try:
        read = json.loads(received)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
