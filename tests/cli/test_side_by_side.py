"""Two texts side by side."""

import json

import pytest

from gateway.cli import side_by_side
from gateway.cli.side_by_side import beside, lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": [1, "ä"]}', ["{", '  "a": [', "    1,", '    "ä"', "  ]", "}"]),
        ("7", ["7"]),
        ("no\njson", ["no", "json"]),
        ("", []),
        ("[" * 100_000, ["[" * 100_000]),
    ],
)
def test_json_has_a_line_for_each_value(text: str, expected: list[str]) -> None:
    assert lines(text) == expected


def test_a_long_text_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "MOST", 3)
    assert lines(json.dumps([1, 2, 3])) == ["[", "  1,", "  2,", "... and 2 more lines"]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (
            ["a", "b", "c"],
            ["a", "x", "c"],
            ["a                      a", "b                    | x", "c                      c"],
        ),
        (["a"], ["a", "b"], ["a                      a", "                     > b"]),
        (["a", "b"], ["a"], ["a                      a", "b                    <"]),
        (["a"], ["x", "y"], ["a                    | x", "                     > y"]),
        (["same"], ["same"], []),
        (["x" * 30], ["y"], ["xxxxxxxxxxxxxxxxx... | y"]),
    ],
)
def test_lines_that_differ_are_marked(left: list[str], right: list[str], expected: list[str]) -> None:
    assert [text for text, _ in beside(left, right, width=10)] == expected


def test_what_is_alike_is_left_out_but_for_what_is_near() -> None:
    left = [str(number) for number in range(30)]
    right = [*left[:5], "other", *left[6:25], "other", *left[26:]]
    shown = [text.split()[0] for text, _ in beside(left, right, width=60)]
    assert shown == ["3", "4", "5", "6", "7", "...", "23", "24", "25", "26", "27"]


def test_the_halves_take_the_width() -> None:
    [(text, _)] = beside(["a" * 99], ["b" * 99], width=63)
    assert text == f"{'a' * 27}... | {'b' * 27}..."
