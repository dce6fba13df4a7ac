"""The keys of a variant: one deployed model version and how it is spoken to.

It decides their shape and defaults. It must not know routes.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from gateway.config.fields import (
    REFERENCE,
    Count,
    EndpointUrl,
    FieldName,
    FieldValue,
    FilePath,
    Length,
    PlainPath,
    Share,
    ShareOrZero,
    StatusRange,
    Strict,
    Text,
    UpstreamPath,
    every_default,
    fraction,
    length,
    nothing,
    shown,
)
from gateway.config.units import DURATION, DueError, duration

RETRY_WORDS = ("connect", "reset", "timeout")
RETRY_STATUSES = (502, 503, 504)


def _retry_when(value: object) -> str | int:
    if isinstance(value, bool) or value not in (*RETRY_WORDS, *RETRY_STATUSES):
        raise DueError("connect, reset, timeout, 502, 503 or 504 is due")
    assert isinstance(value, str | int)
    return value


def _slow_after(value: object) -> float | None:
    if value == "auto":
        return None
    if not isinstance(value, str) or not re.fullmatch(DURATION, value) or not duration(value):
        raise DueError("auto, or a length such as 2s, is due")
    return duration(value)


RetryWhen = Annotated[str | int, PlainValidator(_retry_when), WithJsonSchema({"enum": [*RETRY_WORDS, *RETRY_STATUSES]})]
SlowAfter = Annotated[
    float | None,
    PlainValidator(_slow_after),
    WithJsonSchema({"type": "string", "pattern": f"^(auto|{DURATION}|{REFERENCE})$"}),
]


class UpstreamTls(Strict):
    """How https endpoints are spoken to."""

    ca: FilePath | None = None
    """Certificates to trust, a PEM file, instead of the system's."""
    cert: FilePath | None = None
    """The gateway's own certificate, for endpoints that ask for one."""
    key: FilePath | None = None
    """Its private key, without a passphrase."""
    server_name: Text | None = None
    """The name the endpoint's certificate must have; the endpoint's host when left out."""
    verify: bool = True
    """false accepts any certificate: only for trials."""


class Headers(Strict):
    """Changes to the header fields of requests to this variant."""

    set: dict[FieldName, FieldValue] = nothing(dict)
    """Fields to set; authorization, cookie and x-api-key only by reference."""
    remove: list[FieldName] = nothing(list)
    """Fields to leave out."""


class Timeouts(Strict):
    """Of one attempt."""

    connect: Length = length("1s")
    """To connect to an endpoint."""
    first_byte: Length = length("30s")
    """From the last byte of the request to the first of the reply."""
    idle: Length = length("60s")
    """Between two reads of a reply."""
    total: Length = length("300s")
    """The whole attempt."""


class Retry(Strict):
    """More attempts in this variant's own pool."""

    extra: Annotated[int, Field(ge=0, le=10)] = 1
    """Attempts after the first."""
    when: list[RetryWhen] = shown(["connect"], ["connect"])
    """What is tried again; reset means that no byte of a reply came."""
    budget: ShareOrZero = fraction("20%")
    """Retries may be this share of the variant's calls; ten are always allowed."""


class Breaker(Strict):
    """The variant's guard: it trips, and probes until the variant is well."""

    mode: Literal["enforce", "observe", "disabled"] = "enforce"
    """observe counts and never blocks."""
    window: Length = length("10s")
    """What the rates are measured over."""
    min_requests: Count = 20
    """With fewer in the window the last 10 calls decide."""
    error_rate: Share = fraction("50%")
    """Trips at this share of failed calls."""
    error_statuses: list[StatusRange] = shown([(500, 599)], ["500-599"])
    """Statuses that count as errors, single or as ranges."""
    consecutive_errors: Count = 5
    """Trips at once."""
    slow_after: SlowAfter = Field(default=None, json_schema_extra={"default": "auto"})
    """A call is slow once it has waited this long for its first byte; auto: 10 times the variant's own p99."""
    slow_rate: Share = fraction("50%")
    """Trips at this share of slow calls."""
    open_for: Length = length("5s")
    """How long it stays open; doubles at each trip in a row."""
    max_open_for: Length = length("60s")
    """The longest it stays open; at least open_for."""
    probes: Count = 3
    """Half-open: as many calls at once, and as many successes close it."""
    rescue: bool = True
    """While open, a call past slow_after with no byte yet goes to the fallback."""
    probe: Literal["live", "shadow"] = "live"
    """shadow: copies of live requests probe, and no caller waits on a broken model."""


class Ejection(Strict):
    """Taking one endpoint out of its pool for a while; in pools of two or more."""

    consecutive_errors: Count = 5
    """Failed attempts in a row that take an endpoint out."""
    for_: Length = Field(default=5.0, alias="for", json_schema_extra={"default": "5s"})
    """How long it stays out."""
    max_share: ShareOrZero = fraction("50%")
    """At most this share of the pool is out at once."""


class Health(Strict):
    """Active checks of each endpoint."""

    path: PlainPath
    """Asked with GET; 2xx is healthy."""
    interval: Length = length("5s")
    """Between two checks."""
    timeout: Length = length("1s")
    """Of one check."""
    unhealthy_after: Count = 2
    """Failed checks in a row."""
    healthy_after: Count = 1
    """Good checks in a row."""


class Variant(Strict):
    """One deployed model version that can answer."""

    endpoints: Annotated[list[EndpointUrl], Field(min_length=1)]
    """Where it runs: http://, https:// or unix:/path; a name is resolved again every 5 s."""
    tls: UpstreamTls = every_default(UpstreamTls)
    version: str = ""
    """Shown, sent and recorded."""
    metadata: dict[str, Any] = nothing(dict)
    """Free; shown and recorded, never interpreted."""
    path: UpstreamPath | None = None
    """The upstream path; the client's when left out. {rest} stands for what a prefix route left over."""
    model: Text | None = None
    """Written over "model" in openai bodies, and over the model part of oip paths."""
    headers: Headers = every_default(Headers)
    timeouts: Timeouts = every_default(Timeouts)
    concurrency: Count = 1024
    """Requests in flight; above it the variant is overloaded."""
    retry: Retry = every_default(Retry)
    balance: Literal["least_loaded", "round_robin"] = "least_loaded"
    """least_loaded: the less loaded of two endpoints drawn at random."""
    breaker: Breaker = every_default(Breaker)
    ejection: Ejection = every_default(Ejection)
    health: Health | None = None
    """Active checks; none when left out."""
