"""When two numbers are equal: `1` equals `1.0`, NaN equals NaN, an infinity only itself; whatever lies within the
tolerance too. Integers are exact, however large.

As `math.isclose` has it (PEP 485), the relative tolerance is of the larger of the two. At the very edge numbers are
taken as the decimals that are written: 0.4 lies no further than 0.1 from 0.3, though its floating point does.
"""

from collections.abc import Iterable, Sequence, Set
from decimal import Context, Decimal
from fractions import Fraction
from itertools import compress, count
from math import isclose, isfinite
from operator import is_not, ne
from typing import Any, NamedTuple

Number = int | float

NUMBERS = frozenset({int, float})
_EXACT = 2**53
"""Up to here floating point holds every integer."""
_LARGEST = 2**1000
"""Up to here integers can be multiplied with fractions, and nothing overflows."""
_DIGITS = Context(prec=800, Emin=-2000, Emax=2000)
"""Enough for the difference of any two doubles, and not shared with other parts of the process."""
_ROUNDING = 1e-15
"""What floating point may be wrong by, as a share of the larger number."""


class Tolerance(NamedTuple):
    """How far apart two numbers may be: no further than either bound."""

    relative: float = 0.0
    absolute: float = 0.0

    @property
    def is_zero(self) -> bool:
        """Whether only equal numbers are equal."""
        return self.relative == 0 and self.absolute == 0

    @property
    def is_convex(self) -> bool:
        """Whether every number between two that equal a third equals it too. Sorting helps to pair them then."""
        return self.relative < 1

    def close(self, live: Number, shadow: Number) -> bool:
        """Whether two numbers are equal."""
        if live == shadow:
            return True
        if type(live) is type(shadow) is float and self._close_as_floats(live, shadow):
            return True
        if self.is_zero or not (is_finite(live) and is_finite(shadow)):
            return live != live and shadow != shadow  # noqa: PLR0124 - NaN is what differs from itself
        return self._close_finite(live, shadow)

    def _close_as_floats(self, live: Number, shadow: Number) -> bool:
        return isclose(live, shadow, rel_tol=self.relative, abs_tol=self.absolute)

    def _close_finite(self, live: Number, shadow: Number) -> bool:
        larger = max(abs(live), abs(shadow))
        if larger > _LARGEST:
            return self._close_exactly(live, shadow)
        apart = abs(live - shadow)
        if type(apart) is int and (apart <= self.absolute or not self.relative):
            return apart <= self.absolute
        bound = max(self.absolute, self.relative * larger)
        if abs(apart - bound) > _ROUNDING * larger:
            return apart < bound
        return (larger <= _EXACT and self._close_as_floats(live, shadow)) or self._close_exactly(live, shadow)

    def _close_exactly(self, live: Number, shadow: Number) -> bool:
        if max(abs(live), abs(shadow)) <= _EXACT:
            return self._close_as_decimals(live, shadow)
        left, right = Fraction(live), Fraction(shadow)
        bound = max(Fraction(repr(self.absolute)), Fraction(repr(self.relative)) * max(abs(left), abs(right)))
        return abs(left - right) <= bound

    def _close_as_decimals(self, live: Number, shadow: Number) -> bool:
        """As numbers are written, or as the shortest decimals that stand for them."""
        left, right = Decimal(repr(live)), Decimal(repr(shadow))
        larger = max(left.copy_abs(), right.copy_abs())
        bound = max(Decimal(repr(self.absolute)), _DIGITS.multiply(Decimal(repr(self.relative)), larger))
        return _DIGITS.subtract(left, right).copy_abs() <= bound

    def suspects(self, live: Sequence[Any], shadow: Sequence[Any], kinds: Set[type]) -> list[int]:
        """Where two lists of scalars, which are of these kinds, may differ; everywhere else they are equal. For many
        values in little time."""
        apart = compress(count(), map(ne, live, shadow))
        if not kinds <= NUMBERS:
            return sorted({*apart, *compress(count(), map(is_not, map(type, live), map(type, shadow)))})
        rel, most = self.relative, self.absolute
        if not rel and not most:
            return list(apart)
        if kinds == {float} or _largest(live, shadow) <= _EXACT:
            return [at for at in apart if not isclose(live[at], shadow[at], rel_tol=rel, abs_tol=most)]
        return [at for at in apart if not self.close(live[at], shadow[at])]


EXACT = Tolerance()


def is_finite(number: Number) -> bool:
    """Whether a number is neither NaN nor infinite; integers may be larger than floating point can tell."""
    return type(number) is int or isfinite(number)


def kinds(live: Iterable[object], shadow: Iterable[object]) -> Set[type]:
    """The types of all values of two lists."""
    return {*map(type, live), *map(type, shadow)}


def _largest(live: Iterable[Any], shadow: Iterable[Any]) -> Number:
    """By magnitude; NaN where one comes first."""
    return max(max(map(abs, live), default=0), max(map(abs, shadow), default=0))
