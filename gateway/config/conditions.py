"""Conditions as written, and the conditions of the model they mean.

It decides how sources, operators and combinations fit together. It must not know segments or routes.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, WithJsonSchema, model_validator

from gateway.config.fields import CookieName, FieldName, Query, Share, Strict, Text
from gateway.config.operands import OPERATORS, operand
from gateway.config.units import DueError, WrongError
from gateway.core import model
from gateway.core.model import Operator, SourceKind

_SOURCES: tuple[SourceKind, ...] = ("header", "query", "cookie", "json", "client")
_COMPARED: tuple[SourceKind, ...] = ("method", "path")
_SUBJECTS = (*_SOURCES, *_COMPARED, "share", "all", "any", "not")

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT, "minItems": 1}
_NUMBER = {"type": "number"}
_ONE_OPERATOR = {
    "type": "object",
    "properties": {"eq": _TEXT, "in": _TEXTS, "not_in": _TEXTS, "matches": _TEXT},
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
}


def _shown_as(schema: dict[str, Any]) -> Any:
    return Annotated[Any, WithJsonSchema(schema)]


def _one_subject() -> dict[str, Any]:
    """For editors: one subject, with one operator beside a source and none beside anything else."""
    one_operator = [{"required": [name]} for name in OPERATORS]
    compared = [{"required": [name], "oneOf": one_operator} for name in _SOURCES]
    others = [{"required": [name], "not": {"anyOf": one_operator}} for name in _SUBJECTS if name not in _SOURCES]
    return {"oneOf": [*compared, *others]}


class Condition(Strict):
    """A comparison of one value of the request, a share of targeting keys, or a combination of conditions.

    A comparison names one source and one operator: {header: x-tier, in: [gold, platinum]}. The method and the path
    are compared in place: {method: POST}, {method: [GET, POST]}, {path: {matches: "^/v1/"}}.
    """

    model_config = ConfigDict(json_schema_extra=_one_subject())

    header: FieldName | None = None
    """A header field's value; the first if repeated."""
    query: Text | None = None
    """A query parameter's value; the first if repeated."""
    cookie: CookieName | None = None
    """A cookie's value; the first if repeated."""
    json_: Query | None = Field(default=None, alias="json")
    """A value of the JSON body, by an RFC 9535 singular query such as $.user.region."""
    client: Literal["ip"] | None = None
    """ip: the client's address."""
    method: _shown_as({"anyOf": [_TEXT, _TEXTS, _ONE_OPERATOR]}) = None  # type: ignore[valid-type]
    """The method: one, a list of them, or one of eq, in, not_in, matches."""
    path: _shown_as({"anyOf": [_TEXT, _TEXTS, _ONE_OPERATOR]}) = None  # type: ignore[valid-type]
    """The whole path: one, a list of them, or one of eq, in, not_in, matches."""
    share: Share | None = None
    """True for this share of targeting keys, salted with the segment's name."""
    all_: Annotated[list["Condition"], Field(min_length=1)] | None = Field(default=None, alias="all")
    """Every one of these holds."""
    any_: Annotated[list["Condition"], Field(min_length=1)] | None = Field(default=None, alias="any")
    """At least one of these holds."""
    not_: "Condition | None" = Field(default=None, alias="not")
    """This does not hold."""
    eq: _shown_as({"type": ["string", "number", "boolean", "null"]}) = None  # type: ignore[valid-type]
    """Equal to this text; for json, to this scalar."""
    in_: _shown_as({"type": "array", "minItems": 1}) = Field(default=None, alias="in")  # type: ignore[valid-type]
    """Equal to one of these."""
    not_in: _shown_as({"type": "array", "minItems": 1}) = None  # type: ignore[valid-type]
    """Present, and equal to none of these."""
    matches: _shown_as(_TEXT) = None  # type: ignore[valid-type]
    """A regular expression (RE2) found anywhere in the value; anchor it yourself."""
    exists: _shown_as({"type": "boolean"}) = None  # type: ignore[valid-type]
    """true: the value is present; false: it is absent."""
    gt: _shown_as(_NUMBER) = None  # type: ignore[valid-type]
    """A number greater than this."""
    gte: _shown_as(_NUMBER) = None  # type: ignore[valid-type]
    """A number not less than this."""
    lt: _shown_as(_NUMBER) = None  # type: ignore[valid-type]
    """A number less than this."""
    lte: _shown_as(_NUMBER) = None  # type: ignore[valid-type]
    """A number not greater than this."""
    semver: _shown_as(_TEXT) = None  # type: ignore[valid-type]
    """A version in this range, such as ">=2.1"."""
    cidr: _shown_as({"anyOf": [_TEXT, _TEXTS]}) = None  # type: ignore[valid-type]
    """An address in this network, or in one of a list of them."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        # What a combination holds was checked before it.
        if _subject(self) in (*_SOURCES, *_COMPARED):
            to_model(self)
        return self

    def given(self, name: str) -> bool:
        """Whether the key stands in the file."""
        return _field(name) in self.model_fields_set

    def value(self, name: str) -> Any:
        """What stands at the key."""
        return getattr(self, _field(name))


def to_model(condition: Condition) -> model.Condition:
    """The condition the model has for it; raises `WrongError` where its keys do not fit together."""
    subject = _subject(condition)
    if subject in _SOURCES:
        return _comparison(condition, subject)
    if subject in _COMPARED:
        return _compared(subject, condition.value(subject))
    return _combined(condition, subject)


def _subject(condition: Condition) -> str:
    subjects = [name for name in _SUBJECTS if condition.given(name)]
    if not subjects:
        raise WrongError(f"a condition is about one of {', '.join(_SUBJECTS)}")
    if len(subjects) > 1:
        raise WrongError(
            f"a condition is about one thing, not {' and '.join(subjects)}; combine several by all or any", subjects[1]
        )
    if condition.value(subjects[0]) is None:
        raise WrongError(f"{subjects[0]} may not be null", subjects[0])
    operators = _operators(condition)
    if operators and subjects[0] not in _SOURCES:
        raise WrongError(
            f"{operators[0]} does not go with {subjects[0]}{_hint(subjects[0], operators[0])}", operators[0]
        )
    return subjects[0]


def _operators(condition: Condition) -> list[Operator]:
    return [name for name in OPERATORS if condition.given(name)]


def _hint(subject: str, operator: str) -> str:
    return f"; write {{{subject}: {{{operator}: ...}}}}" if subject in _COMPARED else ""


def _comparison(condition: Condition, kind: SourceKind) -> model.Test:
    operators = _operators(condition)
    if not operators:
        raise WrongError(f"an operator is due beside {kind}: one of {', '.join(OPERATORS)}")
    if len(operators) > 1:
        raise WrongError(
            f"a comparison has one operator, not {' and '.join(operators)}; combine several by all", operators[1]
        )
    operator = operators[0]
    value = _operand(kind, operator, condition.value(operator), at=(operator,))
    return model.Test(model.Source(kind, condition.value(kind)), operator, value)


def _compared(kind: SourceKind, value: object) -> model.Test:
    """The method or the path: a scalar or a list is compared as a whole, a mapping names the operator."""
    at: tuple[str, ...] = (kind,)
    operator: Operator = "in" if isinstance(value, list) else "eq"
    if isinstance(value, dict):
        if len(value) != 1 or next(iter(value)) not in OPERATORS:
            raise WrongError("one operator is due here: eq, in, not_in or matches", kind)
        operator, value = next(iter(value.items()))
        at = (kind, operator)
    return model.Test(model.Source(kind), operator, _operand(kind, operator, value, at=at))


def _operand(kind: SourceKind, operator: Operator, value: object, *, at: tuple[str, ...]) -> model.Operand:
    try:
        return operand(kind, operator, value)
    except DueError as error:
        raise DueError(str(error), *at, *error.at) from None
    except WrongError as error:
        raise WrongError(str(error), *at, *error.at) from None
    except ValueError as error:
        raise WrongError(str(error), *at) from None


def _combined(condition: Condition, subject: str) -> model.Condition:
    if subject == "share":
        return model.Share(condition.value("share"))
    if subject == "not":
        return model.Not(to_model(condition.value("not")))
    parts = tuple(to_model(each) for each in condition.value(subject))
    return model.All(parts) if subject == "all" else model.AnyOf(parts)


def _field(name: str) -> str:
    return f"{name}_" if name in ("json", "all", "any", "not", "in") else name
