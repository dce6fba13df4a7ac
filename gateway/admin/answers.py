"""The shapes of the admin API's answers. What is sent, and what the OpenAPI document says is sent, both come from here.

It decides names and forms. It must not know how the facts come to be.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from gateway.core.records import Origin, OverrideKind


def _is_none(value: object) -> bool:
    return value is None


def optional() -> Any:
    """A field that is left out where it means nothing."""
    return Field(default=None, exclude_if=_is_none)


class Answer(BaseModel):
    """What all answers have in common: rates and shares are fractions, times RFC 3339 in UTC, lengths in seconds."""

    model_config = ConfigDict(
        frozen=True,
        from_attributes=True,
        use_attribute_docstrings=True,
        json_schema_serialization_defaults_required=True,
    )


class Fault(Answer):
    """One fault or warning of a configuration, and where it stands."""

    line: int
    """From 1."""
    column: int
    """From 1, in characters."""
    path: str
    """The key it is about, such as routes.fraud.split."""
    message: str
    """What is wrong, and what is allowed."""


class Revision(Answer):
    """One accepted configuration."""

    revision: int
    """Its number, from 1."""
    author: str
    """The name of the token that wrote it; "file" where it was taken from the configuration file; "anonymous" without
    tokens."""
    message: str
    time: datetime
    origin: Origin
    """Where its text came from: the file, the API, or an older revision."""
    hash: str
    """SHA-256 of its text, in hexadecimal."""
    kept: bool
    """False while the store could not yet be given it."""


class RevisionText(Revision):
    """One accepted configuration with its text."""

    yaml: str
    """The text as it was written: secrets stand in it by reference only."""


class Revisions(Answer):
    """The newest first."""

    items: list[Revision]
    next: int | None
    """Ask with before=NEXT for older ones; null where there are none."""


class OverrideName(Answer):
    """What names an override: there is at most one of a kind for a subject."""

    kind: OverrideKind
    subject: str
    """The variant's name, or the route's for split_set."""


class Override(OverrideName):
    """One decision taken at run time, on top of the revision."""

    who: str
    why: str
    since: datetime
    expires: datetime | None
    """When it ends by itself; null: never."""
    split: Mapping[str, int] | None = optional()
    """For split_set: variant to weight."""
    rules: Literal["set", "keep"] | None = optional()
    """For split_set: whether the splits of the route's rules are replaced as well."""
    previous: Mapping[str, int] | None = optional()
    """For split_set: the set split before this one; absent where the revision's own was in force."""
    state: Literal["open", "closed"] | None = optional()
    """For breaker_forced."""


class Overrides(Answer):
    """By kind and subject."""

    items: list[Override]


class Outcome(Revision):
    """What a change came to: the revision in force now, and what else happened."""

    changed: bool
    """False where what was asked for was in force already."""
    notes: list[str]
    """What else happened: overrides that ended, workers that were replaced."""
    override: Override | None = optional()
    """The override that was set, where one was."""


class Checked(Answer):
    """A configuration without faults."""

    ok: Literal[True] = True
    warnings: list[Fault]
    """What is probably not meant."""


class PlannedChange(Answer):
    """One thing that changes."""

    what: str
    """Such as "route fraud", "variant fraud-4", "segment gold", "limits"."""
    change: str
    """How, in words."""


class Move(Answer):
    """Callers that change from one variant to another."""

    source: Annotated[str, Field(serialization_alias="from")]
    target: Annotated[str, Field(serialization_alias="to")]
    share: float
    """Of all the route's targeting keys."""


def _is_empty(value: Mapping[str, object]) -> bool:
    return not value


class RoutePlan(Answer):
    """The shares of one route's variants, and who moves."""

    before: Mapping[str, float]
    after: Mapping[str, float]
    moves: list[Move]
    assumed: list[str]
    """What the shares rest on, and what they cannot show, in words."""
    segments: Mapping[str, "RoutePlan"] = Field(default={}, exclude_if=_is_empty)
    """The same for the callers of each segment whose number is not known, as fractions of these alone; absent where
    there is none in which something shifts."""


class Plan(Answer):
    """What a configuration would change."""

    changes: list[PlannedChange]
    """Empty where nothing would change."""
    routes: Mapping[str, RoutePlan]
    resets: list[str]
    """The variants whose pool would begin afresh."""
    overrides_ended: list[OverrideName]
    overrides_kept: list[OverrideName]
    refused: list[str]
    """Settings that change and need a restart: with one of these, the configuration is refused."""


class File(Answer):
    """The configuration file beside what is in force."""

    differs: bool
    faults: list[Fault]


class Endpoint(Answer):
    """One endpoint as all workers together see it."""

    url: str
    available: bool
    in_flight: int


class Breaker(Answer):
    """One variant's breaker now."""

    state: Literal["closed", "half_open", "open"]
    forced: bool
    """Held in that state by an override."""
    reason: str
    """Why it changed last; empty where it did not since control began."""
    since: datetime
    retry_at: datetime | None
    """When an open one lets a few calls try."""


class Variant(Answer):
    """One variant now. Rates are of the last ten seconds."""

    version: str
    enabled: bool
    in_flight: int
    requests_per_second: float
    error_rate: float
    latency: Mapping[str, float]
    """p50, p90 and p99 in seconds; empty without calls."""
    breaker: Breaker
    endpoints: list[Endpoint]


class Route(Answer):
    """One route now."""

    split: Mapping[str, int]
    """The split that decides, overrides included."""
    fallback: list[str]
    requests_per_second: float
    shadows: list[str]
    """The variants that get copies of its requests."""


class Worker(Answer):
    """One serving process."""

    index: int
    pid: int
    revision: int
    draining: bool
    since: datetime


class Status(Answer):
    """What is in force, and how it goes."""

    revision: int
    file: File
    kept: bool
    """Whether the store has all that was changed."""
    overrides: list[Override]
    routes: Mapping[str, Route]
    variants: Mapping[str, Variant]
    workers: list[Worker]


class Probed(Answer):
    """What one endpoint answered."""

    url: str
    problem: str
    """What is wrong, in words; empty where it answered well."""
    status: int | None
    """Null where no reply came, or only a connection was asked for."""
    seconds: float


class Probe(Answer):
    """A variant asked whether it answers."""

    asked: str
    """What every endpoint was asked, such as "GET /ready"."""
    endpoints: list[Probed]


class Event(Answer):
    """One fact about a change."""

    id: int
    """Grows with time."""
    time: datetime
    kind: str
    subject: str
    who: str
    why: str
    detail: Mapping[str, JsonValue]


class Events(Answer):
    """The oldest first."""

    items: list[Event]
    next: int | None
    """Ask with since=NEXT for what comes after; null where nothing has happened yet."""
