"""Movement: which share of targeting keys goes from which variant to which when a split changes. Exact, in fractions.

A key's variant has the smallest score E / weight, E exponentially distributed and the same before and after. For
weights w before and w' after, keys go from i to j only where r_j = w_j / w'_j lies below r_i, and their share is
`w_i w'_j (F(r_i) - F(r_j))` with `F(r)` the integral from 0 to r of `1 / G^2`, `G(x)` the sum over all variants of
`max(w, w' x)`. G is linear between two ratios, where a + b x over a length gives `length / (G(start) G(end))`.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import inf

from gateway.core.model import Split

Shares = Mapping[str, Fraction]
"""Of all targeting keys, by variant."""
Moves = Mapping[tuple[str, str], Fraction]
"""Of all targeting keys, by the variant they leave and the one they go to."""


def shares(split: Split) -> Shares:
    """What each variant of positive weight gets."""
    total = sum(split.values())
    return {name: Fraction(weight, total) for name, weight in split.items() if weight > 0}


def moves(before: Split, after: Split) -> Moves:
    """Who goes where when the split changes, and the salt and the keys do not."""
    reached = _integrals(before, after)
    return {
        (source, target): weight * new * (reached[source] - reached[target])
        for source, weight in before.items()
        for target, new in after.items()
        if weight > 0 and new > 0 and reached[source] > reached[target]
    }


def independent_moves(before: Split, after: Split) -> Moves:
    """Who goes where when the salt or the keys change: everybody is assigned afresh."""
    return {
        (source, target): share * new
        for source, share in shares(before).items()
        for target, new in shares(after).items()
        if source != target
    }


def _integrals(before: Split, after: Split) -> dict[str, Fraction]:
    """F at each variant's ratio of its weights."""
    ratios = {name: _ratio(before.get(name, 0), after.get(name, 0)) for name in (*before, *after)}
    reached = {}
    start: Fraction | float = Fraction(0)
    integral = Fraction(0)
    constant, slope = sum(before.values()), 0
    for name in sorted(ratios, key=lambda name: ratios[name]):
        integral += _piece(constant, slope, start, ratios[name])
        reached[name] = integral
        start = ratios[name]
        constant -= before.get(name, 0)
        slope += after.get(name, 0)
    return reached


def _ratio(before: int, after: int) -> Fraction | float:
    return Fraction(before, after) if after > 0 else inf


def _piece(constant: int, slope: int, start: Fraction | float, end: Fraction | float) -> Fraction:
    """The integral of `1 / (constant + slope x)^2`; the one piece that ends nowhere has a slope."""
    if not isinstance(start, Fraction) or start == end:
        return Fraction(0)
    first = constant + slope * start
    if not isinstance(end, Fraction):
        return 1 / (slope * first)
    return (end - start) / (first * (constant + slope * end))
