"""Pairs of replies with the differences that are expected of them, and laws that hold for all."""

import gzip
import json
import zlib
from math import inf, nan
from typing import Any

import pytest

from gateway.core.compare import judge, rules
from gateway.core.compare_limits import REASONS
from gateway.core.copies import Observation
from gateway.core.judgement import Difference
from gateway.core.model import Compare
from tests.core.replies import found, made, reply, said, swapped

NONE: dict[str, Any] = {}
HUGE = 10**400

PAIRS: list[tuple[dict[str, Any], Any, Any, list[str]]] = [
    # ---- values and types
    (NONE, None, None, []),
    (NONE, True, True, []),
    (NONE, "a", "a", []),
    (NONE, {}, {}, []),
    (NONE, [], [], []),
    (NONE, 1, 2, ["value $"]),
    (NONE, "a", "b", ["value $"]),
    (NONE, True, False, ["value $"]),
    (NONE, 1, "1", ["type $"]),
    (NONE, 1, True, ["type $"]),
    (NONE, 0, False, ["type $"]),
    (NONE, 0, None, ["type $"]),
    (NONE, "", None, ["type $"]),
    (NONE, [], {}, ["type $"]),
    (NONE, [1], 1, ["type $"]),
    (NONE, {"a": 1}, "a", ["type $"]),
    (NONE, [True], [1], ["type $[0]"]),
    (NONE, {"a": {"b": [1, {"c": "x"}]}}, {"a": {"b": [1, {"c": "y"}]}}, ["value $.a.b[1].c"]),
    # ---- objects
    (NONE, {"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
    (NONE, {"a": 1}, {}, ["missing $.a"]),
    (NONE, {}, {"a": 1}, ["extra $.a"]),
    (NONE, {"a": None}, {}, ["missing $.a"]),
    (NONE, {"a": 1, "b": 2}, {"a": 2, "c": 3}, ["value $.a", "missing $.b", "extra $.c"]),
    (NONE, {"a": {"x": 1}}, {"a": None}, ["type $.a"]),
    (NONE, b'{"a": 1, "a": 2}', b'{"a": 2}', []),
    (NONE, b'{"a": 1, "a": 2}', b'{"a": 1}', ["value $.a"]),
    # ---- names in paths
    (NONE, {"a b": 1}, {"a b": 2}, ['value $["a b"]']),
    (NONE, {"": 1}, {"": 2}, ['value $[""]']),
    (NONE, {'"': 1}, {'"': 2}, [r'value $["\""]']),
    (NONE, {"é": 1}, {"é": 2}, ['value $["é"]']),
    (NONE, {"1": 1}, {"1": 2}, ['value $["1"]']),
    (NONE, {"a\nb": 1}, {"a\nb": 2}, [r'value $["a\nb"]']),
    (NONE, {"\ud800": 1}, {"\ud800": 2}, [r'value $["\ud800"]']),
    (NONE, {"n" * 500: 1}, {"n" * 500: 2}, [f'value $["{"n" * 99}…"]']),
    # ---- lists
    (NONE, [1, 2, 3], [1, 2, 4], ["value $[2]"]),
    (NONE, [1, 2], [1, 2, 3], ["length $"]),
    (NONE, [1, 2, 3], [1], ["length $"]),
    (NONE, [1, 2, 3], [2, 3], ["length $", "value $[0]", "value $[1]"]),
    (NONE, [], [1], ["length $"]),
    (NONE, [1, 2, 3], [3, 1, 2], ["order $"]),
    (NONE, ["a", "b", "a"], ["b", "a", "a"], ["order $"]),
    (NONE, ["a", "b", "a"], ["b", "a", "b"], ["value $[0]", "value $[1]", "value $[2]"]),
    (NONE, [1, "a", None, True], [True, None, "a", 1], ["order $"]),
    (NONE, [1, 2], [2, True], ["value $[0]", "type $[1]"]),
    (NONE, [{"a": 1}, {"a": 2}], [{"a": 2}, {"a": 1}], ["order $"]),
    (NONE, [{"a": 1}, {"a": 2}], [{"a": 2}, {"a": 3}], ["value $[0].a", "value $[1].a"]),
    (NONE, [[1, 2], [3]], [[3], [1, 2]], ["order $"]),
    (NONE, [[1, 2], [3]], [[2, 1], [3]], ["order $[0]"]),
    (NONE, [[2, 1], [3]], [[3], [1, 2]], ["length $[0]", "value $[0][0]", "length $[1]", "value $[1][0]"]),
    (NONE, [nan, 1.0], [1.0, nan], ["order $"]),
    (NONE, [1, 2.5, 3], [1.0, 2.5, 3.0], []),
    (NONE, ["a", 1, None], ["a", 1, 0], ["type $[2]"]),
    # ---- texts
    (NONE, b'"\\u00e9"', '"é"'.encode(), []),
    (NONE, "é", "e\u0301", ["value $"]),
    (NONE, "日本", "日本語", ["value $"]),
    (NONE, b'"\\ud83d\\ude00"', '"😀"'.encode(), []),
    (NONE, b'"\\ud83d"', b'"\\ud83d"  ', []),
    (NONE, b'"\\ud83d"', b'"\\ud83e"', ["value $"]),
    (NONE, "a\u0000b", "a\u0000c", ["value $"]),
    # ---- numbers
    (NONE, 1, 1.0, []),
    (NONE, b"1e0", b"1.000", []),
    (NONE, b"-0", b"0.0", []),
    (NONE, 0.1, b"0.10000000000000000000001", []),
    (NONE, 0.1, 0.10000000000000002, ["value $"]),
    (NONE, 2**53, 2**53 + 1, ["value $"]),
    (NONE, 2**53 + 1, float(2**53), ["value $"]),
    (NONE, 2**64, 2**64 + 1, ["value $"]),
    (NONE, -(2**63), -(2**63) - 1, ["value $"]),
    (NONE, 2**64, float(2**64), []),
    (NONE, HUGE, HUGE, []),
    (NONE, HUGE, HUGE + 1, ["value $"]),
    (NONE, nan, nan, []),
    (NONE, nan, 1, ["value $"]),
    (NONE, nan, None, ["type $"]),
    (NONE, inf, inf, []),
    (NONE, inf, -inf, ["value $"]),
    (NONE, b"[1e400]", b"[Infinity]", []),
    ({"rel": 0.01}, 100, 101, []),
    ({"rel": 0.01}, 100, 102, ["value $"]),
    ({"rel": 0.5}, 1, 2, []),
    ({"rel": 0.5}, 1, 2.000001, ["value $"]),
    ({"rel": 0.5}, -1, -2, []),
    ({"rel": 0.5}, -1, 1, ["value $"]),
    ({"rel": 2}, -1, 1, []),
    ({"rel": 0.1}, 0, 1e-9, ["value $"]),
    ({"abs": 0.5}, 1, 1.5, []),
    ({"abs": 0.5}, 1, 1.5000001, ["value $"]),
    ({"abs": 0.1}, 0.3, 0.4, []),
    ({"abs": 0.1}, 0.3, 0.4000000000000001, ["value $"]),
    ({"abs": 0.1}, [0.3, 0.5], [0.4, 0.6000000000000001], ["value $[1]"]),
    ({"abs": 0.5}, 1, 1.5000000000000002, ["value $"]),
    ({"rel": 0.57}, 43, 100, []),
    ({"rel": 0.57}, 42, 100, ["value $"]),
    ({"rel": 0.1}, 9, 10, []),
    ({"rel": 0.1}, 1.7e308, 1.5e308, ["value $"]),
    ({"rel": 0.1}, 1.7e308, 1.6e308, []),
    ({"abs": 1}, [1.0, 2.0], [2.0, 3.0], []),
    ({"abs": 1, "rel": 0.5}, [1, 100], [2, 150], []),
    ({"abs": 1}, 2**60, 2**60 + 1, []),
    ({"abs": 1}, 2**60, 2**60 + 2, ["value $"]),
    ({"abs": 0.5}, 2**60 + 1, float(2**60), ["value $"]),
    ({"abs": 1}, 2**60 + 1, float(2**60), []),
    ({"rel": 0.001}, HUGE, HUGE + HUGE // 2000, []),
    ({"rel": 0.001}, HUGE, HUGE + HUGE // 500, ["value $"]),
    ({"abs": 1}, HUGE, 1.0, ["value $"]),
    ({"rel": 1e-9}, [2**70, 1], [2**70 + 1, 1], []),
    ({"abs": 1e308}, nan, 1, ["value $"]),
    ({"abs": 1e308}, inf, 1, ["value $"]),
    ({"abs": 1e308}, [nan, inf], [nan, inf], []),
    ({"abs": 1}, [1.5, nan], [2.5, 1.0], ["value $[1]"]),
    ({"abs": 1}, [nan, 1.5], [nan, 2.5], []),
    ({"abs": 1}, "1", "2", ["value $"]),
    ({"abs": 1}, True, False, ["value $"]),
    ({"abs": 1}, [1, "a", None], [2, "a", None], []),
    ({"abs": 1}, [1.0, 2.0], [2.0, 1.0], []),
    ({"abs": 1}, [1, 5], [5, 1], ["order $"]),
    # ---- ignore
    ({"ignore": ("$",)}, {"a": 1}, [2], []),
    ({"ignore": ("$.id",)}, {"id": 1, "a": 1}, {"id": 2, "a": 1}, []),
    ({"ignore": ("$.id",)}, {"id": 1}, {}, []),
    ({"ignore": ("$.id",)}, {}, {"id": 1}, []),
    ({"ignore": ("$.id",)}, {"a": {"id": 1}}, {"a": {"id": 2}}, ["value $.a.id"]),
    ({"ignore": ("$..id",)}, {"a": [{"id": 1}], "id": 1}, {"a": [{"id": 2}]}, []),
    ({"ignore": ("$..a.b",)}, {"x": {"a": {"b": 1}}, "b": 1}, {"x": {"a": {"b": 2}}, "b": 2}, ["value $.b"]),
    ({"ignore": ("$.a[*]",)}, {"a": [1]}, {"a": [2, 3]}, []),
    ({"ignore": ("$.*",)}, {"a": 1}, {"b": 2}, []),
    ({"ignore": ("$[1]",)}, [1, 2, 3], [1, 9, 3], []),
    ({"ignore": ("$[1]",)}, [1, 2, 3], [1, 9], ["length $"]),
    ({"ignore": ("$[1]",)}, [1, 2, 3], [1, 9, 4], ["value $[2]"]),
    ({"ignore": ("$[-1]",)}, [1, 2, 3], [1, 2, 4], []),
    ({"ignore": ("$[-1]",)}, [1, 2], [1, 9, 8], ["length $"]),
    ({"ignore": ("$[9]", "$[-9]")}, [1], [2], ["value $[0]"]),
    ({"ignore": ("$[1:]",)}, [1, 2, 3], [1], []),
    ({"ignore": ("$[::2]",)}, [1, 2, 3], [7, 2, 8], []),
    ({"ignore": ("$[::0]",)}, [1], [2], ["value $[0]"]),
    ({"ignore": ("$[0, 2]",)}, [1, 2, 3], [7, 2, 8], []),
    ({"ignore": ("$['a', 'b']",)}, {"a": 1, "b": 1, "c": 1}, {"a": 2, "c": 1}, []),
    ({"ignore": ("$..[0]",)}, {"a": [1, [2, 3]]}, {"a": [9, [8, 3]]}, []),
    ({"ignore": ("$[?@.k == 'debug']",)}, [{"k": "debug"}, 1], [1], []),
    ({"ignore": ("$[?@.k == 'debug']",)}, [1, {"k": "debug"}, 2], [1, 3], ["value $[2]"]),
    ({"ignore": ("$[?@ > 5]",)}, {"a": 6, "b": 1}, {"b": 1, "c": 7}, []),
    ({"ignore": ("$[?@ > 5]",)}, {"a": 6}, {"a": 1}, []),
    ({"ignore": ("$[?@.x].y",)}, [{"x": 1, "y": 1}, {"y": 1}], [{"x": 1, "y": 2}, {"y": 2}], ["value $[1].y"]),
    ({"ignore": ("$[?@.t == $.now]",)}, {"now": 1, "a": {"t": 1}}, {"now": 1}, []),
    ({"ignore": ("$[?count(@..*) > 2]",)}, {"a": [1, 2, 3], "b": [1]}, {"b": [2]}, ["value $.b[0]"]),
    ({"ignore": ("$[?match(@.n, 'a.*')]", "$[?search(@.n, 'z')]")}, [{"n": "abc"}, {"n": "1z"}, 3], [3], []),
    ({"ignore": ("$[?match(@.n, @.p)]",)}, [{"n": "a", "p": "("}], [{"n": "b", "p": "("}], ["value $[0].n"]),
    ({"ignore": ("$[?match(@.n, 'a')]",)}, [{"n": 1}], [{"n": 2}], ["value $[0].n"]),
    # ---- unordered
    ({"unordered": ("$",)}, [1, 2, 3], [3, 2, 1], []),
    ({"unordered": ("$",)}, [1, 1, 2], [1, 2, 2], ["missing $[1]", "extra $[2]"]),
    ({"unordered": ("$",)}, [1, 2], [1], ["missing $[1]"]),
    ({"unordered": ("$",)}, [1], [2, 1, 3], ["extra $[0]", "extra $[2]"]),
    ({"unordered": ("$",)}, [1, True], [True, 1], []),
    ({"unordered": ("$",)}, [1, 1], [True, 1], ["missing $[1]", "extra $[0]"]),
    ({"unordered": ("$",)}, [nan, 1, nan], [1, nan, nan], []),
    ({"unordered": ("$",)}, ["a", None, [1], {"b": 1}], [{"b": 1}, [1], None, "a"], []),
    ({"unordered": ("$",)}, [[1, 2]], [[2, 1]], ["missing $[0]", "extra $[0]"]),
    ({"unordered": ("$", "$[*]")}, [[1, 2], [3]], [[3], [2, 1]], []),
    ({"unordered": ("$", "$[*]"), "abs": 0.1}, [[1, 2], [3]], [[3.05], [2.05, 1]], []),
    ({"unordered": ("$.a",)}, {"a": 1}, {"a": 1.0}, []),
    ({"unordered": ("$.a",)}, {"a": [1]}, {"a": {}}, ["type $.a"]),
    ({"unordered": ("$",), "abs": 1}, [1, 2], [2, 3], []),
    ({"unordered": ("$",), "abs": 1}, [1, 2, 9], [3, 9, 2], []),
    ({"unordered": ("$",), "abs": 1}, [1, 2], [3, 4], ["missing $[0]", "extra $[1]"]),
    ({"unordered": ("$",), "abs": 0.5}, ["a", 1, nan], [1.5, nan, "a"], []),
    ({"unordered": ("$",), "abs": 0.5}, [0, 1, inf], [2, inf, 0], ["missing $[1]", "extra $[0]"]),
    ({"unordered": ("$",), "rel": 1.5}, [1, 3], [-10, 100], []),
    ({"unordered": ("$",), "abs": 0.1}, [{"a": 1}, {"b": "y", "x": 1}], [{"x": 1.1, "b": "y"}, {"a": 0.9}], []),
    ({"unordered": ("$",), "abs": 0.1}, [{"n": "a", "x": 1}], [{"n": "b", "x": 1}], ["missing $[0]", "extra $[0]"]),
    ({"unordered": ("$",), "abs": 0.1}, [[1, 1], [1, 2]], [[1, 2.1], [1, 0.9]], []),
    ({"unordered": ("$",), "ignore": ("$[*].x",)}, [{"x": 1, "a": 1}, {"x": 2}], [{"x": 3}, {"a": 1, "x": 9}], []),
    ({"unordered": ("$",), "ignore": ("$[0]",)}, [1, 2], [2, 3], ["missing $[0]", "extra $[1]"]),
    ({"unordered": ("$",), "ignore": ("$[?@ > 5]",)}, [1, 9, 2], [2, 8, 7, 1], []),
    ({"unordered": ("$",), "at": {"$[*].t": {"as": "text"}}}, [{"t": "A"}, {"t": "b"}], [{"t": "B"}, {"t": "a "}], []),
    ({"unordered": ("$",), "at": {"$[*]": {"as": "text"}}}, ["A", "b"], ["B", "c"], ["missing $[0]", "extra $[1]"]),
    # ---- ways of its own
    ({"abs": 1, "at": {"$.n": {"as": "exact"}}}, {"n": 1, "m": 1}, {"n": 2, "m": 2}, ["value $.n"]),
    ({"abs": 1, "at": {"$.n": {"as": "exact"}}}, {"n": {"d": [1, 1.0]}}, {"n": {"d": [1.0, 1.5]}}, ["value $.n.d[1]"]),
    ({"at": {"$": {"as": "argmax"}}}, [0.1, 0.7, 0.2], [0.3, 0.4, 0.3], []),
    ({"at": {"$": {"as": "argmax"}}}, [0.1, 0.7, 0.2], [0.5, 0.4, 0.1], ["value $"]),
    ({"at": {"$": {"as": "argmax"}}}, [0.5, 0.5], [0.6, 0.4], []),
    ({"at": {"$": {"as": "argmax"}}}, [0.5, 0.5], [0.4, 0.6], ["value $"]),
    ({"at": {"$": {"as": "argmax"}}}, [[1, 2], [4, 3]], [[5, 6], [9, 0]], []),
    ({"at": {"$": {"as": "argmax"}}}, [[1, 2], [4, 3]], [[5, 6], [0, 9]], ["value $"]),
    ({"at": {"$": {"as": "argmax"}}}, [1, nan, 3], [nan, 2, 3], ["value $"]),
    ({"at": {"$": {"as": "argmax"}}}, [1, nan], [2, nan], []),
    ({"at": {"$": {"as": "argmax"}}}, [], [], []),
    ({"at": {"$": {"as": "argmax"}}}, [1, 2], [1, 3, 2], ["length $", "value $[1]"]),
    ({"at": {"$": {"as": "argmax"}}}, [[1, 2]], [1, 2], ["length $", "type $[0]"]),
    ({"at": {"$": {"as": "argmax"}}}, ["a"], ["b"], ["value $[0]"]),
    ({"at": {"$": {"as": "argmax"}}}, 1, 2, ["value $"]),
    ({"at": {"$": {"as": "set"}}}, [1, 2, 2, 3], [3, 1, 2], []),
    ({"at": {"$": {"as": "set"}}}, ["a", "b"], ["b", "c"], ["missing $[0]", "extra $[1]"]),
    ({"at": {"$": {"as": "set"}}, "abs": 0.5}, [1, 2, 5], [1.5, 4.5], []),
    ({"at": {"$": {"as": "set"}}, "abs": 0.5}, [1, 9], [1.5, 4.5, "a"], ["missing $[1]", "extra $[1]", "extra $[2]"]),
    ({"at": {"$": {"as": "set"}}, "abs": 0.1}, [{"x": 1}, {"x": 2}], [{"x": 2.1}, {"x": 1}, {"x": 1.1}], []),
    ({"at": {"$": {"as": "set"}}}, {"a": 1}, {"a": 2}, ["value $.a"]),
    ({"at": {"$": {"as": "cosine", "min": 0.99}}}, [1, 2], [2, 4.1], []),
    ({"at": {"$": {"as": "cosine", "min": 0.99}}}, [1, 0], [0, 1], ["value $"]),
    ({"at": {"$": {"as": "cosine", "min": 0.5}}}, [1, 0], [1, 1], []),
    ({"at": {"$": {"as": "cosine", "min": 1}}}, [0.1, 0.2, 0.3], [0.2, 0.4, 0.6], []),
    ({"at": {"$": {"as": "cosine", "min": 0.99}}}, [0, 0], [0, 0.0], []),
    ({"at": {"$": {"as": "cosine", "min": 0.99}}}, [0, 0], [0, 1], ["value $"]),
    ({"at": {"$": {"as": "cosine", "min": 0.99}}}, [nan, 1], [2, 1], ["value $"]),
    ({"at": {"$": {"as": "cosine", "min": 0.99}}}, [1e300, 1e300], [1e-300, 1.01e-300], []),
    ({"at": {"$": {"as": "cosine", "min": 0.99}}}, [HUGE, HUGE], [1, 1], []),
    ({"at": {"$": {"as": "cosine", "min": 0.99}}}, [[1, 0], [0, 1]], [[1, 0], [1, 0]], ["value $"]),
    ({"at": {"$": {"as": "cosine", "min": 0.99}}}, "a", "b", ["value $"]),
    ({"at": {"$": {"as": "text"}}}, "Hello  World\n", "hello world", []),
    ({"at": {"$": {"as": "text"}}}, "Straße", "STRASSE", []),
    ({"at": {"$": {"as": "text"}}}, "a b", "ab", ["value $"]),
    ({"at": {"$": {"as": "text"}}}, ["A", {"b": " C"}, 1], ["a", {"b": "c"}, 2], ["value $[2]"]),
    ({"at": {"$.a": {"as": "text"}}}, {"a": "X", "b": "X"}, {"a": "x", "b": "x"}, ["value $.b"]),
    ({"at": {"$": {"as": "text"}, "$.a": {"as": "exact"}}}, {"a": "X", "b": "X"}, {"a": "x", "b": "x"}, ["value $.a"]),
    ({"at": {"$.*": {"as": "text"}, "$.a": {"as": "argmax"}}}, {"a": "X"}, {"a": "x"}, []),
    ({"at": {"$[-1]": {"as": "text"}}}, ["X", "Y"], ["X", "y"], []),
    ({"at": {"$[-1]": {"as": "text"}}}, ["X", "Y"], ["X", "y", "Z"], ["length $"]),
    ({"at": {"$[*]": {"as": "text"}}}, ["X", "Y"], ["y", "x"], ["value $[0]", "value $[1]"]),
    ({"ignore": ("$.a",), "at": {"$.a": {"as": "exact"}}}, {"a": 1}, {"a": 2}, []),
    ({"unordered": ("$",), "at": {"$": {"as": "exact"}}, "abs": 1}, [1, 2], [2, 1], []),
    ({"unordered": ("$",), "at": {"$": {"as": "exact"}}, "abs": 1}, [1, 2], [3, 1], ["missing $[1]", "extra $[0]"]),
    ({"unordered": ("$",), "at": {"$": {"as": "text"}}}, ["A", "b"], ["B", "a"], []),
    # ---- bodies that are no JSON
    (NONE, b"", b"", []),
    (NONE, b"", b"{}", ["extra body"]),
    (NONE, b"text", b"", ["missing body"]),
    (NONE, b"some text", b"some tent", ["value body"]),
    (NONE, b"\xff\xfe\x00", b"\xff\xfe\x01", ["value body"]),
    (NONE, b"{", b"{}", ["type body"]),
    (NONE, b"\xef\xbb\xbf{}", b"{}", []),
    ({"ignore": ("$",)}, b"text", b"other", []),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "live", "shadow", "expected"), PAIRS)
def test_a_pair_differs_as_expected(settings: dict[str, Any], live: Any, shadow: Any, expected: list[str]) -> None:
    """Each equals itself under the same rules, too."""
    assert found(live, shadow, **settings) == expected
    assert found(live, live, **settings) == found(shadow, shadow, **settings) == []


@pytest.mark.parametrize(("settings", "live", "shadow", "expected"), PAIRS)
def test_a_pair_differs_the_same_the_other_way_round(
    settings: dict[str, Any], live: Any, shadow: Any, expected: list[str]
) -> None:
    """As many differences of each kind; what is missing is extra then."""
    there = [word.split()[0] for word in swapped(expected)]
    assert sorted(word.split()[0] for word in found(shadow, live, **settings)) == sorted(there)


def test_there_are_enough_pairs() -> None:
    assert len(PAIRS) >= 200


# ---- before the body

JSON, TEXT = "application/json", "text/plain"


@pytest.mark.parametrize(
    ("live", "shadow", "expected"),
    [
        ((200, {}), (200, {}), []),
        ((200, {}), (201, {}), ["value status"]),
        ((404, {"content_type": JSON}), (200, {"content_type": TEXT}), ["value status"]),
        ((200, {"content_type": JSON}), (200, {"content_type": "Application/JSON; charset=utf-8"}), []),
        ((200, {"content_type": JSON}), (200, {"content_type": TEXT}), ["value content-type"]),
        ((200, {"content_type": JSON}), (200, {}), ["missing content-type"]),
        ((200, {}), (200, {"content_type": JSON}), ["extra content-type"]),
        ((200, {"content_type": "a/b;charset=UTF-8"}), (200, {"content_type": 'a/b; x=1; charset="utf-8"'}), []),
        (
            (200, {"content_type": "a/b;charset=utf-8"}),
            (200, {"content_type": "a/b;charset=latin-1"}),
            ["value content-type"],
        ),
    ],
)
def test_status_and_content_type_come_first(live: Any, shadow: Any, expected: list[str]) -> None:
    (one, headers), (other, others) = live, shadow
    assert said(judge(made({}), reply({"a": 1}, one, **headers), reply({"a": 1}, other, **others))) == expected


def test_a_differing_content_type_does_not_end_the_comparison() -> None:
    judgement = judge(made({}), reply({"a": 1}, content_type=JSON), reply({"a": 2}, content_type=TEXT))
    assert said(judgement) == ["value content-type", "value $.a"]


def test_the_first_of_repeated_fields_counts() -> None:
    live = Observation(200, ((b"Content-Type", b"a/b"), (b"content-type", b"c/d")), b"", 0)
    assert said(judge(made({}), live, reply(b"", content_type="a/b"))) == []


DEFLATED = zlib.compress(b'{"a": 1}')


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (gzip.compress(b'{"a": 1}', mtime=0), "gzip"),
        (gzip.compress(b'{"a": 1}', mtime=0), "X-GZip "),
        (DEFLATED, "deflate"),
        (DEFLATED[2:-4], "deflate"),
        (b'{"a": 1}', "identity"),
    ],
)
def test_a_content_coding_makes_no_difference(body: bytes, coding: str) -> None:
    assert said(judge(made({}), reply(body, content_encoding=coding), reply({"a": 1}))) == []
    assert said(judge(made({}), reply({"a": 2}), reply(body, content_encoding=coding))) == ["value $.a"]


@pytest.mark.parametrize(
    ("body", "coding", "why"),
    [
        (b"{}", "br", "coding"),
        (b"{}", "gzip, gzip", "coding"),
        (b"{}", "gzip", "coding"),
        (gzip.compress(bytes(17 << 20), mtime=0), "gzip", "coding"),
        (bytes(17 << 20), "", "large_text"),
    ],
)
def test_what_cannot_be_decoded_is_ignored_even_where_it_is_equal(body: bytes, coding: str, why: str) -> None:
    """Otherwise only pairs that agree would be counted."""
    fields = {"content_encoding": coding} if coding else {}
    assert said(judge(made({}), reply(body, **fields), reply(body, **fields))) == [f"ignored {why}"]
    assert said(judge(made({}), reply({}), reply(body, **fields))) == [f"ignored {why}"]
    assert why in REASONS


# ---- what is told of a difference


def told(live: Any, shadow: Any, **settings: Any) -> list[Difference]:
    return list(judge(made(settings), reply(live), reply(shadow)).differences)


@pytest.mark.parametrize(
    ("settings", "live", "shadow", "expected"),
    [
        (NONE, {"a": "é"}, {"a": [1, None]}, Difference("$.a", "type", '"é"', "[1,null]")),
        (NONE, {"a": 1.5}, {}, Difference("$.a", "missing", "1.5", "")),
        (NONE, {}, {"a": None}, Difference("$.a", "extra", "", "null")),
        (NONE, [1], [1, 2], Difference("$", "length", "1", "2")),
        (NONE, [1, 2], [2, 1], Difference("$", "order", "[1,2]", "[2,1]")),
        (NONE, HUGE, 1, Difference("$", "value", str(HUGE)[:199] + "…", "1")),
        (NONE, nan, inf, Difference("$", "value", "NaN", "Infinity")),
        (NONE, b"text", b"", Difference("body", "missing", '"text"', "")),
        ({"at": {"$": {"as": "argmax"}}}, [1, 2], [2, 1], Difference("$", "value", "1", "0")),
        ({"at": {"$": {"as": "argmax"}}}, [[1, 2], [5]], [[2, 1], [5]], Difference("$", "value", "[1,0]", "[0,0]")),
        ({"at": {"$": {"as": "cosine", "min": 1.0}}}, [1, 0], [0, 1], Difference("$", "value", "[1,0]", "[0,1]")),
    ],
)  # fmt: skip
def test_both_values_are_shown(settings: dict[str, Any], live: Any, shadow: Any, expected: Difference) -> None:
    assert told(live, shadow, **settings) == [expected]


def test_status_is_shown() -> None:
    judgement = judge(made({}), reply({}), reply({}, 404))
    assert judgement.differences == (Difference("status", "value", "200", "404"),)
    assert judgement.folded == {("status", "value")}


def test_long_texts_are_shown_from_where_they_begin_to_differ() -> None:
    live, shadow = "x" * 5000 + "left" + "y" * 5000, "x" * 5000 + "right" + "y" * 5000
    [difference] = told(live, shadow)
    assert difference.live.startswith("…" + "x" * 20 + "left")
    assert difference.shadow.startswith("…" + "x" * 20 + "right")
    assert len(difference.live) == len(difference.shadow) == 200


def test_texts_that_are_no_json_are_shown_from_where_they_begin_to_differ() -> None:
    [difference] = told(b"\xff" + b"x" * 5000 + b"left", b"\xff" + b"x" * 5000 + b"right")
    assert difference.live == '"' + "x" * 40 + 'left"'
    assert difference.shadow == '"' + "x" * 40 + 'right"'


def test_half_surrogates_are_written_as_escapes() -> None:
    """So that what was found can be encoded."""
    [difference] = told(b'{"a\\ud800": "\\udfff"}', b'{"a\\ud800": 1}')
    assert difference == Difference('$["a\\ud800"]', "type", '"\\udfff"', "1")
    json.dumps(difference).encode()


def test_the_first_hundred_differences_are_kept_and_all_places() -> None:
    live = {"a": list(range(5000)), **{f"n{index}": index for index in range(50)}}
    shadow = {"a": list(range(1, 5001)), **{f"n{index}": -1 for index in range(50)}}
    judgement = judge(made({}), reply(live), reply(shadow))
    assert [each.path for each in judgement.differences] == [f"$.a[{index}]" for index in range(100)]
    assert judgement.folded == {("$.a[*]", "value"), *((f"$.n{index}", "value") for index in range(50))}


def test_at_most_two_hundred_places_are_kept() -> None:
    judgement = judge(made({}), reply({f"n{index}": 1 for index in range(1000)}), reply({}))
    assert (len(judgement.differences), len(judgement.folded)) == (100, 200)


def test_kinds_are_kept_apart_beyond_the_hundredth_difference() -> None:
    judgement = judge(made({}), reply(["a"] * 500 + [1]), reply(["b"] * 500 + [None]))
    assert judgement.folded == {("$[*]", "value"), ("$[*]", "type")}


def test_indexes_are_folded_wherever_they_stand() -> None:
    judgement = judge(made({}), reply({"a": [[{"b": 1}], [{"b": 2}]]}), reply({"a": [[{"b": 3}], [{"b": 4}]]}))
    assert [each.path for each in judgement.differences] == ["$.a[0][0].b", "$.a[1][0].b"]
    assert judgement.folded == {("$.a[*][*].b", "value")}


def test_judgements_of_pairs_that_match_or_are_ignored_say_nothing_more() -> None:
    assert judge(made({}), reply({}), reply({})) == ("matched", "", (), frozenset())
    assert judge(made({}), reply({}), reply({}, content_encoding="br")) == ("ignored", "coding", (), frozenset())


def test_rules_of_a_configuration_are_taken_as_they_are() -> None:
    """Paths have been checked when it was loaded; the defaults ignore nothing."""
    assert said(judge(rules(Compare(), "http"), reply({"id": 1}), reply({"id": 2}))) == ["value $.id"]
