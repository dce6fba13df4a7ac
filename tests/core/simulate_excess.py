"""The excess of mismatches over noise, simulated: how often an interval leaves the truth out, how wide it is, how soon
a shadow that differs is found. `make simulate` does the whole in a few minutes; the tests do a part of it.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from random import Random
from statistics import median, quantiles
from time import perf_counter

from gateway.core.excess import Interval, Seen, excess, interval
from gateway.core.verdict import FIRST_REPLAYED, is_told
from tests.core.walks import Walk, band, probability_of_leaving, replays, so_far, walk

RATES = (0.0, 0.001, 0.01, 0.1, 0.5)
ORACLE = {0.001: "0.0052", 0.01: "0.0085", 0.1: "0.0121", 0.5: "0.0140"}
"""Rate to the probability that an interval ever leaves it out within 20,000 looks."""
PAIRS = 20_000
SHARE = 0.05
ALLOWED = 0.05

exact = cache(interval.__wrapped__)
"""The intervals of millions of looks are few: the cache that serves reports would forget them."""


def looks(pairs: int, count: int) -> "Looks":
    """So many, from the first pair to the last: close together at first, as the intervals narrow."""
    return Looks(
        pairs, sorted({max(round(pairs ** ((each + 1) / count)), each + 1) for each in range(count)} | {pairs})
    )


@cache
def schedule(pairs: int) -> list[int]:
    """Which pairs become noise pairs. The same ones in every run: what is drawn without regard to the outcomes may as
    well be drawn once, and there are fewer intervals to compute."""
    return replays(Random(0), pairs, SHARE)


@dataclass(frozen=True)
class Track:
    """One rate of one run: whether any look leaves it out, and its interval at the spaced looks."""

    left: bool
    intervals: list[Interval]


@dataclass(frozen=True)
class Looks:
    """So many pairs, and at which numbers of them, and of the noise pairs among them, one looks."""

    pairs: int
    at: list[int]

    def compared(self, rate: float, found: Walk) -> Track:
        """Of the pairs of shadow and live; `found` are those that differ."""
        return track(rate, found, self.at, self.pairs)

    def noise(self, rate: float, found: Walk) -> Track:
        """Of the noise pairs, numbered by themselves."""
        replayed = schedule(self.pairs)
        return track(rate, found, [so_far(replayed, pairs) for pairs in self.at], len(replayed))


bands = cache(band)


def track(rate: float, found: Walk, at: Sequence[int], pairs: int) -> Track:
    """Of what differs among so many pairs."""
    intervals = [exact(Seen(number, so_far(found, number))) for number in at]
    return Track(bands(rate, pairs).is_left(found, pairs), intervals)


@dataclass(frozen=True)
class Runs:
    """The same runs, their mismatches and their noise."""

    compared: list[Track]
    noise: list[Track]

    def missed(self, truth: float) -> "Missed":
        """How often what is true was left out."""
        outcomes = [_outcome(compared, noise, truth) for compared, noise in zip(self.compared, self.noise, strict=True)]
        share = 1 / len(outcomes)
        return Missed(
            share * sum(each.left for each in self.compared),
            share * sum(each.left for each in self.noise),
            share * sum(outside for outside, _ in outcomes),
            share * sum(called for _, called in outcomes),
        )


def _outcome(compared: Track, noise: Track, truth: float) -> tuple[bool, bool]:
    bounds = [(a.low - b.high, a.high - b.low) for a, b in zip(compared.intervals, noise.intervals, strict=True)]
    outside = any(not low - 1e-12 <= truth <= high + 1e-12 for low, high in bounds)
    return outside, any(low > 0 for low, _ in bounds)


@dataclass(frozen=True)
class Missed:
    """Shares of runs that leave the truth out: a rate at any look, the excess at the spaced looks; and of those that
    say at one of these that the shadow differs."""

    mismatch: float
    noise: float
    excess: float
    called: float

    @property
    def worst(self) -> float:
        """By the spaced looks; and by all, for where neither rate is left out the excess is not."""
        return max(self.excess, self.mismatch + self.noise)


def mismatches(random: Random, rate: float, at: Looks, *, runs: int) -> list[Track]:
    """Each pair by itself."""
    return [at.compared(rate, walk(random, rate, at.pairs)) for _ in range(runs)]


def noises(random: Random, rate: float, at: Looks, *, runs: int) -> list[Track]:
    """The same, of noise pairs."""
    return [at.noise(rate, walk(random, rate, len(schedule(at.pairs)))) for _ in range(runs)]


def identical(random: Random, rate: float, at: Looks, *, runs: int) -> Runs:
    """The shadow is the live model again: each of three answers is an odd one with the same probability, and two pairs
    share the live one. So a pair differs at this rate, noise pair or not."""
    pairs = [_twins(random, rate, at.pairs) for _ in range(runs)]
    return Runs([at.compared(rate, differ) for differ, _ in pairs], [at.noise(rate, noisy) for _, noisy in pairs])


def _twins(random: Random, rate: float, pairs: int) -> tuple[Walk, Walk]:
    odd = 1 - (1 - rate) ** 0.5
    live, shadow, again = (set(walk(random, odd, pairs)) for _ in range(3))
    noisy = live | again
    return sorted(live | shadow), [number for number, at in enumerate(schedule(pairs), 1) if at in noisy]


def found_after(differ: Walk, pairs: int) -> int | None:
    """The first look, of all, that says that a shadow differs whose live variant has no noise; None where none does."""
    for number in range(1, pairs + 1):
        replayed = so_far(schedule(pairs), number)
        if exact(Seen(number, so_far(differ, number))).low > exact(Seen(replayed, 0)).high:
            return number
    return None


def widths(rate: float, noise: float, *, first: int) -> Iterator[tuple[int, float]]:
    """Number of pairs to the width of the excess's interval, where all counts are what is expected, rounded."""
    for pairs in (100, 1_000, 10_000, 100_000):
        replayed = min(pairs, first) + round(SHARE * max(pairs - first, 0))
        found = excess(Seen(pairs, round(rate * pairs)), Seen(replayed, round(noise * replayed)))
        assert found.low is not None
        assert found.high is not None
        yield pairs, found.high - found.low


# ---- the whole


def print_oracle() -> bool:
    """By dynamic programming, beside the figures it must come to."""
    print(f"P(an interval ever leaves its rate out, {PAIRS:,} looks), exactly; 0.025 at most")
    right = True
    for rate, expected in ORACLE.items():
        found = f"{probability_of_leaving(rate, bands(rate, PAIRS)):.4f}"
        right &= found == expected
        print(f"  {rate:7.1%}  {found}  expected {expected}")
    return right


def print_coverage(runs: int) -> bool:
    """Every pair of rates; each rate's runs are drawn once for mismatches and once for noise."""
    print(f"\nshare of {runs:,} runs of {PAIRS:,} pairs that leave the truth out; {ALLOWED:.0%} at most")
    print("  mismatch    noise   mismatch rate,   noise rate,     excess,   called different,")
    print("                          every look    every look   200 looks          200 looks")
    at, right = looks(PAIRS, 200), True
    compared = {rate: mismatches(Random(number), rate, at, runs=runs) for number, rate in enumerate(RATES)}
    noise = {rate: noises(Random(100 + number), rate, at, runs=runs) for number, rate in enumerate(RATES)}
    for rate, own in product(RATES, RATES):
        found = Runs(compared[rate], noise[own]).missed(rate - own)
        right &= found.worst <= ALLOWED and (rate > own or found.called <= ALLOWED)
        print(
            f"  {rate:8.1%} {own:8.1%} {found.mismatch:16.1%} {found.noise:13.1%} {found.excess:11.1%}"
            f" {found.called:18.1%}"
        )
    return right


def print_identical(runs: int) -> bool:
    """A shadow that is the live model again."""
    print(f"\nidentical but noisy, called different; {ALLOWED:.0%} of {runs:,} runs at most")
    at, right = looks(PAIRS, 200), True
    for number, rate in enumerate(RATES):
        found = identical(Random(200 + number), rate, at, runs=runs).missed(0.0)
        right &= max(found.called, found.mismatch + found.noise) <= ALLOWED
        print(f"  noise {rate:6.1%}  called {found.called:.1%}", flush=True)
    return right


def print_found(runs: int) -> bool:
    """A shadow that differs, without noise."""
    print(f"\npairs until a shadow that differs is called so, without noise; {runs:,} runs")
    shares = {}
    for number, rate in enumerate((0.075, 0.3)):
        random = Random(300 + number)
        found = [found_after(walk(random, rate, 600), 600) or 601 for _ in range(runs)]
        shares[rate] = sum(each <= 500 for each in found) / runs
        print(
            f"  differs in {rate:5.1%}  median {median(found):.0f}, 90 % {quantiles(found, n=10)[-1]:.0f}, "
            f"within 500 pairs {shares[rate]:.1%}"
        )
    return min(shares.values()) >= 0.9


def print_widths() -> bool:
    """With the first pairs replayed, and by the share alone."""
    print(f"\nwidth of the interval of the excess, noise pairs {SHARE:.0%}")
    for rate, noise in ((0.0, 0.0), (0.01, 0.01), (0.075, 0.01), (0.1, 0.1), (0.5, 0.5)):
        for first in (0, FIRST_REPLAYED):
            row = "  ".join(f"{pairs:,}: {width:.3f}" for pairs, width in widths(rate, noise, first=first))
            print(f"  mismatch {rate:5.1%}, noise {noise:5.1%}, first {first:3d} replayed  {row}")
    return is_told(excess(Seen(1000, 0), Seen(240, 0)))


def main() -> int:
    began = perf_counter()
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    right = [print_oracle(), print_coverage(runs), print_identical(runs), print_found(runs), print_widths()]
    print(f"\n{'all as it should be' if all(right) else 'NOT as it should be'}, {perf_counter() - began:.0f} s")
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
