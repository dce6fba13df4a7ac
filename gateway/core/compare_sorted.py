"""Lists of numbers whose order makes no difference: sorted, those that are equal stand side by side.

For tolerances below which closeness has no gaps (`Tolerance.is_convex`) alone, and finite numbers.
"""

from bisect import bisect_left
from collections.abc import Sequence
from math import isfinite
from typing import Any, Final, NamedTuple, TypeGuard

from gateway.core.compare_numbers import NUMBERS, Number, Tolerance, is_finite, kinds


class Left(NamedTuple):
    """The items of both sides that have no partner, by their numbers, each in order."""

    live: list[int]
    shadow: list[int]


NONE_LEFT: Final = Left([], [])


def are_numbers(values: Sequence[Any]) -> TypeGuard[Sequence[Number]]:
    """Whether all are finite numbers."""
    found = {*map(type, values)}
    return found <= NUMBERS and all(map(isfinite if found == {float} else is_finite, values))


def unpaired(live: Sequence[Number], shadow: Sequence[Number], tolerance: Tolerance) -> Left:
    """What is left over of a largest matching: the smallest two are partners, or the smaller has none."""
    if len(live) == len(shadow) and not tolerance.suspects(sorted(live), sorted(shadow), kinds(live, shadow)):
        return NONE_LEFT
    mine, others = sorted(range(len(live)), key=live.__getitem__), sorted(range(len(shadow)), key=shadow.__getitem__)
    left = Left([], [])
    while mine and others:
        # From the largest down, as that end of a list is the cheap one.
        if tolerance.close(live[mine[-1]], shadow[others[-1]]):
            mine.pop()
            others.pop()
        elif live[mine[-1]] > shadow[others[-1]]:
            left.live.append(mine.pop())
        else:
            left.shadow.append(others.pop())
    return Left(sorted(left.live + mine), sorted(left.shadow + others))


def strangers(live: Sequence[Number], shadow: Sequence[Number], tolerance: Tolerance) -> Left:
    """What is close to nothing on the other side."""
    return Left(_strangers(live, sorted(shadow), tolerance), _strangers(shadow, sorted(live), tolerance))


def _strangers(numbers: Sequence[Number], others: list[Number], tolerance: Tolerance) -> list[int]:
    found = []
    for index, number in enumerate(numbers):
        at = bisect_left(others, number)
        if not any(tolerance.close(number, each) for each in others[max(0, at - 1) : at + 1]):
            found.append(index)
    return found
