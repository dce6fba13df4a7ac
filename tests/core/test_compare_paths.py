"""Which values a rule's JSONPath selects: the same as the JSONPath library finds, at a cost that does not grow."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonpath_rfc9535 import find

from gateway.core.compare_limits import Effort
from gateway.core.compare_paths import Path, Paths, State, View, Way, segments

Location = tuple[str | int, ...]

names = st.sampled_from("abc")
documents = st.recursive(
    st.integers(0, 3) | st.none(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(names, below, max_size=3),
    max_leaves=20,
)
selectors = st.sampled_from(
    [
        *("'a'", "'b'", "0", "1", "-1", "-2", "*", "1:", ":2", "::2", "::-1", "-2:", "::0"),
        *("?@.a", "?@ > 1", "?@[0] == $.a", "?@..b"),
    ]
)
steps = st.tuples(st.sampled_from(["", ".."]), st.lists(selectors, min_size=1, max_size=2))
paths = st.lists(steps, max_size=3).map(
    lambda parts: "$" + "".join(f"{dots}[{', '.join(each)}]" for dots, each in parts)
)


def selected(path: str, value: Any) -> set[Location]:
    """Where the machine of this path alone says that a rule holds."""
    machine = Paths([Path(segments(path), ignored=True)])
    found: set[Location] = set()

    def walk(state: State, value: Any, at: Location) -> None:
        if state.ignored:
            found.add(at)
        if isinstance(value, dict):
            for name, below in value.items():
                walk(view.member(state, name, below), below, (*at, name))
        elif isinstance(value, list):
            for index, each in enumerate(view.items(state, value)):
                walk(each, value[index], (*at, index))

    view = View(value, Effort())
    walk(machine.start(), value, ())
    return found


@given(paths, documents)
def test_the_same_values_are_selected_as_the_library_finds(path: str, value: Any) -> None:
    assert selected(path, value) == {node.location for node in find(path, value)}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", {()}),
        ("$.a.b", {("a", "b")}),
        ("$..b", {("a", "b"), ("c", 0, "b")}),
        ("$.c[*].b", {("c", 0, "b")}),
        ("$['a', 'c'][0, 'b']", {("a", "b"), ("c", 0)}),
        ("$.c[?@ == 1]", {("c", 1)}),
        ("$.c[-1:]", {("c", 1)}),
        ("$.nothing", set()),
    ],
)
def test_places(path: str, expected: set[Location]) -> None:
    assert selected(path, {"a": {"b": 1}, "c": [{"b": 2}, 1]}) == expected


def test_several_rules_hold_at_once() -> None:
    way, other = Way("set"), Way("text")
    machine = Paths(
        [
            Path(segments("$.a"), unordered=True),
            Path(segments("$.*"), way=way),
            Path(segments("$.a"), way=other),
            Path(segments("$..b"), ignored=True),
        ]
    )
    a, b = machine.start().member("a"), machine.start().member("b")
    assert (a.unordered, a.way, a.ignored) == (True, way, False)
    assert (b.unordered, b.way, b.ignored) == (False, way, True)
    assert a.member("b").ignored
    assert machine.start().has_ways
    assert not a.has_ways


def test_where_the_order_makes_no_difference_places_select_nothing() -> None:
    machine = Paths([Path(segments(path), ignored=True) for path in ("$[0]", "$[1:]", "$[?@ == 7]")])
    view = View([5, 6, 7], Effort())
    states = view.items(machine.start(), [5, 6, 7], in_order=False)
    assert [state.ignored for state in states] == [False, False, True]
    assert [state.ignored for state in view.items(machine.start(), [5, 6, 7])] == [True, True, True]


def test_one_state_stands_for_all_items_where_no_rule_tells_them_apart() -> None:
    machine = Paths([Path(segments("$[*].a"), ignored=True)])
    states = View([1, 2], Effort()).items(machine.start(), [1, 2])
    assert len(states) == 2
    assert set(states) == {states[0], states[1]} == {machine.start().item()}


def test_states_are_not_gathered_for_ever() -> None:
    """However many combinations of positions the models' answers lead to."""
    names = string.ascii_lowercase[:7]
    machine = Paths([Path(segments(f"$..{name}..z"), ignored=True) for name in names], most=50)
    for number in range(2 ** len(names)):
        state = machine.start()
        for bit, name in enumerate(names):
            state = state.member(name) if number >> bit & 1 else state
        assert state.member("z").ignored is (number > 0)
        assert machine.kept <= 50 + 2 * len(names) ** 2
