"""Hostile and strange replies: what is too much is ignored with its word, and nothing takes long."""

import json
from collections.abc import Callable
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.compare import judge
from gateway.core.compare_limits import (
    MOST_LEVELS,
    MOST_VALUES,
    OF_A_CONTAINER,
    REASONS,
    Effort,
    IncomparableError,
    is_small,
    measure,
)
from tests.core.replies import found, made, reply, said

MIB = 1 << 20

documents = st.recursive(
    st.none() | st.integers() | st.text(), lambda below: st.lists(below) | st.dictionaries(st.text(), below)
)


def nested(levels: int, inner: str = "1") -> bytes:
    return ("[" * levels + inner + "]" * levels).encode()


def filled(text: str, size: int = MIB // 4) -> bytes:
    """A list of as many of these as fit."""
    return ("[" + ",".join([text] * (size // (len(text) + 1) - 1)) + "]").encode()


@pytest.mark.parametrize(
    ("value", "cost"),
    [(1, 0), ("a", 0), ([], 10), ({}, 10), ([1, 2], 12), ({"a": [1, {}]}, 33), ([[1], [2]], 34)],
)
def test_the_measure_of_a_value(value: Any, cost: int) -> None:
    assert OF_A_CONTAINER == 10
    assert measure(value) == cost


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (nested(MOST_LEVELS), "value $" + "[0]" * MOST_LEVELS),
        (nested(MOST_LEVELS + 1), "ignored too_deep"),
        (nested(900), "ignored too_deep"),
        (nested(5000), "ignored too_deep"),
        (nested(MIB), "ignored too_deep"),
        (b"[" * MIB, "ignored too_deep"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, "ignored too_deep"),
        (filled("[]", MIB // 3), "ignored too_wide"),
        (filled("{}", MIB // 3), "ignored too_wide"),
        (filled("1", 2 * MOST_VALUES + 10), "ignored too_wide"),
        (b"[" + b"1" * 4301 + b"]", "ignored long_number"),
        (b"1" * MIB, "ignored long_number"),
        (b"-" + b"9" * 5000, "ignored long_number"),
    ],
    ids=range(13),
)
def test_what_is_too_much_is_ignored_whether_it_differs_or_not(live: bytes, expected: str) -> None:
    """On either side; a verdict only on what is equal would be none."""
    other = live.replace(b"1", b"2") if expected.startswith("value") else b"{}"
    assert found(live, other) == [expected]
    assert found(other, live) == [expected]
    assert found(live, live) == ([] if expected.startswith("value") else [expected])


def test_a_small_text_is_taken_as_it_is_only_where_it_must_be_within_the_bounds() -> None:
    assert is_small(nested(MOST_LEVELS), is_json=True)
    assert not is_small(nested(MOST_LEVELS + 1), is_json=True)
    assert is_small(filled("1", MOST_VALUES), is_json=True), "half as many values"
    assert not is_small(filled("1", 2 * MOST_VALUES + 10), is_json=True)
    assert is_small(filled("123456789", 2 * MIB), is_json=True)
    assert not is_small(filled("123456789", 2 * MIB), is_json=False)
    assert is_small(filled("1", 50_000), is_json=False)


@given(documents)
def test_what_is_taken_as_it_is_would_have_passed_the_closer_look(value: object) -> None:
    text = json.dumps(value).encode()
    containers, bound = text.count(b"[") + text.count(b"{"), text.count(b",")
    assert measure(value) <= bound + (OF_A_CONTAINER + 1) * containers


def test_every_reason_is_one_of_a_fixed_few() -> None:
    """They are labels."""
    assert set(REASONS) >= {"coding", "large_text", "too_deep", "too_wide", "long_number", "unordered", "filter"}
    assert all(reason.replace("_", "").isalpha() for reason in REASONS)


def test_effort_ends() -> None:
    effort = Effort()
    with pytest.raises(IncomparableError, match="unordered"):
        effort.pair(10**9)
    with pytest.raises(IncomparableError, match="filter"):
        effort.filter(10**9)
    assert effort.order([1], [2])
    assert not effort.order([[1]] * 10_000, [])
    assert not effort.order([], [])


def test_lists_with_too_many_ways_to_pair_their_items_are_ignored() -> None:
    live = [[1, number] for number in range(1000)]
    shadow = [[1, number + 0.5] for number in range(1000)]
    assert found(live, shadow, unordered=("$",), abs=0.1) == ["ignored unordered"]
    assert found(live, live[::-1], unordered=("$",), abs=0.1) == []


@pytest.mark.parametrize("path", ["$[?@.a]", "$[?@..a]", "$[?$..a]", "$..[?@.b]"])
def test_filters_that_look_at_too_much_are_ignored(path: str) -> None:
    """Also where both are equal as values, though not as bytes."""
    items = json.dumps([{"a": number, "b": [number] * 5} for number in range(21_000)]).encode()
    assert found(items, items + b" ", ignore=(path,)) == ["ignored filter"]


def test_filters_may_look_at_a_few_items_of_a_large_answer() -> None:
    large = {"outputs": [{"name": "x", "data": [0.5] * 100_000}, {"name": "y", "data": [1]}]}
    other = {"outputs": [{"name": "x", "data": [0.7] * 100_000}, {"name": "y", "data": [2]}]}
    path = "$.outputs[?@.name == 'x'].data"
    assert found(large, other, ignore=(path,)) == ["value $.outputs[1].data[0]"]


# ---- time

NUMBERS = filled("0.1234567", MIB)
OTHERS = NUMBERS.replace(b"4567", b"4568")
OBJECTS = filled('{"a":1,"b":[2,3]}')


def members(first: str) -> bytes:
    """An object with very many names."""
    return json.dumps({f"{first}{number}": number for number in range(20_000)}).encode()


def ladder(last: int) -> bytes:
    """Lists within lists, each with a neighbour, around a large one: whatever is done at each level is done often."""
    inner = json.dumps([[number] for number in range(5_000)] + [[last]])
    return ("[0," * 90 + inner + "]" * 90).encode()


HOSTILE: dict[str, tuple[dict[str, Any], bytes, bytes]] = {
    "numbers": ({}, NUMBERS, OTHERS),
    "close numbers": ({"rel": 0.001}, NUMBERS, OTHERS),
    "numbers at the edge": ({"abs": 0.1}, filled("0.3"), filled("0.4")),
    "long integers": ({"abs": 1}, filled("9" * 30), filled("9" * 29 + "8")),
    "the longest integers": ({"rel": 0.1}, filled("9" * 4300), filled("8" * 4300)),
    "one number of many digits": ({}, b"0." + b"1" * MIB, b"0." + b"2" * MIB),
    "infinities": ({"rel": 0.1}, filled("1e999"), filled("-1e999")),
    "texts": ({"at": {"$": {"as": "text"}}}, filled('"A b"'), filled('"a  c"')),
    "one long text": ({"at": {"$": {"as": "text"}}}, b'"' + b"A " * MIB + b'"', b'"' + b"a  " * MIB + b'"'),
    "long texts": ({}, filled('"' + "x" * 10_000 + 'a"'), filled('"' + "x" * 10_000 + 'b"')),
    "many names": ({"ignore": ("$..x",)}, members("a"), members("b")),
    "long names": ({}, json.dumps({"n" * MIB: 1}).encode(), json.dumps({"n" * MIB: 2}).encode()),
    "objects": ({"ignore": ("$..x", "$[*].a")}, OBJECTS, OBJECTS.replace(b"3", b"4")),
    "one object among many": ({}, OBJECTS, OBJECTS[:-2] + b',"x":1}]'),
    "the last of many": ({}, filled("[1]"), filled("[1]")[:-2] + b"2]]"),
    "other order": ({}, json.dumps([*range(40_000)]).encode(), json.dumps([*range(40_000)][::-1]).encode()),
    "many levels": ({}, ladder(1), ladder(2)),
    "many levels, unordered": ({"unordered": ("$..*", "$"), "abs": 0.1}, ladder(1), ladder(2)),
    "unordered numbers": ({"unordered": ("$",), "abs": 0.1}, NUMBERS, b"[" + OTHERS[1:-1] + b",9]"),
    "unordered texts": ({"unordered": ("$",), "at": {"$[*]": {"as": "text"}}}, filled('"a"'), filled('"b"')),
    "unordered lists": ({"unordered": ("$",), "abs": 0.1}, filled("[1,2]"), filled("[1,3]")),
    "a set": ({"at": {"$": {"as": "set"}}, "abs": 0.1}, NUMBERS, json.dumps([*range(40_000)]).encode()),
    "an angle": ({"at": {"$": {"as": "cosine", "min": 0.9}}}, NUMBERS, OTHERS),
    "slices": ({"ignore": ("$[::2]",)}, filled("1"), filled("2")),
    "descents": ({"ignore": ("$..a..a..a..b",)}, b'{"a":' * 99 + b"1" + b"}" * 99, b'{"a":' * 99 + b"2" + b"}" * 99),
    "filters": ({"ignore": ("$..[?@..a || $..b]",)}, OBJECTS, OBJECTS + b" "),
    "a pattern": ({"ignore": ("$[?search(@, '(x+x+)+y')]",)}, filled(f'"{"x" * 5000}"'), filled('"x"', 4000)),
    "no JSON": ({}, b"\xff" + b"x" * MIB, b"\xff" + b"x" * MIB + b"y"),
    "broken JSON": ({}, NUMBERS[:-1], OTHERS[:-1]),
}


def spent(run: Callable[[], object]) -> float:
    """Seconds of processor."""
    begun = process_time()
    run()
    return process_time() - begun


@pytest.mark.parametrize("name", HOSTILE)
def test_no_pair_takes_long(name: str) -> None:
    """A shadow process that is busy for seconds would drop copies. Far above what is usual here, for slow machines;
    what grows with the square of a reply would take minutes."""
    settings, live, shadow = HOSTILE[name]
    rules = made(settings)
    assert spent(lambda: judge(rules, reply(live), reply(shadow))) < 5
    assert spent(lambda: judge(rules, reply(live), reply(live + b" "))) < 5


def test_a_large_tensor_takes_milliseconds_and_a_small_answer_microseconds() -> None:
    """A multiple of what they take is allowed for slow machines."""
    settings: dict[str, Any] = {"ignore": ("$.id",), "rel": 0.001}
    rules = made(settings)
    assert said(judge(rules, reply(NUMBERS), reply(OTHERS))) == []
    assert min(spent(lambda: judge(rules, reply(NUMBERS), reply(OTHERS))) for _ in range(5)) < 0.4
    items = [{"label": f"label {number}", "score": number / 7, "at": [number, 1]} for number in range(18)]
    one, other = ({"id": each, "items": items, "version": "1.2.3"} for each in "ab")
    left, right = reply(one), reply(other)
    assert 900 < len(left.body) < 1300
    assert said(judge(rules, left, right)) == []
    assert min(spent(lambda: [judge(rules, left, right) for _ in range(100)]) for _ in range(5)) < 0.06
