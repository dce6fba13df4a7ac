"""What a comparison in a condition may compare: which operators fit which source, and which operands fit those.

It decides one comparison. It must not know how conditions are combined.
"""

from math import isfinite

from gateway.config import addresses, http_words
from gateway.config.units import DueError, WrongError
from gateway.core.model import Operand, Operator, Scalar, SourceKind
from gateway.core.operators import text_test

OPERATORS: tuple[Operator, ...] = (
    "eq",
    "in",
    "not_in",
    "matches",
    "exists",
    "gt",
    "gte",
    "lt",
    "lte",
    "semver",
    "cidr",
)
MAX_PATTERN = 4000
"""Of a regular expression or a range of versions: longer ones take seconds to compile."""
_MEMBERSHIP: tuple[Operator, ...] = ("eq", "in", "not_in")
_ALLOWED: dict[str, tuple[Operator, ...]] = {
    "client": (*_MEMBERSHIP, "cidr"),
    "method": (*_MEMBERSHIP, "matches"),
    "path": (*_MEMBERSHIP, "matches"),
}


def operators_of(kind: str) -> tuple[Operator, ...]:
    """The operators that fit a source."""
    return _ALLOWED.get(kind, OPERATORS)


def operand(kind: SourceKind, operator: Operator, value: object) -> Operand:
    """The operand as the model has it; `WrongError.at` leads from the operator to the fault."""
    if operator not in operators_of(kind):
        raise WrongError(f"{operator} does not fit {kind}; allowed: {', '.join(operators_of(kind))}")
    if operator in ("in", "not_in"):
        return tuple(_item(kind, each, index) for index, each in enumerate(_filled(value)))
    if operator == "cidr":
        networks = _filled(value) if isinstance(value, list) else [value]
        return tuple(_network(each, at=(index,) if value is not each else ()) for index, each in enumerate(networks))
    if operator == "eq":
        return _scalar(kind, value)
    return _typed(operator, value)


def _typed(operator: Operator, value: object) -> Operand:
    if operator == "exists":
        if not isinstance(value, bool):
            raise DueError("true or false is due")
        return value
    if operator in ("gt", "gte", "lt", "lte"):
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise DueError("a number is due")
        return value
    text = _text(value)
    if len(text) > MAX_PATTERN:
        raise WrongError(f"{operator} takes at most {MAX_PATTERN:,} characters, not {len(text):,}")
    text_test(operator, text)
    return text


def _filled(value: object) -> list[object]:
    if not isinstance(value, list):
        raise DueError("a list is due")
    if not value:
        raise WrongError("the list is empty, so the condition could never decide; at least one value is due")
    return value


def _item(kind: SourceKind, value: object, index: int) -> Scalar:
    try:
        return _scalar(kind, value)
    except DueError as error:
        raise DueError(str(error), index) from None
    except ValueError as error:
        raise WrongError(str(error), index) from None


def _scalar(kind: SourceKind, value: object) -> Scalar:
    if kind == "json":
        return _json_scalar(value)
    text = _text(value)
    if kind == "client":
        return addresses.address(text)
    if kind == "method":
        return http_words.method(text)
    if kind == "path" and not text.startswith("/"):
        raise DueError("a path that begins with a slash is due")
    return text


def _json_scalar(value: object) -> Scalar:
    if isinstance(value, float) and not isfinite(value):
        raise DueError("a JSON number is due")
    if value is not None and not isinstance(value, str | int | float):
        raise DueError("text, a number, true, false or null is due")
    # The plain type: text that came from a reference is of a class of our own, which workers do not know.
    return str(value) if isinstance(value, str) else value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise DueError("text is due")
    return str(value)


def _network(value: object, at: tuple[int, ...]) -> str:
    try:
        return addresses.network(_text(value))
    except DueError as error:
        raise DueError(str(error), *at) from None
    except ValueError as error:
        raise WrongError(str(error), *at) from None
