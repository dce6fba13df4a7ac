"""Assignment: the published vectors, the shares, and which keys a changed split moves."""

import json
import math
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xxhash import xxh3_64_hexdigest

from gateway.core.assignment import compile_draw, compile_split, heaviest, positive, scores
from gateway.core.hashing import ASSIGNMENT, SHADOW_SAMPLE, SHARE, prefix

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent.parent / "vectors" / "assignment.json").read_bytes())
KEYS = [b"user-%d" % number for number in range(500)]
NAMES = ("a", "b", "c", "d")
SPLITS = st.fixed_dictionaries({}, optional={name: st.integers(0, 100) for name in NAMES}).filter(
    lambda split: any(split.values())
)


def _key(vector: Mapping[str, str]) -> bytes:
    return bytes.fromhex(vector["key_hex"])


@pytest.mark.parametrize("vector", VECTORS["hashes"])
def test_published_hashes(vector: dict[str, str]) -> None:
    """Salt, variant and key hash to what was published, as scores show it."""
    message = prefix(ASSIGNMENT, vector["salt"], vector["variant"]) + _key(vector)
    assert xxh3_64_hexdigest(message) == vector["hash"]
    (score,) = scores(vector["salt"], {vector["variant"]: 1}, _key(vector))
    assert f"{score.hash:016x}" == vector["hash"]


@pytest.mark.parametrize("vector", VECTORS["picks"])
def test_published_picks(vector: dict[str, Any]) -> None:
    """Salt, split and key pick what was published."""
    assert compile_split(vector["salt"], vector["split"])(_key(vector)) == vector["variant"]


@pytest.mark.parametrize("vector", VECTORS["shares"])
def test_published_share_hashes(vector: dict[str, str]) -> None:
    """Segment and key hash to what was published."""
    assert xxh3_64_hexdigest(prefix(SHARE, vector["segment"]) + _key(vector)) == vector["hash"]


@pytest.mark.parametrize("vector", VECTORS["shadow_samples"])
def test_published_sample_hashes(vector: dict[str, str]) -> None:
    """Salt, shadow variant and key hash to what was published."""
    message = prefix(SHADOW_SAMPLE, vector["salt"], vector["variant"]) + _key(vector)
    assert xxh3_64_hexdigest(message) == vector["hash"]


def test_the_first_vector() -> None:
    """Written out here as well, so that nobody moves it by making the file anew."""
    both = scores("fraud", {"fraud-3": 95, "fraud-4": 5}, b"user-1")
    assert [(score.variant, f"{score.hash:016x}") for score in both] == [
        ("fraud-3", "f613481826a9103a"),
        ("fraud-4", "83509756c8aea0af"),
    ]
    assert compile_split("fraud", {"fraud-3": 95, "fraud-4": 5})(b"user-1") == "fraud-3"


@pytest.mark.parametrize(
    "split",
    [
        {"v3": 95, "v4": 5},
        {"v3": 999, "v4": 1},
        {"v3": 33, "v4": 33, "v5": 34},
        {f"v{number}": number for number in range(1, 9)},
    ],
    ids=str,
)
def test_shares_of_a_million_keys(split: dict[str, int]) -> None:
    """Each variant's share is within 0.2 percentage points of its weight's."""
    pick = compile_split("fraud", split)
    counts = Counter(pick(b"user-%d" % number) for number in range(1_000_000))
    total = sum(split.values())
    for variant, weight in split.items():
        assert abs(counts[variant] / 1_000_000 - weight / total) < 0.002


@given(st.text(max_size=8), SPLITS, st.binary(max_size=20))
def test_the_smallest_score_is_picked(salt: str, split: dict[str, int], key: bytes) -> None:
    """By the formula as published, with a natural logarithm and nothing precomputed."""

    def score(variant: str) -> float:
        digest = int(xxh3_64_hexdigest(prefix(ASSIGNMENT, salt, variant) + key), 16)
        return -math.log(((digest >> 11) | 1) * 2**-53) / split[variant]

    best = min((variant for variant in split if split[variant]), key=lambda variant: (score(variant), variant))
    assert compile_split(salt, split)(key) == best
    assert min(scores(salt, split, key), key=lambda each: each.score).variant == best


@given(SPLITS, SPLITS)
def test_keys_move_only_toward_variants_that_rose(before: dict[str, int], after: dict[str, int]) -> None:
    """From i to j only where j's weight rose relative to i's; so never between two that keep their ratio."""
    old, new = compile_split("s", before), compile_split("s", after)
    for key in KEYS:
        i, j = old(key), new(key)
        if i != j:
            assert after.get(j, 0) * before[i] > after.get(i, 0) * before.get(j, 0)


@given(SPLITS, st.sampled_from(NAMES), st.integers(1, 100))
def test_a_raised_weight_draws_keys_to_its_variant_alone(split: dict[str, int], variant: str, by: int) -> None:
    """Every key that moves goes to it, and lowering the weight again takes exactly those keys back."""
    raised = {**split, variant: split.get(variant, 0) + by}
    old, new = compile_split("s", split), compile_split("s", raised)
    moved = [key for key in KEYS if old(key) != new(key)]
    assert {new(key) for key in moved} <= {variant}
    assert {old(key) for key in moved}.isdisjoint({variant})


def test_a_raised_weight_moves_no_more_than_it_must() -> None:
    """95 to 90 of 100 moves 5 percent of all keys, give or take what 100,000 of them show."""
    old, new = compile_split("s", {"a": 95, "b": 5}), compile_split("s", {"a": 90, "b": 10})
    moved = sum(old(b"%d" % number) != new(b"%d" % number) for number in range(100_000))
    assert abs(moved / 100_000 - 0.05) < 0.002


def test_a_ramp_up_only_adds_callers() -> None:
    """So a ramp down again loses them in the reverse order, and brings every key back."""
    steps = [{key for key in KEYS if compile_split("s", {"a": 100 - b, "b": b})(key) == "b"} for b in range(0, 101, 5)]
    assert steps[0] == set()
    assert all(low < high for low, high in pairwise(steps))
    assert steps[-1] == set(KEYS)


@given(SPLITS, st.sampled_from(("a", "0", "zz", "é")), st.randoms())
def test_weight_zero_and_order_move_nobody(split: dict[str, int], name: str, random: Any) -> None:
    """A variant of weight 0 is as good as absent, and the order in the file decides nothing."""
    items = [*{name: 0, **split}.items()]
    random.shuffle(items)
    old, new = compile_split("s", split), compile_split("s", dict(items))
    assert [old(key) for key in KEYS] == [new(key) for key in KEYS]


@given(SPLITS, st.integers(2, 10_000))
def test_weights_are_relative(split: dict[str, int], factor: int) -> None:
    """All weights times the same number move nobody."""
    old = compile_split("s", split)
    new = compile_split("s", {name: weight * factor for name, weight in split.items()})
    assert [old(key) for key in KEYS] == [new(key) for key in KEYS]


def test_salts_are_independent() -> None:
    """The callers who got the candidate on one route are not the same on another: half of a half."""
    one, other = compile_split("one", {"a": 1, "b": 1}), compile_split("other", {"a": 1, "b": 1})
    both = sum(one(b"%d" % number) == other(b"%d" % number) == "b" for number in range(100_000))
    assert abs(both / 100_000 - 0.25) < 0.01


def test_one_positive_weight_needs_no_hash() -> None:
    """Whatever the key, and whatever else has weight 0."""
    pick = compile_split("s", {"a": 0, "b": 7})
    assert {pick(key) for key in KEYS} == {"b"}


def test_scores_come_in_the_order_of_names() -> None:
    """By bytes; the first of the smallest wins, so a tie goes to the smaller name."""
    assert [score.variant for score in scores("s", {"b": 1, "é": 2, "z": 3, "Z": 4, "y": 0}, b"key")] == [
        "Z",
        "b",
        "z",
        "é",
    ]


@pytest.mark.parametrize("split", [{}, {"a": 0}, {"a": 0, "b": 0}])
def test_a_split_without_weight_is_refused(split: dict[str, int]) -> None:
    """It could pick nobody."""
    with pytest.raises(ValueError, match="at least one positive weight"):
        compile_split("s", split)
    with pytest.raises(ValueError, match="at least one positive weight"):
        compile_draw(split)


@pytest.mark.parametrize(
    ("number", "variant"),
    [(0.0, "a"), (0.2, "a"), (0.25, "b"), (0.74, "b"), (0.75, "d"), (1 - 2.0**-53, "d")],
)
def test_a_random_number_draws_by_weight(number: float, variant: str) -> None:
    """Each variant holds its share of [0, 1), in the order of names; weight 0 holds nothing."""
    assert compile_draw({"d": 1, "c": 0, "b": 2, "a": 1})(number) == variant


@given(SPLITS, st.floats(0, 1, exclude_max=True))
def test_every_draw_has_weight(split: dict[str, int], number: float) -> None:
    """No random number falls outside or on a variant of weight 0."""
    assert split[compile_draw(split)(number)] > 0


def test_positive_weights_are_in_the_order_of_names() -> None:
    """By bytes, so that every runtime has the same order."""
    assert positive({"é": 1, "z": 2, "Z": 3, "a": 0}) == [("Z", 3), ("z", 2), ("é", 1)]


@pytest.mark.parametrize(
    ("split", "variant"), [({"a": 1}, "a"), ({"a": 1, "b": 2}, "b"), ({"b": 5, "a": 5}, "b"), ({"a": 0, "b": 1}, "b")]
)
def test_the_heaviest_variant(split: dict[str, int], variant: str) -> None:
    """On a tie the first in the file."""
    assert heaviest(split) == variant
