"""What is wrong with a query or a JSON body, in words for people.

It decides sentences. It must not decide what is wrong. Values are not repeated.
"""

from collections.abc import Iterable
from typing import TypeGuard, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.admin.refusals import Misfit
from gateway.core.suggest import did_you_mean

MOST = 20
"""Misfits that are listed."""

MOST_NAME = 128
"""Characters of a name that are repeated."""

_DUE = {
    "missing": "missing; it is required here",
    "string_type": "text is due",
    "string_too_long": "at most {max_length} characters are due",
    "int_type": "a whole number is due",
    "int_from_float": "a whole number is due",
    "int_parsing": "a whole number is due",
    "bool_type": "true or false is due",
    "dict_type": "an object is due",
    "model_type": "an object is due",
    "string_pattern_mismatch": "text of the form {pattern} is due",
    "too_long": "at most {max_length} entries are due",
    "too_short": "at least one entry is due",
    "greater_than_equal": "{ge} or more is due",
    "less_than_equal": "{le} or less is due",
    "literal_error": "{expected} is due",
    "value_error": "{error}",
}


def misfits(error: ValidationError, shape: type[BaseModel]) -> list[Misfit]:
    """All that does not fit, up to a bound."""
    found = error.errors(include_url=False, include_input=False)
    listed = [Misfit(path=_path(each), message=_sentence(each, shape)) for each in found[:MOST]]
    more = len(found) - len(listed)
    return [*listed, *([Misfit(path="", message=f"and {more} more")] if more else [])]


def _innermost(shape: type[BaseModel], path: Iterable[str | int]) -> type[BaseModel]:
    """The model of what stands there."""
    for name in path:
        annotation = shape.model_fields[str(name)].annotation
        [shape] = [each for each in (annotation, *get_args(annotation)) if _is_model(each)]
    return shape


def _is_model(annotation: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _short(text: str) -> str:
    """A name that was sent, not longer than a name may be."""
    return text if len(text) <= MOST_NAME else f"{text[:MOST_NAME]}..."


def _path(error: ErrorDetails) -> str:
    return ".".join(_short(str(part)) for part in error["loc"])


def _sentence(error: ErrorDetails, shape: type[BaseModel]) -> str:
    if error["type"] == "extra_forbidden":
        known = list(_innermost(shape, error["loc"][:-1]).model_fields)
        suggestion = did_you_mean(str(error["loc"][-1]), known)
        return f"unknown{suggestion}; allowed: {', '.join(known) or 'nothing'}"
    template = _DUE.get(error["type"])
    return template.format(**error.get("ctx", {})) if template else error["msg"]
