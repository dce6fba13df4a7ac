"""YAML put together: values with their places, anchors, merges, and bounds on depth and size."""

from pathlib import Path

import pytest

from gateway.config.compose import MAX_DEPTH, MAX_NODES, compose
from gateway.config.data import Plain
from gateway.config.faults import MAX_FAULTS, ConfigError
from gateway.config.nodes import Path as NodePath
from gateway.config.nodes import dotted, find, key_place


def data(text: str) -> dict[str, object]:
    """What the text says; it must have no fault."""
    root, faults = compose(text)
    assert faults == []
    return Plain(Path("/")).mapping(root)


TEXT = """\
a: 1
b: {c: [x, 'y', "z"], d: }
e:
  - f: on
    g: |
      two
      lines
"""


def test_values_are_those_of_yaml_1_2() -> None:
    assert data(TEXT) == {"a": 1, "b": {"c": ["x", "y", "z"], "d": None}, "e": [{"f": "on", "g": "two\nlines\n"}]}


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        (("a",), 1, 4),
        (("b",), 2, 4),
        (("b", "c", 2), 2, 17),
        (("b", "d"), 2, 26),
        (("e", 0), 4, 5),
        (("e", 0, "g"), 5, 8),
        (("e", 0, "nothing", "there"), 4, 5),
        (("e", 5), 4, 3),
    ],
)
def test_every_value_knows_its_place(path: NodePath, line: int, column: int) -> None:
    """A path that the text lacks leads to the deepest value on the way."""
    node, _ = find(compose(TEXT)[0], path)
    assert (node.line, node.column) == (line, column)


def test_every_key_knows_its_place() -> None:
    root, _ = compose(TEXT)
    assert [(place.line, place.column) for place in (key_place(root, ("b", "d")), key_place(root, ("e", 0, "g")))] == [
        (2, 23),
        (5, 5),
    ]


@pytest.mark.parametrize(
    ("text", "line", "column"), [("a:", 1, 3), ("a:\n", 1, 3), ("? a", 1, 4), ("?\n  a", 2, 4), ("b: 1\n? a\n", 3, 1)]
)
def test_a_value_left_out_at_the_end_is_placed_within_the_text(text: str, line: int, column: int) -> None:
    node, _ = find(compose(text)[0], ("a",))
    assert (node.line, node.column) == (line, column)


def test_columns_count_characters_not_bytes() -> None:
    node, _ = find(compose("grüße: [äöü, x]\n")[0], ("grüße", 1))
    assert (node.line, node.column) == (1, 14)


def test_a_path_is_shown_as_people_read_it() -> None:
    assert dotted(("routes", "a", "rules", 0, "split", "llama-3.1:8b")) == "routes.a.rules[0].split.llama-3.1:8b"
    assert dotted(("a b", "", "c\nd")) == '"a b".""."c\\nd"'


def test_an_alias_stands_for_what_its_anchor_holds() -> None:
    assert data("a: &x {b: [1, 2]}\nc: *x\nd: [*x, &y z, *y]\n") == {
        "a": {"b": [1, 2]},
        "c": {"b": [1, 2]},
        "d": [{"b": [1, 2]}, "z", "z"],
    }


def test_merged_keys_stand_below_own_ones_and_the_first_wins() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 3}\nd: {x: 4, <<: *a}\n"
    assert data(text)["c"] == {"x": 3, "y": 1, "z": 2}
    assert data(text)["d"] == {"x": 4, "y": 1}


def test_what_is_merged_is_told_where_it_was_written() -> None:
    root, _ = compose("a: &a {x: 1}\nb: {<<: *a}\n")
    assert (find(root, ("b", "x"))[0].line, key_place(root, ("b", "x")).column) == (1, 8)


def test_a_quoted_merge_sign_is_a_name() -> None:
    assert data("a: {'<<': 1}\n") == {"a": {"<<": 1}}


def test_all_repeated_keys_are_found_at_once() -> None:
    _, faults = compose("a: {x: 1, x: 2}\nb: 1\nb: 2\nb: 3\n")
    assert [(fault.line, fault.column, fault.path) for fault in faults] == [(1, 11, "a.x"), (3, 1, "b"), (4, 1, "b")]


def refused(text: str) -> str:
    """The last fault of a text that cannot be put together."""
    with pytest.raises(ConfigError) as error:
        compose(text)
    return error.value.faults[-1].message


@pytest.mark.parametrize("opening", ["[", "{", "{a: ", "- ", "? ", "[{"])
def test_depth_is_bounded(opening: str) -> None:
    assert refused(opening * 100_000) == f"nested more than {MAX_DEPTH} levels deep"


def test_depth_below_the_bound_is_fine() -> None:
    deepest = MAX_DEPTH - 1
    assert len(data("a: " + "[" * deepest + "]" * deepest)) == 1


def test_an_alias_bomb_is_refused_before_it_expands() -> None:
    """A billion values in ten lines."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert refused("\n".join(lines)).startswith(f"more than {MAX_NODES:,} values")


def test_a_million_aliases_are_refused() -> None:
    assert refused("a: &a x\nb: [" + "*a," * 1_000_000 + "]").startswith(f"more than {MAX_NODES:,} values")


def test_a_list_that_holds_itself_is_refused() -> None:
    assert "no finished &a" in refused("a: &a [*a]")


def test_after_a_thousand_faults_reading_ends() -> None:
    assert refused("a: 1\n" * (MAX_FAULTS + 10)) == "there are more than 1,000 faults; what follows was not read"
