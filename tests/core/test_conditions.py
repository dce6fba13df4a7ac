"""Conditions and operators: every operator on text and on JSON, absent values, combinations, shares."""

import itertools
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.conditions import comparisons, compile_condition
from gateway.core.facts import Facts
from gateway.core.model import All, AnyOf, Condition, Not, Operand, Operator, Share, SourceKind
from gateway.core.operators import json_test, read_number, text_test
from tests.core.build import compare, request

TEXT: list[tuple[Operator, Operand, list[str], list[str]]] = [
    ("eq", "gold", ["gold"], ["Gold", "golden", "", " gold"]),
    ("eq", "", [""], ["x"]),
    ("eq", "é", ["é"], ["e"]),
    ("in", ("gold", "platinum"), ["gold", "platinum"], ["silver", "", "gold, platinum"]),
    ("not_in", ("gold", "platinum"), ["silver", ""], ["gold", "platinum"]),
    ("matches", "^eu-", ["eu-west"], ["x eu-west", "EU-west", ""]),
    ("matches", "eu", ["eu", "neu!"], ["e u"]),
    ("matches", "(?i)^EU$", ["eu", "Eu"], ["eux"]),
    ("matches", "é+$", ["caféé"], ["cafe"]),
    ("matches", "", ["", "x"], []),
    ("matches", r"^\d{2,3}$", ["12", "123"], ["1", "1234", "x"]),
    ("gt", 5, ["6", "5.1", "+6", "1e1", "6.", "1e999", "0" * 1100 + "6"], ["5", "5.0", "4", "-6"]),
    ("gt", 5, [], ["x", "", "0x6", "6 ", "1_0"]),
    ("gte", 5, ["5", "5.0", "6", "5e0"], ["4.999", "nan", "inf", "--5", "٦"]),
    ("lt", 5, ["4", ".5", "-1e3", "-0"], ["5", "6", "", "-inf", "1,2"]),
    ("lte", 5.5, ["5.5", "5", "-5"], ["5.51", "six"]),
    ("gt", 9007199254740992, ["9007199254740993"], ["9007199254740992"]),
    ("semver", ">=2.1", ["2.1.0", "v3", "2.10"], ["2.0.9", "x", ""]),
    ("cidr", ("10.0.0.0/8", "fd00::/8"), ["10.1.2.3", "fd00::1", "::ffff:10.0.0.1"], ["11.0.0.1", "x", ""]),
    ("cidr", "10.0.0.0/8", ["10.1.2.3"], ["11.0.0.1"]),
]
JSON: list[tuple[Operator, Operand, list[str], list[str]]] = [
    ("eq", "a", ['"a"', r'"\u0061"'], ['"A"', "1", "null", '["a"]', '{"a": 1}', "true"]),
    ("eq", 1, ["1", "1.0", "10e-1"], ["true", '"1"', "2", "null", "[1]"]),
    ("eq", 1.0, ["1", "1.0"], ["true", "1.5"]),
    ("eq", True, ["true"], ["1", "1.0", "false", '"true"', "null"]),
    ("eq", False, ["false"], ["0", "null", '""', "true"]),
    ("eq", 0, ["0", "-0", "0.0"], ["false", "null", "[]"]),
    ("eq", None, ["null"], ["0", "false", '""', "{}", "[]", '"null"']),
    ("eq", 2**64 + 1, ["18446744073709551617"], ["18446744073709551616", "18446744073709551618"]),
    ("in", ("a", 1, None), ['"a"', "1", "1.0", "null"], ["true", '"1"', "[]", "{}", "false"]),
    ("not_in", ("a", 1), ['"b"', "true", "2", "null", "[]", "{}"], ['"a"', "1", "1.0"]),
    ("matches", "^eu-", ['"eu-1"'], ['"us"', "1", "null", "true", '["eu-1"]']),
    ("matches", "x", ['"\\ud83dx"'], ['"\\ud83d"']),
    ("gt", 5, ["6", "5.5", "1e300", "18446744073709551617"], ["5", '"6"', "true", "null", "[6]", "-1"]),
    ("gte", 5, ["5", "5.0"], ["4", '"5"']),
    ("lt", 1, ["0", "-1.5"], ["1", "false", '"0"', "null"]),
    ("lte", 1, ["1", "0.5"], ["1.5", "true", "{}"]),
    ("semver", ">=2.1", ['"2.1.0"', '"3"'], ["3", "2.5", '"2"', "null", '"x"']),
    ("cidr", ("10.0.0.0/8",), ['"10.0.0.1"'], ['"11.0.0.1"', "10", "null"]),
]


def _holds(condition: Condition, facts: Facts, key: bytes | None = None) -> bool:
    return compile_condition(condition, "segment")(facts, key)


@pytest.mark.parametrize(("operator", "operand", "true", "false"), TEXT, ids=repr)
def test_operators_on_text(operator: Operator, operand: Operand, true: list[str], false: list[str]) -> None:
    """As a header, and as a cookie or parameter where the characters allow it: all compare the same text."""
    header = compare("header", "X-Value", operator, operand)
    assert [value for value in true if not _holds(header, request(headers={"x-value": value}))] == []
    assert [value for value in false if _holds(header, request(headers={"x-value": value}))] == []
    query = compare("query", "value", operator, operand)
    for value in true + false:
        encoded = b"value=" + "".join(f"%{byte:02x}" for byte in value.encode()).encode()
        assert _holds(query, request(query=encoded)) is (value in true)
    cookie = compare("cookie", "value", operator, operand)
    for value in (value for value in true + false if not re.search(r"[;\s]", value)):
        assert _holds(cookie, request(headers={"cookie": f"value={value}"})) is (value in true)


@pytest.mark.parametrize(("operator", "operand", "true", "false"), JSON, ids=repr)
def test_operators_on_json(operator: Operator, operand: Operand, true: list[str], false: list[str]) -> None:
    """Scalars keep their type, numbers are equal by value, arrays and objects equal nothing."""
    condition = compare("json", "$.at[0]", operator, operand)
    assert [value for value in true if not _holds(condition, _json(value))] == []
    assert [value for value in false if _holds(condition, _json(value))] == []


def _json(value: str) -> Facts:
    return request(body=f'{{"at": [{value}]}}'.encode())


@pytest.mark.parametrize(
    ("operator", "operand"),
    [
        *[(operator, "x") for operator in ("eq", "matches")],
        *[(operator, ("x",)) for operator in ("in", "not_in")],
        *[(operator, 1) for operator in ("gt", "gte", "lt", "lte")],
        ("semver", ">=0"),
        ("cidr", ("0.0.0.0/0", "::/0")),
        ("exists", True),
    ],
)
@pytest.mark.parametrize(("kind", "name"), [("header", "x"), ("query", "x"), ("cookie", "x"), ("json", "$.x")])
def test_a_condition_on_something_absent_is_false(
    kind: SourceKind, name: str, operator: Operator, operand: Operand
) -> None:
    """`not_in` too; and `not` over it is true."""
    absent = compare(kind, name, operator, operand)
    for facts in (request(), request(body=b"{}"), request(body=b"no json"), request(headers={"cookie": "y=x"})):
        assert not _holds(absent, facts)
        assert _holds(Not(absent), facts)


@pytest.mark.parametrize(
    ("kind", "name", "present", "absent"),
    [
        ("header", "x-a", request(headers={"x-a": ""}), request()),
        ("query", "a", request(query=b"a"), request(query=b"b=a")),
        ("cookie", "a", request(headers={"cookie": "a="}), request(headers={"cookie": "a"})),
        ("json", "$.a", request(body=b'{"a": null}'), request(body=b'{"b": 1}')),
    ],
)
def test_exists(kind: SourceKind, name: str, present: Facts, absent: Facts) -> None:
    """An empty text and null are there; `exists: false` holds where nothing is."""
    for wanted in (True, False):
        assert _holds(compare(kind, name, "exists", wanted), present) is wanted
        assert _holds(compare(kind, name, "exists", wanted), absent) is not wanted


def test_method_path_and_client_are_compared_as_they_are() -> None:
    """The method keeps its case, the path its encoding."""
    facts = request("/v1/%66", method="PUT", client="10.0.0.1")
    assert _holds(compare("method", "", "in", ("PUT", "POST")), facts)
    assert not _holds(compare("method", "", "eq", "put"), facts)
    assert _holds(compare("path", "", "matches", "^/v1/"), facts)
    assert not _holds(compare("path", "", "eq", "/v1/f"), facts)
    assert _holds(compare("client", "ip", "cidr", ("10.0.0.0/8",)), facts)
    assert _holds(compare("client", "ip", "eq", "10.0.0.1"), facts)


def test_bytes_that_are_no_text_match_nothing_they_should_not() -> None:
    """A value in another encoding is compared, not refused."""
    facts = request(headers={"x": b"\xff\xfe"})
    for operator, operand, holds in (
        ("eq", "ÿþ", False),
        ("not_in", ("a",), True),
        ("matches", ".", False),
        ("semver", ">=0", False),
        ("cidr", ("::/0",), False),
        ("gt", 0, False),
    ):
        assert _holds(compare("header", "x", operator, operand), facts) is holds  # type: ignore[arg-type]


@pytest.mark.parametrize(("one", "two"), list(itertools.product((True, False), repeat=2)))
def test_combinations(one: bool, two: bool) -> None:
    """all, any and not, nested; without parts `all` holds and `any` does not."""
    facts = request(headers={"a": str(one), "b": str(two)})
    parts = (compare("header", "a", "eq", "True"), compare("header", "b", "eq", "True"))
    assert _holds(All(parts), facts) is (one and two)
    assert _holds(AnyOf(parts), facts) is (one or two)
    assert _holds(Not(parts[0]), facts) is (not one)
    assert _holds(AnyOf((All(parts), Not(AnyOf(parts)))), facts) is (one == two)
    assert _holds(All(()), facts)
    assert not _holds(AnyOf(()), facts)


def test_a_share_is_of_targeting_keys() -> None:
    """Its part of them, always the same ones, more of the same when raised, others for another segment."""
    keys = [b"user-%d" % number for number in range(20_000)]
    tenth = compile_condition(Share(0.1), "beta")
    inside = {key for key in keys if tenth(request(), key)}
    assert abs(len(inside) / len(keys) - 0.1) < 0.01
    fifth = compile_condition(Share(0.2), "beta")
    assert inside < {key for key in keys if fifth(request(), key)}
    other = compile_condition(Share(0.1), "other")
    assert abs(sum(other(request(), key) for key in inside) / len(inside) - 0.1) < 0.05


@given(st.binary())
def test_a_share_of_all_is_all_and_of_none_is_none(key: bytes) -> None:
    """Without a targeting key both are false."""
    assert _holds(Share(1.0), request(), key)
    assert not _holds(Share(0.0), request(), key)
    assert not _holds(Share(1.0), request(), None)


def test_every_comparison_is_listed() -> None:
    """Through all combinations; a share is none."""
    one, two, three = (compare("header", name, "eq", "x") for name in "abc")
    assert list(comparisons(All((one, AnyOf((Not(two), Share(0.5))), three)))) == [one, two, three]


@pytest.mark.parametrize(
    ("operator", "operand", "why"),
    [
        ("eq", 1, "eq needs text here, not 1; quote it"),
        ("eq", None, "eq needs text here, not None; quote it"),
        ("in", ("a", True), "in needs text here, not True; quote it"),
        ("matches", 3.1, "matches needs text here"),
        ("matches", "(", "is no regular expression in RE2 syntax: missing \\)"),
        ("matches", "(?=a)", "is no regular expression in RE2 syntax: invalid perl operator"),
        ("gt", "5", "gt needs a number, not '5'"),
        ("lte", True, "lte needs a number, not True"),
        ("semver", "x", "is no version range"),
        ("semver", 2, "semver needs text here"),
        ("cidr", ("10.0.0.0/33",), "does not appear to be an IPv4 or IPv6 network"),
    ],
)
def test_operands_that_do_not_fit(operator: Operator, operand: Operand, why: str) -> None:
    """Found when compiled, said in words."""
    with pytest.raises(ValueError, match=why):
        text_test(operator, operand)
    if operator not in ("eq", "in"):
        with pytest.raises(ValueError, match=why):
            json_test(operator, operand)


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_as_written(number: float) -> None:
    """Exactly, however many digits an integer has."""
    assert read_number(str(number).encode()) == number


ANY_JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=3), children, max_size=3),
)


@given(ANY_JSON, st.sampled_from([(operator, operand) for operator, operand, _, _ in JSON]))
def test_json_tests_answer_for_any_value(value: object, test: tuple[Operator, Operand]) -> None:
    """Yes or no, never an error; not_in is the opposite of in."""
    holds = json_test(*test)(value)
    assert holds is True or holds is False
    if test[0] == "in":
        assert json_test("not_in", test[1])(value) is not holds
