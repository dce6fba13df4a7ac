"""Filters of JSONPaths: what passes, and what looking at it costs."""

from typing import Any

import pytest
from jsonpath_rfc9535 import find
from jsonpath_rfc9535.selectors import FilterSelector

from gateway.core.compare_filters import ENVIRONMENT, Filter
from gateway.core.compare_limits import Effort, IncomparableError


def made(expression: str) -> Filter:
    [segment] = ENVIRONMENT.compile(f"$[?{expression}]").segments
    [selector] = segment.selectors
    assert isinstance(selector, FilterSelector)
    return Filter(selector.expression)


ITEM = {"a": 1, "s": "abc", "l": [1, [2]], "p": "a+(", "n": None}
ROOT = {"limit": 1, "items": [ITEM]}


@pytest.mark.parametrize(
    ("expression", "passes"),
    [
        ("@.a", True),
        ("@.b", False),
        ("!@.b", True),
        ("@.a == 1 && @.s == 'abc'", True),
        ("@.a == 2 || @.n == null", True),
        ("@.a == $.limit", True),
        ("@.a < $.limit", False),
        ("@.l[1][0] >= 2", True),
        ("@..[0]", True),
        ("@.*[5]", False),
        ("$..nothing", False),
        ("length(@.s) == 3", True),
        ("count(@.*) == 5", True),
        ("value(@.l[0]) == 1", True),
        ("@.l[?@ == 1]", True),
        ("match(@.s, 'a.c')", True),
        ("match(@.s, 'b')", False),
        ("match(@.s, 'a|ab')", False),
        ("search(@.s, 'b')", True),
        ("search(@.s, '^b|c$')", True),
        ("search(@.a, '1')", False),
        ("search(@.s, @.a)", False),
        ("search(@.s, @.p)", False),
        ("search(@.s, '[[:alpha:')", False),
        ("search(@.s, @.nothing)", False),
    ],
)
def test_what_passes(expression: str, passes: bool) -> None:
    assert made(expression).passes(ITEM, ROOT, Effort()) is passes


@pytest.mark.parametrize("text", ["é", "😀", "\ud800", ""])
def test_patterns_go_by_characters(text: str) -> None:
    """Half a surrogate pair stands for one that nobody knows."""
    assert made("match(@, '.')").passes(text, text, Effort()) is (text != "")


@pytest.mark.parametrize(
    ("expression", "affordable"),
    [
        ("@.a == 1", 20_000),
        ("@.*", 793),
        ("@..a", 793),
        ("@..*..*", 6),
        ("@.*[?@.*]", 6),
        ("@[?@..a]", 6),
        ("$.items[*]", 299),
        ("$..a", 299),
        ("count(@.*) > 1 || @.s == 'a'", 793),
    ],
)
def test_what_is_looked_at_is_paid_for(expression: str, affordable: int) -> None:
    """Going through all values once costs as many as there are, going through them for each of them their square."""
    made_filter, effort = made(expression), Effort()
    item = {"a": list(range(100))}
    root = {"items": [{}] * 28}
    for _ in range(affordable):
        made_filter.passes(item, root, effort)
    with pytest.raises(IncomparableError, match="filter"):
        made_filter.passes(item, root, effort)


def test_patterns_take_linear_time() -> None:
    """The library's own would take for ever."""
    assert not made("search(@, '(x+x+)+y')").passes("x" * 100_000, None, Effort())


@pytest.mark.parametrize("path", ["$[?match(@, 'a')]", "$[?search(@, 'a')]", "$[?length(@) > 1]", "$[?@.a == 1]"])
def test_what_a_configuration_may_say_is_understood(path: str) -> None:
    """Its paths are checked by the library as it comes."""
    value: list[Any] = ["a", "ba", {"a": 1}]
    assert {node.location for node in find(path, value)} == {node.location for node in ENVIRONMENT.find(path, value)}
