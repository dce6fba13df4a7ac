"""Syntax faults in words, at their place."""

import pytest
import yaml

from gateway.config.compose import compose
from gateway.config.faults import ConfigError, Fault
from gateway.config.syntax import explain

TABLE = [
    ("a:\n\tb: 1", 2, 1, "a tab cannot indent; use spaces"),
    ("a: x\n\tb: 1", 2, 1, "a tab cannot indent"),
    ("a: |\n  x\n\ty", 3, 1, "a tab cannot indent"),
    ("a: [1\nb: 2", 1, 4, "this list [ is not closed"),
    ("a: {b: 1\nc: 2", 1, 4, "this mapping { is not closed"),
    ("a: [", 1, 5, "the file ends where a value is due"),
    ("a: 'x\nb: 1", 1, 4, "this quote is not closed"),
    ('a: "x\n---\n', 1, 4, "this quote is not closed"),
    ("a: b: c", 1, 5, "a name may not stand here"),
    ("a: 1\n  b: 2", 2, 4, "check the indentation"),
    ("a:\n  - b\n c: 1", 3, 2, "a name is due here; check the indentation"),
    ("- a\nb: c", 2, 1, "a dash is due here"),
    ("a: ]", 1, 4, "a value is due here"),
    ("a: %x", 1, 4, "no value begins with %; quote it"),
    ("a: @x", 1, 4, "no value begins with @"),
    ("a: `x", 1, 4, "no value begins with `"),
    ('a: "\\q"', 1, 5, "this escape is unknown in double quotes"),
    ('a: "\\u12"', 1, 7, "lacks hexadecimal digits"),
    ('a: "\\ud800"', 1, 7, "is not a character"),
    ("a: &\n", 1, 5, "& and * take a name"),
    ("a: !x!y z", 1, 4, "a tag may not stand here"),
    ("a: >9x\n", 1, 6, "may begin a block of text"),
    ("%FOO\n---\na: 1", 1, 5, "this directive is unknown"),
    ("%YAML 3.0\n---\na: 1", 1, 1, "this is not YAML 1.2"),
    ("a: 1\n!", 2, 2, "a name and a colon are due here"),
]


@pytest.mark.parametrize(("text", "line", "column", "words"), TABLE)
def test_what_is_not_yaml_is_told_in_words(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        compose(text)
    (fault,) = refused.value.faults
    assert (fault.line, fault.column, fault.path) == (line, column, "(file)")
    assert words in fault.message


def test_an_error_without_a_place_is_one_of_the_file() -> None:
    assert explain(yaml.YAMLError("no"), "a: 1") == Fault(1, 1, "(file)", "not valid YAML: no")
