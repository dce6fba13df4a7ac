"""The excess in simulation, in short; `make simulate` does the whole, with these functions."""

from random import Random

import pytest

from gateway.core.excess import Seen, interval
from tests.core.simulate_excess import (
    ALLOWED,
    ORACLE,
    PAIRS,
    Runs,
    bands,
    found_after,
    identical,
    looks,
    mismatches,
    noises,
    schedule,
    widths,
)
from tests.core.walks import band, probability_of_leaving, replays, so_far, walk

LOOKS = looks(2000, 40)


@pytest.mark.parametrize(("rate", "expected"), ORACLE.items())
def test_how_likely_an_interval_ever_leaves_its_rate_out(rate: float, expected: str) -> None:
    """Exactly, over 20,000 looks; 0.025 is what is allowed."""
    assert f"{probability_of_leaving(rate, bands(rate, PAIRS)):.4f}" == expected


@pytest.mark.parametrize("rate", ORACLE)
def test_a_band_never_turns_back(rate: float) -> None:
    """Which is what lets a walk be judged at its steps alone."""
    limits = bands(rate, PAIRS)
    assert list(limits.low) == sorted(limits.low)
    assert list(limits.high) == sorted(limits.high)


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5])
def test_walks_leave_as_often_as_is_exact(rate: float) -> None:
    """2,000 of 500 pairs: within four standard deviations."""
    random = Random(1)
    limits = bands(rate, 500)
    left = sum(limits.is_left(walk(random, rate, 500), 500) for _ in range(2000))
    exact = probability_of_leaving(rate, limits)
    assert abs(left / 2000 - exact) < 4 * (exact / 2000) ** 0.5


@pytest.mark.parametrize(
    ("rate", "noise"), [(0.0, 0.0), (0.0, 0.001), (0.01, 0.01), (0.1, 0.0), (0.1, 0.5), (0.5, 0.1), (0.5, 0.5)]
)
def test_the_truth_is_seldom_left_out(rate: float, noise: float) -> None:
    compared, own = mismatches(Random(2), rate, LOOKS, runs=150), noises(Random(3), noise, LOOKS, runs=150)
    assert Runs(compared, own).missed(rate - noise).worst <= ALLOWED


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5])
def test_a_shadow_that_is_the_live_model_is_seldom_called_different(rate: float) -> None:
    assert identical(Random(4), rate, LOOKS, runs=150).missed(0.0).called <= ALLOWED


def test_a_shadow_that_differs_is_found_soon() -> None:
    """In 7.5 % of its answers, without noise: within 500 pairs, nine times in ten."""
    random = Random(5)
    found = [found_after(walk(random, 0.075, 500), 500) for _ in range(100)]
    assert sum(each is not None for each in found) >= 90


def test_a_shadow_without_a_difference_is_not_found() -> None:
    assert found_after([], 100) is None


def test_how_wide_it_is() -> None:
    found = widths(0.075, 0.01, first=0)
    assert [(pairs, round(width, 2 if pairs == 100 else 3)) for pairs, width in found] == [
        (100, 0.91),
        (1_000, 0.175),
        (10_000, 0.054),
        (100_000, 0.017),
    ]


# ---- the simulation itself


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.3, 0.9])
def test_a_walk_has_its_rate(rate: float) -> None:
    found = walk(Random(6), rate, 100_000)
    assert found == sorted(set(found))
    assert all(1 <= each <= 100_000 for each in found)
    assert abs(len(found) / 100_000 - rate) < 0.006


def test_the_first_pairs_are_replayed_and_then_a_share() -> None:
    found = replays(Random(6), 20_000, 0.05)
    assert found[:200] == list(range(1, 201))
    assert abs(len(found) - 200 - 990) < 130
    assert replays(Random(6), 50, 0.05) == list(range(1, 51))


def test_a_shadow_that_is_the_live_model_has_its_noise() -> None:
    """The last look is at all pairs: both intervals hold a rate that is near the true one."""
    at = looks(20_000, 10)
    [compared], [noise] = vars(identical(Random(7), 0.1, at, runs=1)).values()
    assert compared.intervals[-1] == pytest.approx((0.09, 0.11), abs=0.01)
    assert noise.intervals[-1] == pytest.approx((0.07, 0.13), abs=0.03)


def test_noise_pairs_are_as_many_as_were_replayed() -> None:
    [noise] = noises(Random(8), 0.0, looks(2000, 3), runs=1)
    at = looks(2000, 3).at
    assert noise.intervals == [interval(Seen(so_far(schedule(2000), pairs), 0)) for pairs in at]


@pytest.mark.parametrize(
    ("found", "left"), [([], True), (list(range(1, 101)), True), (list(range(2, 101, 2)), False), ([1, 2, 3], True)]
)
def test_a_band_is_left_below_and_above(found: list[int], left: bool) -> None:
    assert band(0.5, 100).is_left(found, 100) is left


def test_looks_are_from_the_first_pair_to_the_last() -> None:
    found = looks(20_000, 200).at
    assert (found[0], found[-1], len(found)) == (1, 20_000, 200)
