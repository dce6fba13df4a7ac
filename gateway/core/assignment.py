"""Assignment: which variant of a split a targeting key belongs to. Knows neither requests nor routes.

Weighted rendezvous hashing: every variant with a positive weight scores `-log(u) / weight`, u hashed from salt, variant
and key; the smallest score wins, the smaller name (by bytes) on a tie. The shares are then the weights', and a changed
weight moves keys only toward variants whose weight rose relative to their own. The base of the logarithm does not
change the order; 2 is the cheapest.
Source: Schindelhauer and Schomaker, "Weighted distributed hash tables" (2005), the logarithmic method.
"""

from bisect import bisect_right
from collections.abc import Callable, Set
from itertools import accumulate
from math import inf, log2
from typing import NamedTuple

from xxhash import xxh3_64_intdigest

from gateway.core.hashing import ASSIGNMENT, UNIT, fraction, prefix
from gateway.core.model import Split


class Score(NamedTuple):
    """One variant's standing for one key; `hash` is published, `score` may differ by an ulp between runtimes."""

    variant: str
    weight: int
    hash: int
    score: float


def positive(split: Split) -> list[tuple[str, int]]:
    """The variants that take part, smaller names (by bytes) first."""
    return sorted((item for item in split.items() if item[1] > 0), key=lambda item: item[0].encode())


def remaining(split: Split, disabled: Set[str]) -> Split:
    """The split without its disabled variants; as it is where they leave no weight, so that its callers can be told."""
    left = {name: weight for name, weight in split.items() if name not in disabled}
    return left if len(left) < len(split) and any(left.values()) else split


def compile_split(salt: str, split: Split) -> Callable[[bytes], str]:
    """The split as a function of the targeting key. ValueError when no weight is positive."""
    candidates = tuple((name, float(weight), prefix(ASSIGNMENT, salt, name)) for name, weight in positive(split))
    if not candidates:
        raise ValueError("a split needs at least one positive weight")
    if len(candidates) == 1:
        only = candidates[0][0]
        return lambda _key: only

    # This runs for every request: `fraction` is written out, and the largest log(u) / weight is the smallest score.
    digest, logarithm, unit = xxh3_64_intdigest, log2, UNIT

    def pick(key: bytes) -> str:
        best = -inf
        chosen = ""
        for name, weight, start in candidates:
            standing = logarithm((digest(start + key) >> 11 | 1) * unit) / weight
            if standing > best:
                best = standing
                chosen = name
        return chosen

    return pick


def scores(salt: str, split: Split, key: bytes) -> tuple[Score, ...]:
    """What `compile_split` compares, in its order, to be shown."""
    return tuple(_score(name, weight, prefix(ASSIGNMENT, salt, name) + key) for name, weight in positive(split))


def _score(name: str, weight: int, message: bytes) -> Score:
    return Score(name, weight, xxh3_64_intdigest(message), -log2(fraction(message)) / weight)


def compile_draw(split: Split) -> Callable[[float], str]:
    """The split as a function of a random number in [0, 1), for requests without a targeting key."""
    names = [name for name, _ in positive(split)]
    if not names:
        raise ValueError("a split needs at least one positive weight")
    upto = list(accumulate(weight for _, weight in positive(split)))
    total = upto[-1]
    # In integers, because a float product could round up to the total itself.
    return lambda number: names[bisect_right(upto, int(number * 2**53) * total >> 53)]


def heaviest(split: Split) -> str:
    """The variant with the largest weight; on a tie the first in the file."""
    return max(split, key=lambda name: split[name])
