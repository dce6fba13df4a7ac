"""Differences: how paths and values are written, and how many are kept."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonpath_rfc9535 import find

from gateway.core.differences import ABSENT, LONGEST_NAME, LONGEST_VALUE, Differences, Steps, common, folded, written

names = st.text(max_size=LONGEST_NAME)


def steps(*parts: str | int) -> Steps:
    at: Steps = None
    for part in parts:
        at = (at, part)
    return at


@pytest.mark.parametrize(
    ("parts", "path", "place"),
    [
        ((), "$", "$"),
        (("a", 0, "b_1"), "$.a[0].b_1", "$.a[*].b_1"),
        ((0, 1), "$[0][1]", "$[*][*]"),
        (("a-b", "1", ""), '$["a-b"]["1"][""]', '$["a-b"]["1"][""]'),
        (("é", "\n", "\ud800", "\\"), '$["é"]["\\n"]["\\ud800"]["\\\\"]', '$["é"]["\\n"]["\\ud800"]["\\\\"]'),
        (("n" * LONGEST_NAME,), "$." + "n" * LONGEST_NAME, "$." + "n" * LONGEST_NAME),
        (("n" * 101,), f'$["{"n" * 99}…"]', f'$["{"n" * 99}…"]'),
    ],
)
def test_paths(parts: tuple[str | int, ...], path: str, place: str) -> None:
    assert (written(steps(*parts)), folded(steps(*parts))) == (path, place)
    noted = Differences()
    noted.note(steps(*parts), "value", 1, 2)
    assert (noted.first[0].path, noted.folded) == (path, {(place, "value")})


@given(st.lists(names | st.integers(0, 3), max_size=4))
def test_a_path_is_one_that_leads_there(parts: list[str | int]) -> None:
    """As RFC 9535 has it."""
    value: Any = "here"
    for part in reversed(parts):
        value = {part: value} if isinstance(part, str) else [None] * part + [value]
    [node] = find(written(steps(*parts)), value)
    assert node.location == tuple(parts)
    assert node.value == "here"


def test_neighbours_in_a_list_are_told_with_their_own_indexes() -> None:
    noted = Differences()
    parent, other = steps("a"), steps("b")
    for at in ((parent, 0), (parent, 1), (other, 1), (parent, 2)):
        noted.note(at, "value", 1, 2)
    assert [each.path for each in noted.first] == ["$.a[0]", "$.a[1]", "$.b[1]", "$.a[2]"]
    assert noted.folded == {("$.a[*]", "value"), ("$.b[*]", "value")}


def test_enough_is_enough() -> None:
    noted = Differences()
    for number in range(300):
        assert noted.is_full is (number >= 100)
        noted.note(steps(f"n{number}"), "extra", shadow=number)
    assert (len(noted.first), len(noted.folded)) == (100, 200)


@given(st.recursive(st.none() | st.integers() | st.floats() | st.text(), st.lists), st.text())
def test_values_are_shown_as_json_that_can_be_encoded(value: Any, other: str) -> None:
    noted = Differences()
    noted.note("body", "value", value, other)
    [difference] = noted.first
    assert max(len(difference.live), len(difference.shadow)) <= LONGEST_VALUE
    difference.live.encode()
    if len(json.dumps(value)) <= LONGEST_VALUE and len(json.dumps(other)) <= LONGEST_VALUE:
        assert json.loads(difference.shadow) == other
        assert json.dumps(json.loads(difference.live)) == json.dumps(value)


def test_what_is_absent_is_shown_as_nothing() -> None:
    noted = Differences()
    noted.note(None, "missing", "x" * 1000)
    noted.note(None, "extra", ABSENT, None)
    assert noted.first[0][2:] == ('"' + "x" * 198 + "…", "")
    assert noted.first[1][2:] == ("", "null")


@given(st.text(alphabet="ab"), st.text(alphabet="ab"))
def test_what_two_texts_have_in_common(left: str, right: str) -> None:
    length = common(left, right)
    assert length == common(left.encode(), right.encode())
    assert left[:length] == right[:length]
    assert left[length : length + 1] != right[length : length + 1] or left == right
