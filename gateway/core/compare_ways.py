"""Lists of numbers compared by what they say: which is the largest (argmax), or where they point (cosine).

Lists of lists are taken row by row, tensors by their last axis.
"""

from collections.abc import Sequence
from math import isfinite, nan, sqrt
from operator import mul, ne
from typing import NamedTuple

from gateway.core.compare_limits import Tensor
from gateway.core.compare_numbers import NUMBERS, Number, is_finite

_SMALLEST = 1e-200
"""Below this the sum of squares may have lost what it stands for."""
_ROUNDING = 1e-12
"""What floating point may take from a similarity."""


class Rows(NamedTuple):
    """The innermost lists of a value, and how many lists they stand within."""

    depth: int
    rows: list[Sequence[Number]]

    @property
    def shape(self) -> tuple[int, list[int]]:
        """What two values must have in common to be compared row by row."""
        return self.depth, [len(row) for row in self.rows]


def rows(value: object) -> Rows | None:
    """The rows of a value; None where it is not made of lists of numbers, all at one depth."""
    if isinstance(value, Tensor):
        width = value.width or 1
        level: list[object] = [value[start : start + width] for start in range(0, len(value), width)]
    else:
        level = [value]
    depth = 0
    while level and all(isinstance(each, list) for each in level):
        below = [item for each in level for item in each]  # type: ignore[attr-defined]
        if set(map(type, below)) <= NUMBERS:
            return Rows(depth, level)  # type: ignore[arg-type]
        level, depth = below, depth + 1
    return None


def largest(rows: Rows) -> list[int]:
    """Where the largest number of each row stands, the first of several; -1 in an empty one. NaN is the largest of all,
    as numpy's argmax has it."""
    return [_largest(row) for row in rows.rows]


def _largest(row: Sequence[Number]) -> int:
    if any(map(ne, row, row)):
        return next(index for index, number in enumerate(row) if number != number)  # noqa: PLR0124 - it is NaN
    return row.index(max(row)) if row else -1


def point_alike(live: Rows, shadow: Rows, least: float) -> bool:
    """Whether the cosine of the angle between each two rows is `least` or more."""
    pairs = zip(live.rows, shadow.rows, strict=True)
    return all(similarity(left, right) >= least - _ROUNDING for left, right in pairs)


def similarity(live: Sequence[Number], shadow: Sequence[Number]) -> float:
    """The cosine of the angle between two lists of the same length: 1 where they are equal, -1 where one of them points
    nowhere, being all zero or not finite."""
    if live == shadow:
        return 1.0
    cosine = _cosine(live, shadow)
    if isfinite(cosine):
        return cosine
    left, right = _scaled(live), _scaled(shadow)
    return -1.0 if left is None or right is None else _cosine(left, right)


def _cosine(live: Sequence[Number], shadow: Sequence[Number]) -> float:
    """NaN where the squares of the numbers are too large or too small for floating point."""
    try:
        squares = float(sum(map(mul, live, live))) * float(sum(map(mul, shadow, shadow)))
        return sum(map(mul, live, shadow)) / sqrt(squares) if squares > _SMALLEST else nan
    except OverflowError:
        return nan


def _scaled(numbers: Sequence[Number]) -> list[float] | None:
    """The same direction, in numbers whose squares neither overflow nor vanish."""
    if not all(map(is_finite, numbers)):
        return None
    largest = max(map(abs, numbers))
    return [number / largest for number in numbers] if largest else None
