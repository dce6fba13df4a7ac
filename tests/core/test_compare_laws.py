"""Laws of comparison, for any documents and any rules."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.core.compare import judge
from gateway.core.judgement import Judgement
from tests.core.replies import SWAPPED, made, reply

Settings = dict[str, Any]

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(-2, 2, width=16)
    | st.sampled_from([2**53, 2**53 + 1, 2**70, 1e300, -1e300, float("nan"), float("inf"), 0.1, 0.3, -0.0])
    | st.sampled_from(["", "a", "A", "a b", "a  B", "é"])
)
NAMES = ["a", "b", "c", "x"]


def _below(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, max_size=4) | st.dictionaries(st.sampled_from(NAMES), values, max_size=4)


documents = st.recursive(scalars, _below, max_leaves=12)
numbers = st.lists(st.integers(0, 12) | st.sampled_from([0.5, 1.25, 3.75, float("nan"), float("inf")]), max_size=7)
vectors = st.lists(st.lists(st.integers(0, 6), min_size=2, max_size=2), max_size=6)

steps = st.sampled_from(
    [".a", ".b", "['x']", "[0]", "[-1]", "[1:]", "[*]", "..a", "..*", "..[0]", "[?@.a]", "[?@ == 1]"]
)
paths = st.lists(steps, max_size=3).map(lambda parts: "$" + "".join(parts))
ways = st.sampled_from(
    [{"as": name} for name in ("exact", "argmax", "set", "text")]
    + [{"as": "cosine", "min": least} for least in (0.5, 1)]
)
bounds = st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0, 1.5, 3.0])
settings = st.fixed_dictionaries(
    {
        "ignore": st.lists(paths, max_size=2).map(tuple),
        "unordered": st.lists(paths, max_size=2).map(tuple),
        "at": st.dictionaries(paths, ways, max_size=2),
        "rel": bounds,
        "abs": bounds,
    }
)


def compared(live: Any, shadow: Any, rules: Settings) -> Judgement:
    """Trailing blanks keep equal bodies from being found equal as bytes."""
    return judge(made(rules), reply(json.dumps(live).encode()), reply(json.dumps(shadow).encode() + b" "))


def kinds(judgement: Judgement) -> list[str]:
    return sorted(each.kind for each in judgement.differences)


@given(documents, settings)
def test_a_value_equals_itself_under_any_rules(value: Any, rules: Settings) -> None:
    assert compared(value, value, rules).outcome == "matched"


@given(documents, documents, settings)
def test_two_values_differ_the_same_from_both_sides(live: Any, shadow: Any, rules: Settings) -> None:
    """What is missing on one side is extra on the other; of which items of an unordered list have no partner there may
    be several answers, but not of how many."""
    there, back = compared(live, shadow, rules), compared(shadow, live, rules)
    assert there.outcome == back.outcome
    assert kinds(there) == sorted(SWAPPED.get(kind, kind) for kind in kinds(back))
    assert there.folded == {(path, SWAPPED.get(kind, kind)) for path, kind in back.folded}


@given(documents, documents, settings, bounds, bounds)
def test_a_wider_tolerance_never_adds_a_difference(
    live: Any, shadow: Any, rules: Settings, rel: float, most: float
) -> None:
    narrow, wide = (compared(live, shadow, rules | bounds) for bounds in _nested(rules, rel, most))
    assert len(wide.differences) <= len(narrow.differences)
    assert wide.folded <= narrow.folded


def _nested(rules: Settings, rel: float, most: float) -> tuple[Settings, Settings]:
    return (
        {"rel": min(rel, rules["rel"]), "abs": min(most, rules["abs"])},
        {"rel": max(rel, rules["rel"]), "abs": max(most, rules["abs"])},
    )


@given(st.lists(documents, max_size=5), st.randoms(use_true_random=False), settings)
def test_an_unordered_list_equals_itself_in_any_order(value: list[Any], random: Any, rules: Settings) -> None:
    shuffled = list(value)
    random.shuffle(shuffled)
    # Of rules for the list itself this one alone is in force; those for places in it select nothing.
    at = {path: way for path, way in rules["at"].items() if path != "$"}
    assert compared(value, shuffled, rules | {"unordered": ("$", *rules["unordered"]), "at": at}).outcome == "matched"


@given(st.lists(documents, max_size=5), st.randoms(use_true_random=False))
def test_a_list_in_another_order_differs_in_nothing_else(value: list[Any], random: Any) -> None:
    shuffled = list(value)
    random.shuffle(shuffled)
    judgement = compared(value, shuffled, {})
    assert judgement.outcome == "matched" or judgement.folded == {("$", "order")}


@given(numbers | vectors, numbers | vectors, bounds, bounds)
def test_as_many_items_as_possible_are_paired(live: list[Any], shadow: list[Any], rel: float, most: float) -> None:
    rules = {"rel": rel, "abs": most}
    edges = {
        left: [right for right, other in enumerate(shadow) if compared(mine, other, rules).outcome == "matched"]
        for left, mine in enumerate(live)
    }
    judgement = compared(live, shadow, rules | {"unordered": ("$",)})
    left_over = [each.kind for each in judgement.differences]
    pairs = _most_pairs(edges, len(live))
    assert (left_over.count("missing"), left_over.count("extra")) == (len(live) - pairs, len(shadow) - pairs)


def _most_pairs(edges: dict[int, list[int]], count: int, taken: frozenset[int] = frozenset(), at: int = 0) -> int:
    """By trying everything."""
    if at == count:
        return 0
    tries = (1 + _most_pairs(edges, count, taken | {other}, at + 1) for other in edges[at] if other not in taken)
    return max(_most_pairs(edges, count, taken, at + 1), *tries, 0)


@given(numbers | vectors, numbers | vectors, bounds)
def test_a_set_holds_what_has_an_equal(live: list[Any], shadow: list[Any], most: float) -> None:
    def strangers(items: list[Any], others: list[Any]) -> int:
        return sum(all(compared(each, other, {"abs": most}).outcome != "matched" for other in others) for each in items)

    judgement = compared(live, shadow, {"abs": most, "at": {"$": {"as": "set"}}})
    left_over = [each.kind for each in judgement.differences]
    assert (left_over.count("missing"), left_over.count("extra")) == (strangers(live, shadow), strangers(shadow, live))


@given(documents, documents, settings)
def test_what_is_ignored_can_hold_anything(live: Any, shadow: Any, rules: Settings) -> None:
    around: Callable[[Any], Any] = lambda value: {"skipped": value, "kept": 1}  # noqa: E731
    assert compared(around(live), around(shadow), rules | {"ignore": ("$.skipped",)}).outcome == "matched"


@given(documents, documents)
def test_equal_documents_and_no_others_match(live: Any, shadow: Any) -> None:
    """As canonical texts tell, where there are no rules."""
    assert (compared(live, shadow, {}).outcome == "matched") is (_canonical(live) == _canonical(shadow))


def _canonical(value: Any) -> str:
    def plain(each: Any) -> Any:
        if isinstance(each, dict):
            return {name: plain(each[name]) for name in sorted(each)}
        if isinstance(each, list):
            return [plain(item) for item in each]
        return int(each) if isinstance(each, float) and each.is_integer() else each

    return json.dumps(plain(value))


@given(documents, documents, settings)
def test_an_ignored_pair_is_one_for_its_size_alone(live: Any, shadow: Any, rules: Settings) -> None:
    """Small documents are always judged, and what is told fits what was found."""
    judgement = compared(live, shadow, rules)
    assume(judgement.outcome == "mismatched")
    assert judgement.why == ""
    assert judgement.differences
    assert {each.kind for each in judgement.differences} == {kind for _, kind in judgement.folded}
