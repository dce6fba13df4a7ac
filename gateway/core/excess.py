"""How much more often a shadow's answers differ than a model's answers differ from its own, and how sure that is.

It knows counts only: how many pairs were compared and how many of them differed. What makes a pair differ, and what
is done about it, it must not know.

Each of the two rates gets an interval from a test by betting. For a rate p and a bet l on the odds, a fair game would
multiply a stake of 1 by `exp(l) / (1 + p (exp(l) - 1))` for each pair that differs, and by `1 / (1 + p (exp(l) - 1))`
for each that does not, if p were true. M(p) is the mean of what is left over a fixed range of bets. By Ville's
inequality M of the true rate ever reaches 1 / alpha with probability alpha at most, so {p: M(p) < 1 / alpha} holds it
at every look at once and for any number of pairs; where the rate drifts, it holds its running mean. The idea is that of
Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting (arXiv 2010.09686), and of Howard,
Ramdas, McAuliffe and Sekhon, Time-uniform, nonparametric, nonasymptotic confidence sequences (arXiv 1810.08240).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import exp, expm1, log, log1p
from typing import NamedTuple

ALPHA = 0.025
"""With which probability an interval of one rate ever leaves the rate out; twice this for the excess."""
_BETS = tuple((sign * 2.0**k, expm1(sign * 2.0**k)) for k in range(-9, 4) for sign in (-1, 1))
_LIMIT = 1 / ALPHA
"""What the mean over all bets must not reach."""
_HALVINGS = 26


class Seen(NamedTuple):
    """So many pairs, and how many of them differ."""

    pairs: int
    differing: float
    """A whole number where it was counted; where it is expected, any."""

    @property
    def rate(self) -> float | None:
        """The share that differs; None of nothing."""
        return self.differing / self.pairs if self.pairs else None


class Interval(NamedTuple):
    """Where a rate lies, both ends included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Excess:
    """A mismatch rate less a noise rate. `rate` is None where either is unknown, all where nothing was compared."""

    rate: float | None
    low: float | None
    high: float | None


NOTHING = Excess(None, None, None)


def excess(compared: Seen, noise: Seen) -> Excess:
    """Of the pairs compared over those noise pairs. Without noise pairs the bounds allow for any noise."""
    if not compared.pairs:
        return NOTHING
    mismatch, own = interval(compared), interval(noise)
    rate = None if compared.rate is None or noise.rate is None else compared.rate - noise.rate
    return Excess(rate, mismatch.low - own.high, mismatch.high - own.low)


@lru_cache(4096)
def interval(seen: Seen) -> Interval:
    """Where the rate lies, however often one looks. Too wide by 2e-8 at most and never too narrow, for as many as a
    billion pairs."""
    pairs, differing = seen
    if not pairs:
        return Interval(0.0, 1.0)

    def refuted(rate: float) -> bool:
        return is_refuted(rate, seen)

    middle = differing / pairs
    low = _outermost(refuted, 0.0, middle) if differing else 0.0
    high = _outermost(refuted, 1.0, middle) if differing < pairs else 1.0
    return Interval(low, high)


def is_refuted(rate: float, seen: Seen) -> bool:
    """Whether M(rate) is 1 / alpha or more: the rate is outside of the interval."""
    pairs, differing = seen
    logarithms = [bet * differing - pairs * log1p(rate * gain) for bet, gain in _BETS]
    most = max(logarithms)
    if not log(_LIMIT) <= most < log(_LIMIT * len(_BETS)):
        return most > log(_LIMIT)
    return sum(map(exp, logarithms)) >= _LIMIT * len(_BETS)


def _outermost(refuted: Callable[[float], bool], outside: float, inside: float) -> float:
    """M is convex and at most 1 in the middle: between there and an end that is refuted it crosses once. Of the last
    step the refuted side is taken, so that what is cut off is refuted."""
    for _ in range(_HALVINGS):
        halfway = (outside + inside) / 2
        if refuted(halfway):
            outside = halfway
        else:
            inside = halfway
    return outside
