"""When two numbers are equal: against exact arithmetic."""

from fractions import Fraction
from math import inf, isnan, nan, nextafter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.compare_numbers import EXACT, NUMBERS, Number, Tolerance, is_finite, kinds

bounds = st.sampled_from([0.0, 1e-9, 0.001, 0.1, 0.5, 0.999, 1.0, 2.0, 1e300])
numbers = (
    st.integers(-20, 20)
    | st.floats(-20, 20)
    | st.integers(-(2**80), 2**80)
    | st.floats()
    | st.sampled_from([10**400, -(10**400), 2**53 + 1, 2.0**60, 0.1, 0.2, 0.3, 0.4])
)


def exactly(number: Number) -> Fraction:
    return Fraction(repr(number)) if isinstance(number, float) and abs(number) < 2**53 else Fraction(number)


def expected(live: Number, shadow: Number, tolerance: Tolerance, *, slack: Fraction = Fraction(0)) -> bool:
    """By exact arithmetic on what is written; `slack` is a share of the larger that does not matter."""
    if not (is_finite(live) and is_finite(shadow)):
        return live == shadow or (isnan(live) and isnan(shadow))
    left, right = exactly(live), exactly(shadow)
    larger = max(abs(left), abs(right))
    bound = max(exactly(tolerance.absolute), exactly(tolerance.relative) * larger)
    return abs(left - right) <= bound + slack * larger


@given(numbers, numbers, bounds, bounds)
def test_numbers_are_close_as_exact_arithmetic_has_it(live: Number, shadow: Number, rel: float, most: float) -> None:
    """To one part in 10**15 of the larger, which floating point may decide either way."""
    tolerance = Tolerance(rel, most)
    is_close = tolerance.close(live, shadow)
    assert is_close is tolerance.close(shadow, live)
    if expected(live, shadow, tolerance):
        assert is_close
    elif tolerance == EXACT:
        assert is_close is (live == shadow)
    else:
        assert is_close <= expected(live, shadow, tolerance, slack=Fraction(1, 10**15))


@given(numbers, numbers, numbers, bounds, bounds)
def test_closeness_has_no_gaps(one: Number, two: Number, three: Number, rel: float, most: float) -> None:
    """Sorting relies on it."""
    tolerance = Tolerance(rel, most)
    if not tolerance.is_convex or not all(map(is_finite, (one, two, three))):
        return
    low, middle, high = sorted((one, two, three))
    if tolerance.close(low, high):
        assert tolerance.close(low, middle)
        assert tolerance.close(middle, high)


values = st.lists(st.tuples(numbers, numbers) | st.tuples(st.none() | st.booleans() | st.text(max_size=1), numbers))


@given(values, bounds, bounds)
def test_suspects_are_all_that_differ(pairs: list[tuple[Any, Any]], rel: float, most: float) -> None:
    tolerance = Tolerance(rel, most)
    live, shadow = [left for left, _ in pairs], [right for _, right in pairs]
    suspects = tolerance.suspects(live, shadow, kinds(live, shadow))
    assert suspects == sorted(set(suspects))
    for index, (left, right) in enumerate(pairs):
        is_same = type(left) in NUMBERS and type(right) in NUMBERS and tolerance.close(left, right)
        assert is_same or index in suspects


@pytest.mark.parametrize(
    ("live", "shadow", "rel", "most", "is_close"),
    [
        (1, 1.0, 0, 0, True),
        (nan, nan, 0, 0, True),
        (inf, inf, 0, 0, True),
        (inf, -inf, 1, 1e300, False),
        (inf, 1e308, 1, 1e300, False),
        (0.3, 0.4, 0, 0.1, True),
        (1.0, nextafter(1.5, inf), 0, 0.5, False),
        (1.0, 1.5, 0, nextafter(0.5, 0), False),
        (90, 100, 0.1, 0, True),
        (90, 100, 0.0999999999999, 0, False),
        (2**53 + 1, 2.0**53, 0, 0, False),
        (2**53 + 1, 2.0**53, 0, 0.5, False),
        (2**53 + 1, 2.0**53, 0, 1, True),
        (2**80, 2**80 + 2**60, 1e-6, 0, True),
        (2**80, 2**80 + 2**61, 1e-6, 0, False),
        (10**400, 10**400 + 10**399, 0.1, 0, True),
        (10**400, 10**400 + 10**400, 0.4, 0, False),
        (5e-324, 0, 0, 5e-324, True),
        (1e308, -1e308, 0, 1e308, False),
        (1e308, -1e308, 2, 0, True),
    ],
)
def test_at_the_edge(live: Number, shadow: Number, rel: float, most: float, is_close: bool) -> None:
    assert Tolerance(rel, most).close(live, shadow) is is_close
    assert Tolerance(rel, most).close(shadow, live) is is_close


@pytest.mark.parametrize(("rel", "is_convex"), [(0, True), (0.999, True), (1, False), (2, False)])
def test_a_tolerance_of_a_whole_number_itself_has_gaps(rel: float, is_convex: bool) -> None:
    """-1 is not within 150 % of 1, but -10 is."""
    assert Tolerance(rel).is_convex is is_convex
    assert (Tolerance(1.5).close(1, -10), Tolerance(1.5).close(1, -1)) == (True, False)
