"""Operators: one value compared with what the configuration wants, compiled to functions. Knows no request.

Header, query and cookie values are text and compared as bytes; JSON values keep their type, so that 1 equals 1.0 but
neither true nor "1". ValueError when an operand does not fit its operator.
"""

import re
from collections.abc import Callable
from operator import ge, gt, le, lt

from gateway.core.model import Operand, Operator, Scalar
from gateway.core.networks import compile_networks
from gateway.core.versions import compile_range

TextTest = Callable[[bytes], bool]
JsonTest = Callable[[object], bool]
Number = int | float

_ORDER: dict[str, Callable[[Number, Number], bool]] = {"gt": gt, "gte": ge, "lt": lt, "lte": le}
_NUMBER = re.compile(rb"[+-]?(?:[0-9]+(\.[0-9]*)?|(\.[0-9]+))([eE][+-]?[0-9]+)?")


def text_test(operator: Operator, operand: Operand) -> TextTest:
    """Any operator but `exists`, for a value that is text."""
    if operator in ("eq", "in", "not_in"):
        wanted = frozenset(_string(operator, each).encode() for each in _listed(operand))
        return wanted.__contains__ if operator != "not_in" else lambda value: value not in wanted
    if operator in _ORDER:
        return _text_order(_ORDER[operator], _limit(operator, operand))
    if operator == "matches":
        return _pattern(_string(operator, operand))
    test = _string_test(operator, operand)
    return lambda value: test(value.decode(errors="replace"))


def json_test(operator: Operator, operand: Operand) -> JsonTest:
    """Any operator but `exists`, for a value that stands in JSON."""
    if operator in ("eq", "in", "not_in"):
        return _json_members(operator, _listed(operand))
    if operator in _ORDER:
        order, limit = _ORDER[operator], _limit(operator, operand)
        return lambda value: type(value) in (int, float) and order(value, limit)  # type: ignore[arg-type]
    if operator == "matches":
        found = _pattern(_string(operator, operand))
        return lambda value: type(value) is str and found(value.encode(errors="surrogatepass"))
    test = _string_test(operator, operand)
    return lambda value: type(value) is str and test(value)


def _json_members(operator: Operator, listed: tuple[Scalar, ...]) -> JsonTest:
    wanted = frozenset((type(each) is bool, each) for each in listed)
    present = operator != "not_in"

    def member(value: object) -> bool:
        scalar = not isinstance(value, list | dict)
        return (scalar and (type(value) is bool, value) in wanted) is present

    return member


def _text_order(order: Callable[[Number, Number], bool], limit: Number) -> TextTest:
    def test(value: bytes) -> bool:
        number = read_number(value)
        return number is not None and order(number, limit)

    return test


def read_number(value: bytes) -> Number | None:
    """A decimal number, exact where it is an integer; None for anything else."""
    found = _NUMBER.fullmatch(value)
    if found is None:
        return None
    return int(value) if found.lastindex is None and len(value) < 1000 else float(value)


def _pattern(pattern: str) -> TextTest:
    # Costs 3 MiB, so it is loaded only where a pattern exists.
    import re2  # noqa: PLC0415

    options = re2.Options()
    options.log_errors = False
    try:
        search = re2.compile(pattern.encode(), options).search
    except re2.error as error:
        raise ValueError(f"{pattern!r} is no regular expression in RE2 syntax: {_reason(error)}") from None
    return lambda value: search(value) is not None


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)


def _string_test(operator: Operator, operand: Operand) -> Callable[[str], bool]:
    if operator == "semver":
        return compile_range(_string(operator, operand))
    return compile_networks(_string(operator, each) for each in _listed(operand))


def _listed(operand: Operand) -> tuple[Scalar, ...]:
    return operand if isinstance(operand, tuple) else (operand,)


def _string(operator: Operator, operand: Operand) -> str:
    if not isinstance(operand, str):
        raise ValueError(f"{operator} needs text here, not {operand!r}; quote it")
    return operand


def _limit(operator: Operator, operand: Operand) -> Number:
    if isinstance(operand, bool) or not isinstance(operand, int | float):
        raise ValueError(f"{operator} needs a number, not {operand!r}")
    return operand
