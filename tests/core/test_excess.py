"""The interval of one rate and of an excess: vectors, the formula in fifty digits, and what must hold of any counts."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.core.excess import ALPHA, Excess, Interval, Seen, excess, interval, is_refuted

PRECISION = 2e-8


@st.composite
def seen(draw: st.DrawFn, most: int = 10**9) -> Seen:
    """Any counts; the ends, and few pairs, more often than chance would have it."""
    pairs = draw(st.integers(1, 50) | st.integers(1, most))
    near = draw(st.integers(0, min(pairs, 20)))
    return Seen(pairs, draw(st.sampled_from([near, pairs - near]) | st.integers(0, pairs)))


def mixture(rate: Decimal, counts: Seen) -> Decimal:
    """M(p) as it is defined, in fifty digits; but for what is less than exp(-1000)."""
    with localcontext(prec=50):
        logarithms = [
            bet * int(counts.differing) - counts.pairs * (1 + rate * (bet.exp() - 1)).ln()
            for bet in (sign * Decimal(2) ** k for k in range(-9, 4) for sign in (-1, 1))
        ]
        return sum((min(each, Decimal(1000)).exp() for each in logarithms if each > -1000), Decimal()) / 26


# ---- one rate


@pytest.mark.parametrize(
    ("pairs", "differing", "low", "high"),
    [
        (100, 0, "0.000000", "0.058539"),
        (100, 10, "0.023029", "0.243212"),
        (1200, 90, "0.050113", "0.106350"),
        (100, 90, "0.756788", "0.976971"),
        (100, 100, "0.941461", "1.000000"),
    ],
)
def test_published_intervals(pairs: int, differing: int, low: str, high: str) -> None:
    """To six digits, rounded outward."""
    found = interval(Seen(pairs, differing))
    assert float(low) <= found.low < float(low) + 1.1e-6
    assert float(high) - 1.1e-6 < found.high <= float(high)


@pytest.mark.parametrize(("pairs", "high"), [(5, 0.71), (50, 0.114), (100, 0.0585), (200, 0.0297), (500, 0.012)])
def test_how_much_noise_there_may_be_where_none_was_seen(pairs: int, high: float) -> None:
    digits = 2 if high == 0.71 else 3 if high in {0.114, 0.012} else 4
    assert round(interval(Seen(pairs, 0)).high, digits) == high


def test_nothing_seen_leaves_every_rate() -> None:
    assert interval(Seen(0, 0)) == Interval(0.0, 1.0)


@settings(max_examples=40)
@given(seen())
@example(Seen(10**9, 0))
@example(Seen(10**9, 1))
@example(Seen(10**9, 10**6))
@example(Seen(10**9, 5 * 10**8))
@example(Seen(10**9, 10**9))
def test_ends_are_where_the_formula_puts_them(counts: Seen) -> None:
    """An end that is not 0 or 1 is refuted, but for what rounding does to a billion pairs, and what lies a little
    further in is not."""
    low, high = interval(counts)
    limit, middle = 1 / Decimal(ALPHA), counts.differing / counts.pairs
    if counts.differing:
        assert mixture(Decimal(low), counts) >= limit * (1 - Decimal("1e-4"))
        assert mixture(Decimal(min(low + PRECISION, middle)), counts) < limit
    if counts.differing < counts.pairs:
        assert mixture(Decimal(high), counts) >= limit * (1 - Decimal("1e-4"))
        assert mixture(Decimal(max(high - PRECISION, middle)), counts) < limit


@given(seen())
def test_an_interval_holds_the_rate_seen_and_lies_between_0_and_1(counts: Seen) -> None:
    low, high = interval(counts)
    assert 0 <= low <= counts.differing / counts.pairs <= high <= 1
    assert (low == 0) == (counts.differing == 0)
    assert (high == 1) == (counts.differing == counts.pairs)


@given(seen())
def test_what_differs_and_what_does_not_are_treated_alike(counts: Seen) -> None:
    low, high = interval(counts)
    mirrored = interval(Seen(counts.pairs, counts.pairs - counts.differing))
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=2 * PRECISION)


@given(seen(most=10**7), st.integers(2, 100))
def test_the_same_share_of_more_pairs_never_says_less(counts: Seen, times: int) -> None:
    low, high = interval(counts)
    closer = interval(Seen(counts.pairs * times, counts.differing * times))
    assert low - PRECISION <= closer.low <= closer.high <= high + PRECISION


@given(seen(), st.floats(0, 1))
def test_a_rate_is_refuted_outside_and_only_there(counts: Seen, rate: float) -> None:
    low, high = interval(counts)
    if rate < low - PRECISION or rate > high + PRECISION:
        assert is_refuted(rate, counts)
    elif low + PRECISION < rate < high - PRECISION:
        assert not is_refuted(rate, counts)


# ---- the excess


def test_the_published_excess() -> None:
    found = excess(Seen(1200, 90), Seen(250, 2))
    assert found.low is not None
    assert found.high is not None
    assert found.rate == pytest.approx(0.067)
    assert (round(found.low, 3), round(found.high, 3)) == (0.003, 0.106)


def test_the_published_excess_of_one_path() -> None:
    found = excess(Seen(1200, 90), Seen(250, 0))
    assert found.low is not None
    assert found.high is not None
    assert (found.rate, round(found.low, 3), round(found.high, 3)) == (0.075, 0.026, 0.106)


def test_nothing_compared_says_nothing() -> None:
    assert excess(Seen(0, 0), Seen(0, 0)) == Excess(None, None, None)


@given(seen())
def test_without_noise_pairs_any_noise_is_allowed_for(counts: Seen) -> None:
    low, high = interval(counts)
    assert excess(counts, Seen(0, 0)) == Excess(None, low - 1, high)


@given(seen(), seen())
def test_an_excess_lies_within_its_bounds_and_these_are_of_both_rates(compared: Seen, noise: Seen) -> None:
    found, mismatch, own = excess(compared, noise), interval(compared), interval(noise)
    assert found.low is not None
    assert found.rate is not None
    assert found.high is not None
    assert -1 <= found.low <= found.rate <= found.high <= 1
    assert (found.low, found.high) == (mismatch.low - own.high, mismatch.high - own.low)


def test_a_rate_of_nothing_is_unknown() -> None:
    assert (Seen(0, 0).rate, Seen(4, 1).rate, Seen(4, 0).rate) == (None, 0.25, 0.0)
