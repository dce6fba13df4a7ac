"""Who moves when a split changes: published values, exact sums, and keys that were counted."""

import json
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.assignment import compile_split
from gateway.core.movement import independent_moves, moves, shares

WEIGHTS = st.dictionaries(st.sampled_from("abcde"), st.integers(0, 9) | st.integers(0, 10**9), max_size=5)
SPLITS = WEIGHTS.filter(lambda split: any(split.values()))


def _parts(found: dict[tuple[str, str], Fraction]) -> dict[str, str]:
    return {f"{source}{target}": str(share) for (source, target), share in found.items()}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 7}, {}),
        ({"a": 95, "b": 5}, {"a": 50, "b": 50}, {"ab": "9/20"}),
        ({"a": 95, "b": 5}, {"a": 190, "b": 10}, {}),
        ({"a": 1}, {"b": 1}, {"ab": "1"}),
        ({"a": 1, "b": 1}, {"a": 1, "c": 1}, {"bc": "1/3", "ba": "1/6", "ac": "1/6"}),
        ({"a": 1, "b": 0}, {"a": 1, "b": 1}, {"ab": "1/2"}),
        ({"a": 2, "b": 1, "c": 1}, {"a": 0, "b": 1, "c": 1}, {"ab": "1/4", "ac": "1/4"}),
        ({"a": 90, "b": 5, "c": 5}, {"a": 85, "b": 10, "c": 5}, {"ab": "1/21", "ac": "1/420", "cb": "1/420"}),
    ],
)
def test_moves(before: dict[str, int], after: dict[str, int], expected: dict[str, str]) -> None:
    """By the closed form, by hand where it can be."""
    assert _parts(dict(moves(before, after))) == expected


def test_a_swap_of_three_moves_as_published() -> None:
    """A little more than must: 60 % where 50 % would do; and 5.24 % for 5 %."""
    assert float(sum(moves({"a": 60, "b": 30, "c": 10}, {"a": 10, "b": 30, "c": 60}).values())) == pytest.approx(0.6)
    small = sum(moves({"a": 90, "b": 5, "c": 5}, {"a": 85, "b": 10, "c": 5}).values())
    assert round(float(small), 4) == 0.0524


@given(SPLITS, SPLITS)
def test_what_leaves_and_comes_is_the_difference(before: dict[str, int], after: dict[str, int]) -> None:
    """Exactly, for every variant; nobody moves between variants whose weights keep their ratio, nor both ways."""
    found = moves(before, after)
    old, new = shares(before), shares(after)
    assert sum(old.values()) == sum(new.values()) == 1
    for name in "abcde":
        gained = sum(share for (_, target), share in found.items() if target == name)
        lost = sum(share for (source, _), share in found.items() if source == name)
        assert new.get(name, 0) - old.get(name, 0) == gained - lost
    assert all(share > 0 for share in found.values())
    assert all((target, source) not in found for source, target in found)
    for source, target in found:
        assert before.get(source, 0) * after.get(target, 0) > before.get(target, 0) * after.get(source, 0)


@given(SPLITS, SPLITS)
def test_everybody_afresh(before: dict[str, int], after: dict[str, int]) -> None:
    """Independent draws give the same shares, and move at least as many."""
    found = independent_moves(before, after)
    old, new = shares(before), shares(after)
    for name in "abcde":
        gained = sum(share for (_, target), share in found.items() if target == name)
        lost = sum(share for (source, _), share in found.items() if source == name)
        assert new.get(name, 0) - old.get(name, 0) == gained - lost
    assert sum(found.values()) >= sum(moves(before, after).values())


def _counted(before: dict[str, int], after: dict[str, int], keys: int) -> dict[tuple[str, str], float]:
    """The shares of so many keys that move, by assigning each of them twice."""
    old, new = compile_split("salt", before), compile_split("salt", after)
    pairs = Counter((old(key), new(key)) for key in (b"user-%d" % number for number in range(keys)))
    return {pair: count / keys for pair, count in pairs.items() if pair[0] != pair[1]}


def _apart(before: dict[str, int], after: dict[str, int], keys: int) -> float:
    counted, exact = _counted(before, after, keys), moves(before, after)
    return max((abs(counted.get(pair, 0) - exact.get(pair, 0)) for pair in counted.keys() | exact.keys()), default=0)


def test_a_million_keys_move_as_reckoned() -> None:
    """Within 0.2 percentage points, pair by pair."""
    assert _apart({"a": 60, "b": 25, "c": 10, "d": 5}, {"a": 20, "b": 25, "c": 30, "e": 25}, 1_000_000) < 0.002


VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent.parent / "vectors" / "moves.json").read_bytes())[
    "moves"
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['before']}-{vector['after']}")
def test_the_published_vectors(vector: dict[str, Any]) -> None:
    """To the last fraction; and 50,000 keys do move so, within half a percentage point."""
    exact = {(each["from"], each["to"]): Fraction(each["share"]) for each in vector["moves"]}
    assert moves(vector["before"], vector["after"]) == exact
    assert _apart(vector["before"], vector["after"], 50_000) < 0.005


SMALL = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 9), max_size=4).filter(
    lambda split: any(split.values())
)


@given(SMALL, SMALL)
def test_some_keys_move_as_reckoned(before: dict[str, int], after: dict[str, int]) -> None:
    """Five standard deviations of 4,000 keys at most; and where nothing is reckoned, nobody moves."""
    assert _apart(before, after, 4_000) < 5 * (0.25 / 4_000) ** 0.5
    assert _counted(before, after, 4_000).keys() <= moves(before, after).keys()
