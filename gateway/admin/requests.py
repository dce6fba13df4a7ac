"""The shapes of what callers of the admin API send. What is checked, and what the OpenAPI document says is allowed,
both come from here.

It decides names, types and bounds; unknown names are refused. It must not know what is in force.
"""

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema

from gateway.config.fields import MOST
from gateway.config.units import DURATION, duration

MAX_NUMBER = (1 << 53) - 1
"""The largest whole number that every JSON reader gets right."""
MAX_PAGE = 500
"""Items of a list in one answer."""
MAX_JSON = 64 << 10
"""Bytes of a JSON body."""
MAX_SAMPLE = 4 << 20
"""Bytes of a JSON body that holds a sample request."""
MAX_WORDS = 500
"""Characters of a message or reason."""

_TIME = r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
_EXPIRY_DUE = "a length such as 30m, 2h or 1d is due, or a time such as 2026-01-31T12:00:00Z"


class Input(BaseModel):
    """What all have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("one line without control characters is due")
    return text


def _whole(value: object) -> object:
    """Stricter than what Python takes for a number."""
    if isinstance(value, str) and not re.fullmatch("[0-9]{1,16}", value):
        raise ValueError("a whole number is due")
    return value


def _expiry(value: object) -> datetime | timedelta:
    if isinstance(value, str) and re.fullmatch(DURATION, value) and duration(value):
        return timedelta(seconds=duration(value))
    if isinstance(value, str) and re.fullmatch(_TIME, value):
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise ValueError(_EXPIRY_DUE)


Name = Annotated[str, Field(min_length=1, max_length=128)]
FieldName = Annotated[str, Field(pattern="^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$")]
FieldValue = Annotated[str, Field(pattern=r"^[\x20-\x7e\t]*$", max_length=8192)]
Weight = Annotated[int, Field(ge=0, le=MOST)]
Words = Annotated[str, Field(max_length=MAX_WORDS), AfterValidator(_one_line)]
Number = Annotated[int, Field(ge=0, le=MAX_NUMBER), BeforeValidator(_whole)]
Page = Annotated[int, Field(ge=1, le=MAX_PAGE), BeforeValidator(_whole)]
Expiry = Annotated[
    datetime | timedelta,
    PlainValidator(_expiry),
    WithJsonSchema({"type": "string", "anyOf": [{"pattern": f"^{DURATION}$"}, {"pattern": f"^{_TIME}$"}]}),
]


class NoQuery(Input):
    """Nothing after the path."""


class MessageQuery(Input):
    """Why a revision is made."""

    message: Words = ""
    """Kept with the revision, for whoever asks later what changed."""


class ReasonQuery(Input):
    """Why an override ends, or a shadow starts afresh."""

    reason: Words = ""
    """Recorded in the event."""


class RevisionsQuery(Input):
    """Which revisions."""

    limit: Page = 50
    """At most so many."""
    before: Number | None = None
    """Only those with smaller numbers."""


class PeriodsQuery(Input):
    """Which periods."""

    limit: Page = 10
    """At most so many."""
    before: Number | None = None
    """Only those with smaller ids."""


class MismatchesQuery(Input):
    """Which mismatches."""

    limit: Page = 20
    """At most so many; fewer where they are large."""
    before: Number | None = None
    """Only those with smaller numbers."""
    period: Number | None = None
    """Only those of that period; without it those of the present one."""


class EventsQuery(Input):
    """Which events."""

    since: Number | None = None
    """Only those after this one; without it the newest."""
    limit: Page = 100
    """At most so many. A stream has no limit."""


class Body(Input):
    """A JSON body: types are strict, so "1" is no number."""

    model_config = ConfigDict(strict=True)
    limit: ClassVar[int] = MAX_JSON
    """Bytes."""


def _bytes(value: object) -> bytes:
    try:
        if isinstance(value, str):
            return base64.b64decode(value, validate=True)
    except ValueError:
        pass
    raise ValueError("base64 is due")


_BASE64 = {"type": "string", "contentEncoding": "base64"}


class Nothing(Body):
    """No body, or an empty object."""


class Enabled(Body):
    """Whether a variant answers callers."""

    enabled: bool
    reason: Words = ""
    """Why, for whoever looks at the overrides or the events later."""
    expires: Expiry | None = None
    """With enabled false: how long, such as 2h, or until when. Without it: until it is enabled again."""


class ForceBreaker(Body):
    """What a variant's breaker is held in."""

    state: Literal["auto", "open", "closed"]
    """open: it gets no live call; closed: its breaker never opens; auto: the breaker decides again."""
    reason: Words = ""
    """Why, for whoever looks at the overrides or the events later."""
    expires: Expiry | None = None
    """With open or closed: how long, such as 2h, or until when. Without it: until it is auto again."""


def _some_weight(split: dict[str, int]) -> dict[str, int]:
    if not any(split.values()):
        raise ValueError("at least one weight above zero is due")
    return split


class SetSplit(Body):
    """A route's split, in place of the revision's."""

    split: Annotated[
        dict[Name, Annotated[int, Field(ge=0, le=MOST)]], Field(min_length=1), AfterValidator(_some_weight)
    ]
    """Variant to weight. Weights are relative to their sum."""
    rules: Literal["set", "keep"] = "set"
    """Whether the splits of the route's rules are replaced as well."""
    reason: Words = ""
    """Why, for whoever looks at the overrides or the events later."""
    expires: Expiry | None = None
    """How long, such as 2h, or until when. Without it: until it is taken back."""


class SampleRequest(Body):
    """One request as a caller of the route would send it."""

    route: Name
    method: Annotated[str, Field(pattern="^[A-Z]{1,20}$")] = "POST"
    path: Annotated[str, Field(pattern=r"^/[\x21-\x7e]*$", max_length=8192)] | None = None
    """With its query, if it has one; without it, the route's own path."""
    headers: Annotated[dict[FieldName, FieldValue], Field(max_length=100)] = {}
    body: str = ""
    """As text."""
    body_base64: Annotated[bytes, PlainValidator(_bytes), WithJsonSchema(_BASE64)] = b""
    """Instead of `body`, where it is no text."""


class AskToProbe(Body):
    """How a variant is asked whether it answers."""

    limit: ClassVar[int] = MAX_SAMPLE
    sample: SampleRequest | None = None
    """Without it, the variant's health path is asked for, or where there is none, a connection."""


def instant(expires: datetime | timedelta | None, now: datetime) -> datetime | None:
    """When something with that expiry ends."""
    return now + expires if isinstance(expires, timedelta) else expires


def number(text: str) -> int | None:
    """The number that stands in a path or field; None where none does."""
    found = int(text) if re.fullmatch("[0-9]{1,16}", text) else MAX_NUMBER + 1
    return found if found <= MAX_NUMBER else None
