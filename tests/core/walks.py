"""Sequences of pairs that differ at random, and where the interval of a rate would leave that rate out: both exactly,
at every look.

A sequence is the list of the numbers of those pairs that differ, counted from 1.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log, log1p
from random import Random

from gateway.core.excess import Seen, is_refuted
from gateway.core.verdict import FIRST_REPLAYED

Walk = Sequence[int]


def walk(random: Random, rate: float, pairs: int) -> list[int]:
    """Which of so many pairs differ, each at this rate and by itself."""
    if rate == 0:
        return []
    found: list[int] = []
    at, scale = 0, -1 / log1p(-rate)
    while (at := at + 1 + int(scale * -log(1 - random.random()))) <= pairs:
        found.append(at)
    return found


def replays(random: Random, pairs: int, share: float) -> list[int]:
    """Which pairs become noise pairs: each of the first, then a share."""
    first = min(pairs, FIRST_REPLAYED)
    return [*range(1, first + 1), *(first + at for at in walk(random, share, pairs - first))]


def so_far(found: Walk, pairs: int) -> int:
    """How many among the first so many pairs."""
    return bisect_right(found, pairs)


@dataclass(frozen=True)
class Band:
    """For each number of pairs, from 0: fewer than `low` differing, or more than `high`, refute the rate."""

    low: Sequence[int]
    high: Sequence[float]

    def is_left(self, found: Walk, pairs: int) -> bool:
        """Whether a look at any number of pairs up to this would leave the rate out. `low` never falls, so looks just
        before one more pair differs, and at the end, are enough for it."""
        ends = (*(at - 1 for at in found), pairs)
        return any(count < self.low[end] for count, end in enumerate(ends)) or any(
            count > self.high[at] for count, at in enumerate(found, 1)
        )


def band(rate: float, pairs: int) -> Band:
    """Of a rate, for up to so many pairs: at every number its ends are tried, and moved while they are wrong."""
    if rate == 0:
        return Band([0] * (pairs + 1), [inf] * (pairs + 1))
    lows, highs = [0], [0]
    low = high = 0
    for number in range(1, pairs + 1):
        while low < number and is_refuted(rate, Seen(number, low)) and low < rate * number:
            low += 1
        while low > 0 and not is_refuted(rate, Seen(number, low - 1)):
            low -= 1
        high = min(high + 1, number)
        while high > rate * number and is_refuted(rate, Seen(number, high)):
            high -= 1
        lows.append(low)
        highs.append(high)
    return Band(lows, highs)


def probability_of_leaving(rate: float, limits: Band) -> float:
    """That any look leaves the rate out, exactly: by dynamic programming over the number of pairs and how many of them
    differ. What is left out stays so and is taken away from what goes on."""
    first, alive, gone = 0, [1.0], 0.0
    for low, high in zip(limits.low[1:], limits.high[1:], strict=True):
        stays = [(1 - rate) * each for each in alive]
        moves = [rate * each for each in alive]
        after = [stays[0], *(a + b for a, b in zip(stays[1:], moves, strict=False)), moves[-1]]
        fewer = max(low - first, 0)
        more = max(first + len(after) - 1 - int(high), 0)
        gone += sum(after[:fewer]) + sum(after[len(after) - more :])
        alive = after[fewer : len(after) - more]
        first += fewer
    return gone
