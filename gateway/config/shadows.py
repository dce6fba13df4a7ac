"""The keys of a shadow: a copy of live requests to a candidate, and how its replies are compared.

It decides their shape and defaults. It must not know routes.
"""

from typing import Annotated, Literal, Self

from jsonpath_rfc9535 import JSONPathError
from jsonpath_rfc9535 import compile as compile_path
from pydantic import AfterValidator, Field, model_validator

from gateway.config.fields import (
    MAX_QUERY,
    Amount,
    Count,
    FilePath,
    Length,
    ShareOrZero,
    Size,
    Strict,
    VariantName,
    amount,
    every_default,
    fraction,
    nothing,
    shaped,
)
from gateway.config.units import DueError, WrongError


def _json_path(text: str) -> str:
    if len(text) > MAX_QUERY:
        raise ValueError(f"a JSONPath has at most {MAX_QUERY:,} characters, not {len(text):,}")
    try:
        compile_path(text)
    except JSONPathError as error:
        raise ValueError(f"not a JSONPath (RFC 9535) such as $.id, $..timestamp or $.outputs[*]: {error}") from None
    except RecursionError:
        raise ValueError("this JSONPath is nested too deeply") from None
    return text


_LARGEST_BODY = 16 << 20
"""Of a body that is copied, since workers keep copies in memory until they are sent."""


def _body(size: int) -> int:
    if size > _LARGEST_BODY:
        raise DueError("at most 16MiB is due")
    return size


JsonPath = Annotated[str, AfterValidator(_json_path), shaped(r"\$.*", examples=["$.id", "$..timestamp"])]


class Numbers(Strict):
    """Numbers that differ by no more than either bound are equal."""

    rel: Amount = 0.0
    """Relative to the larger of the two."""
    abs: Amount = 0.0
    """Absolute."""


class At(Strict):
    """How the value at one path is compared."""

    as_: Literal["exact", "argmax", "set", "cosine", "text"] = Field(alias="as")
    """argmax: the position of the largest number; set: neither order nor repetition counts; cosine: the angle between
    two lists of numbers; text: blanks and letter case make no difference."""
    min: Annotated[float, Field(gt=0, le=1)] | None = Field(default=None, json_schema_extra={"default": 0.99})
    """Only with cosine: the least similarity that counts as equal."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.min is not None and self.as_ != "cosine":
            raise WrongError(f"min goes with cosine alone, not with {self.as_}", "min")
        return self


class Compare(Strict):
    """How a shadow's reply is judged against the live one."""

    ignore: list[JsonPath] = nothing(list)
    """Paths that may differ; openai adds id, created, model, usage and system_fingerprint, oip adds id, model_name and
    model_version."""
    numbers: Numbers = every_default(Numbers)
    unordered: list[JsonPath] = nothing(list)
    """Lists whose order makes no difference."""
    at: dict[JsonPath, At] = nothing(dict)
    """Paths that are compared in a way of their own."""


class Shadow(Strict):
    """A copy of live requests to a candidate; its reply is compared, never returned."""

    variant: VariantName
    """The candidate."""
    sample: ShareOrZero = fraction("100%")
    """The share of requests that are copied."""
    max_body: Annotated[Size, AfterValidator(_body)] = amount("1MiB")
    """Of request and of reply; at most 16MiB."""
    max_in_flight: Count = 64
    """Copies under way at once; more are dropped and counted."""
    timeout: Length | None = None
    """The variant's total when left out."""
    noise: ShareOrZero = fraction("5%")
    """This share is sent to the answering variant once more: what differs there is noise."""
    keep: Annotated[int, Field(ge=0, le=100_000)] = 200
    """Mismatches kept whole, newest first."""
    record: FilePath | None = None
    """A JSON-lines file of whole pairs, rotated at 64 MiB."""
    compare: Compare = every_default(Compare)
