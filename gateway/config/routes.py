"""The keys of a route: a public path and everything that decides how it is served.

It decides their shape and defaults. It must not compare one route with another.
"""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator

from gateway.config.fields import (
    MOST,
    CookieName,
    FieldName,
    FieldValue,
    Host,
    Length,
    Method,
    Name,
    Query,
    RoutePath,
    SegmentName,
    SizeOrZero,
    Strict,
    Text,
    VariantName,
    amount,
    every_default,
    length,
    nothing,
)
from gateway.config.shadows import Shadow
from gateway.config.units import DueError, WrongError
from gateway.core.model import Fallback as CoreFallback
from gateway.core.model import Match as CoreMatch
from gateway.core.model import SourceKind

WHEN = CoreFallback().when
_KEY_SOURCES: tuple[SourceKind, ...] = ("header", "query", "cookie", "json", "client")

Weight = Annotated[int, Field(ge=0, le=MOST)]


def _some_weight(split: dict[str, int]) -> dict[str, int]:
    if not any(split.values()):
        raise WrongError(
            "at least one weight above zero is due" if split else "at least one variant with a weight is due"
        )
    return split


def _when(value: object) -> str | int:
    if isinstance(value, str) and value in WHEN:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:
        return value
    raise DueError(f"{', '.join(str(each) for each in WHEN)} or a status from 400 to 599 is due")


Split = Annotated[
    dict[VariantName, Weight],
    AfterValidator(_some_weight),
    WithJsonSchema(
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"type": "integer", "minimum": 0, "maximum": MOST},
        }
    ),
]
When = Annotated[
    str | int,
    PlainValidator(_when),
    WithJsonSchema({"anyOf": [{"enum": list(WHEN)}, {"type": "integer", "minimum": 400, "maximum": 599}]}),
]


class Match(Strict):
    """Which requests the route takes."""

    path: RoutePath
    """An exact path, or a prefix such as /v1/*, which takes /v1/ and below."""
    methods: Annotated[list[Method], Field(min_length=1)] | None = None
    """All methods when left out."""
    host: Host | None = None
    """Without a port; *.example.com takes all names below. Any host when left out."""
    headers: dict[FieldName, FieldValue] = nothing(dict)
    """Header fields and the values they must have."""


def to_match(match: Match) -> CoreMatch:
    """What routing works with."""
    return CoreMatch(match.path, tuple(match.methods or ()), match.host, tuple(match.headers.items()))


class KeySource(Strict):
    """One place a targeting key may come from."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [name]} for name in _KEY_SOURCES]})

    header: FieldName | None = None
    """A header field's value."""
    query: Text | None = None
    """A query parameter's value."""
    cookie: CookieName | None = None
    """A cookie's value."""
    json_: Query | None = Field(default=None, alias="json")
    """An RFC 9535 singular query into a JSON body, such as $.user.id."""
    client: Literal["ip"] | None = None
    """ip: the client's address."""
    issue: Length | None = None
    """Only with cookie: set it for this long when no source of the list is present."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        given = [name for name in _KEY_SOURCES if _field(name) in self.model_fields_set]
        if len(given) != 1:
            raise WrongError(f"exactly one of {', '.join(_KEY_SOURCES)} is due", *given[1:2])
        if self.source(given[0]) is None:
            raise DueError(f"the name of a {given[0]} is due", given[0])
        if self.issue is not None and self.cookie is None:
            raise WrongError("issue goes with cookie alone", "issue")
        return self

    def source(self, name: SourceKind) -> str | None:
        """What stands at one of the sources."""
        value: str | None = getattr(self, _field(name))
        return value

    def kind(self) -> SourceKind:
        """The source that is given."""
        return next(name for name in _KEY_SOURCES if self.source(name) is not None)


def _field(name: str) -> str:
    return "json_" if name == "json" else name


class Rule(Strict):
    """Segment to split; the first that matches wins."""

    name: Name | None = None
    """Unique in the route; the segment's name when left out."""
    segment: SegmentName
    """Who the rule is for."""
    split: Split
    """Variants and their weights."""


class Response(Strict):
    """A fixed answer."""

    status: Annotated[int, Field(ge=200, le=599)] = 200
    """Its status."""
    headers: dict[FieldName, FieldValue] = nothing(dict)
    """Its header fields."""
    body: str = ""
    """Its body, as text."""


class Fallback(Strict):
    """Who answers when the assigned variant cannot."""

    variants: list[VariantName] | None = None
    """In order, the one that just failed left out. Left out: the heaviest of the route's split. []: none."""
    when: list[When] | None = Field(default=None, json_schema_extra={"default": list(WHEN)})
    """Words and single statuses; an openai route's default adds 429."""
    response: Response | None = None
    """Last of all."""


class Route(Strict):
    """A public path and everything that decides how it is served."""

    protocol: Literal["http", "openai", "oip"] = "http"
    """Error shape, streams, model names, binary tensors; oip is the Open Inference Protocol."""
    match: Match
    targeting_key: list[KeySource] = nothing(list)
    """What fixes a caller's variant: the first that is present. Without one the choice is random."""
    salt: Text | None = None
    """The route's name when left out."""
    rules: list[Rule] = nothing(list)
    """Segments with splits of their own; the first that matches wins."""
    split: Split
    """Variants and their weights: whole numbers, relative to their sum."""
    fallback: Fallback = every_default(Fallback)
    deadline: Length = length("300s")
    """Of the whole request, all attempts together."""
    replay_body: SizeOrZero = amount("1MiB")
    """A larger body is streamed through, and gets no second attempt once it was sent."""
    shadow: list[Shadow] = nothing(list)
    """Candidates that are sent copies of live requests."""
