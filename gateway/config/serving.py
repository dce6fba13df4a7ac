"""The keys that concern the gateway as a whole: addresses, limits, logs, notifications.

It decides their shape and defaults. It must not know variants or routes.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, GetJsonSchemaHandler, PlainValidator, WithJsonSchema, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from gateway.config.events import EVENT_KINDS
from gateway.config.fields import (
    Address,
    Count,
    FilePath,
    Length,
    LengthOrZero,
    LogPath,
    Name,
    ShareOrZero,
    Size,
    SizeOrZero,
    Strict,
    WebUrl,
    amount,
    fraction,
    length,
    nothing,
    shown,
)
from gateway.config.secret_fields import SecretText
from gateway.config.units import DueError

MAX_WORKERS = 256


def _workers(value: object) -> int | Literal["auto"]:
    if value == "auto":
        return "auto"
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_WORKERS:
        return value
    raise DueError(f"auto, or a whole number from 1 to {MAX_WORKERS}, is due")


Workers = Annotated[
    int | Literal["auto"],
    PlainValidator(_workers),
    WithJsonSchema({"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1, "maximum": MAX_WORKERS}]}),
]


class Tls(Strict):
    """A certificate for clients."""

    cert: FilePath
    """The certificate chain, a PEM file."""
    key: FilePath
    """Its private key, a PEM file without a passphrase."""


class Listen(Strict):
    """One address that clients reach; HOST:PORT alone works too."""

    address: Address
    """HOST:PORT; an IPv6 host stands in brackets."""
    tls: Tls | None = None
    """Serve HTTPS here."""

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return {"address": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        whole = handler.resolve_ref_schema(handler(core))
        return {"anyOf": [whole["properties"]["address"], whole]}


class Token(Strict):
    """One bearer of the admin API."""

    name: Name
    """Shown as the author of what this token does."""
    role: Literal["viewer", "operator", "admin"]
    """viewer reads; operator also sets overrides and restores revisions; admin also writes configuration."""
    token: SecretText
    """The secret itself, by reference: ${env:NAME} or ${file:PATH}."""


class Admin(Strict):
    """The admin API, its pages and /metrics."""

    listen: Address = Field(default=("127.0.0.1", 9090), json_schema_extra={"default": "127.0.0.1:9090"})
    """HOST:PORT. Anything but a loopback address needs tokens."""
    tokens: list[Token] = nothing(list)
    """Who may use the admin API; without tokens, everybody on this machine."""


class Limits(Strict):
    """Bounds of the serving side."""

    header: Size = amount("32KiB")
    """Largest request line and header fields together."""
    body: Size = amount("64MiB")
    """Largest request body."""
    inspect_body: SizeOrZero = amount("4MiB")
    """Largest body whose fields conditions and keys can read."""
    header_timeout: Length = length("10s")
    """How long a client may take to send a request's header fields."""
    body_idle: Length = length("30s")
    """How long a client may pause within a request's body."""
    keepalive: Length = length("75s")
    """How long an idle client connection is kept."""
    connections: Count = 20_000
    """Client connections of the whole gateway."""
    drain_delay: LengthOrZero = length("0s")
    """How long SIGTERM goes on accepting, for load balancers to notice."""
    drain: LengthOrZero = length("30s")
    """How long requests in flight may take to end at a stop."""


class AccessLog(Strict):
    """One JSON line per request."""

    path: LogPath | None = None
    """A file, or - for standard output."""
    sample: ShareOrZero = fraction("100%")
    """The share of requests that are logged."""


class Notify(Strict):
    """A webhook."""

    url: WebUrl
    """Where events are posted."""
    when: Annotated[list[Literal[EVENT_KINDS]], Field(min_length=1)] = shown(list(EVENT_KINDS), list(EVENT_KINDS))  # type: ignore[valid-type]
    """The kinds of event that are posted; all of them when left out."""
    secret: SecretText | None = None
    """Signs what is posted; by reference."""
