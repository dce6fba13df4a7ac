"""The kinds of value a configuration has, each with its check and its form for editors.

It decides what a single value may be. It must not know which keys exist; the names a file defines come with the
validation's context.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)

from gateway.config import addresses, http_words, units
from gateway.config.units import DueError
from gateway.core import jsonfield
from gateway.core.model import Endpoint

REFERENCE = r".*\$\{(env|file):[^}]+\}.*"
NAME = r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}"
MAX_QUERY = 1000
"""Characters of a JSON query; its reader works by recursion."""
MOST = 1_000_000_000
"""No count needs to be larger; sums of weights stay exact."""

Value = TypeVar("Value")


class Strict(BaseModel):
    """Base of every mapping: unknown keys are refused, nothing is converted in silence."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True
    )


class UnknownNameError(ValueError):
    """A name that the file does not define; `known` are those it does."""

    def __init__(self, kind: str, name: str, known: Collection[str]) -> None:
        super().__init__(f"no {kind} of that name is defined")
        self.kind, self.name, self.known = kind, name, known


@dataclass(frozen=True, slots=True)
class Names:
    """What a validation knows of the whole file. None: the section is missing or broken, so any name may be right."""

    variants: Collection[str] | None = None
    segments: Collection[str] | None = None
    folder: Path = Path()


def shown(value: object, written: object) -> Any:
    """A default that all share, and how it is written. (pydantic copies a plain default into every instance, which
    costs a large file a second; nothing here is ever changed.)"""
    return Field(default_factory=lambda: value, json_schema_extra={"default": written})  # type: ignore[dict-item]


def nothing(kind: type[list[Any]] | type[dict[str, Any]]) -> Any:
    """An empty default."""
    return shown(kind(), kind())


def every_default(model: type[BaseModel]) -> Any:
    """The default of a mapping all of whose keys have one."""
    value = model()
    return Field(default_factory=lambda: value)


def default(text: str, parse: Callable[[str], Value]) -> Any:
    """A default written as in the file, shown so in the schema."""
    return Field(default=parse(text), json_schema_extra={"default": text})


def length(text: str) -> Any:
    """A default length of time."""
    return default(text, units.duration)


def amount(text: str) -> Any:
    """A default size."""
    return default(text, units.size)


def fraction(text: str) -> Any:
    """A default share."""
    return default(text, units.share)


def textual(check: Callable[[str], Value], due: str) -> PlainValidator:
    """Refuses what is not text as what is due, and hands the rest to the check."""

    def validate(value: object) -> Value:
        if not isinstance(value, str):
            raise DueError(due)
        return check(value)

    return PlainValidator(validate)


def shaped(pattern: str, **more: object) -> WithJsonSchema:
    """The schema of a text of this pattern; references fit wherever text does."""
    return WithJsonSchema({"type": "string", "pattern": f"^({pattern}|{REFERENCE})$", **more})


def _positive(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    def check(text: str) -> Value:
        value = parse(text)
        if not value:
            raise DueError("more than zero is due")
        return value

    return check


def _name(text: str) -> str:
    if not re.fullmatch(NAME, text):
        raise DueError(
            "a name of at most 128 letters, digits and . _ - : @ +, beginning with a letter or digit, is due"
        )
    return text


_LENGTH_DUE = "a length such as 250ms, 5s, 2m, 1h or 30d is due"
_SIZE_DUE = "a size such as 512B, 64KiB, 1MiB or 2GiB is due"
_SHARE_DUE = "a share such as 25% or 0.1% is due"

_length_schema = shaped(units.DURATION, examples=["250ms", "5s", "2m"])
_size_schema = shaped(units.SIZE, examples=["64KiB", "1MiB"])
_method_schema = WithJsonSchema({"enum": list(http_words.METHODS)})
_share_schema = shaped(units.SHARE, examples=["25%"])

Length = Annotated[float, textual(_positive(units.duration), _LENGTH_DUE), _length_schema]
LengthOrZero = Annotated[float, textual(units.duration, _LENGTH_DUE), _length_schema]
Size = Annotated[int, textual(_positive(units.size), _SIZE_DUE), _size_schema]
SizeOrZero = Annotated[int, textual(units.size, _SIZE_DUE), _size_schema]
Share = Annotated[float, textual(_positive(units.share), _SHARE_DUE), _share_schema]
ShareOrZero = Annotated[float, textual(units.share, _SHARE_DUE), _share_schema]

Count = Annotated[int, Field(ge=1, le=MOST)]
CountOrZero = Annotated[int, Field(ge=0, le=MOST)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]

Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, textual(_name, "a name is due"), shaped(NAME)]
FieldName = Annotated[str, textual(http_words.field_name, "a header name is due"), shaped(http_words.FIELD_NAME)]
FieldValue = Annotated[str, AfterValidator(http_words.field_value)]
CookieName = Annotated[str, textual(http_words.cookie_name, "a cookie name is due"), shaped(http_words.FIELD_NAME)]
Method = Annotated[str, textual(http_words.method, "a method is due"), _method_schema]
RoutePath = Annotated[str, AfterValidator(http_words.route_path), shaped("/.*", examples=["/v1/fraud", "/v1/*"])]
UpstreamPath = Annotated[
    str, AfterValidator(http_words.upstream_path), shaped("/.*", examples=["/v1/predict", "/{rest}"])
]
PlainPath = Annotated[str, AfterValidator(http_words.plain_path), shaped("/.*")]
Host = Annotated[str, AfterValidator(http_words.host)]
Network = Annotated[str, AfterValidator(addresses.network), shaped("[0-9a-fA-F:.]+(/[0-9]+)?", examples=["10.0.0.0/8"])]
WebUrl = Annotated[str, AfterValidator(addresses.web_url), shaped("https?://.*")]
Address = Annotated[
    tuple[str, int],
    textual(addresses.listen_address, "an address and a port such as 0.0.0.0:8080 is due"),
    shaped(".+:[0-9]{1,5}", examples=["0.0.0.0:8080"]),
]
EndpointUrl = Annotated[
    Endpoint,
    textual(addresses.endpoint, "an address such as http://10.0.0.1:8000 is due"),
    shaped("(https?://|unix:/).+", examples=["http://10.0.0.1:8000", "unix:/run/model.sock"]),
]
StatusRange = Annotated[
    tuple[int, int],
    PlainValidator(http_words.status_range),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 300, "maximum": 599},
                {"type": "string", "pattern": "^[0-9]{3}-[0-9]{3}$"},
            ]
        }
    ),
]


def _query(text: str) -> str:
    if len(text) > MAX_QUERY:
        raise ValueError(f"a query has at most {MAX_QUERY:,} characters, not {len(text):,}")
    jsonfield.parse(text)
    return text


Query = Annotated[str, AfterValidator(_query), shaped(r"\$.*", examples=["$.user.id"])]


def _file(text: str, info: ValidationInfo[Names]) -> str:
    if not text or "\0" in text:
        raise DueError("a path of a file is due")
    return str(info.context.folder / text)


def _log(text: str, info: ValidationInfo[Names]) -> str:
    return text if text == "-" else _file(text, info)


FilePath = Annotated[str, AfterValidator(_file)]
LogPath = Annotated[str, AfterValidator(_log)]


def _variant(text: str, info: ValidationInfo[Names]) -> str:
    return _known(text, info.context.variants, "variant")


def _segment(text: str, info: ValidationInfo[Names]) -> str:
    return _known(text, info.context.segments, "segment")


def _known(text: str, names: Collection[str] | None, kind: str) -> str:
    if names is not None and text not in names:
        raise UnknownNameError(kind, text, names)
    return text


VariantName = Annotated[str, AfterValidator(_variant)]
SegmentName = Annotated[str, AfterValidator(_segment)]
