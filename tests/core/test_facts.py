"""What is read out of a request, and that no bytes make it fail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.facts import Facts
from gateway.core.jsonfield import MISSING, Path
from tests.core.build import request


@pytest.mark.parametrize(
    ("query", "name", "value"),
    [
        (b"", b"a", None),
        (b"a=1", b"a", b"1"),
        (b"a=1&b=2", b"b", b"2"),
        (b"a=1&a=2", b"a", b"1"),
        (b"a", b"a", b""),
        (b"a=", b"a", b""),
        (b"=x", b"", b"x"),
        (b"a=b=c", b"a", b"b=c"),
        (b"a=x+y%20z", b"a", b"x y z"),
        (b"%61=1", b"a", b"1"),
        (b"a=%C3%A9", b"a", "é".encode()),
        (b"a=%ff%00", b"a", b"\xff\x00"),
        (b"a=100%&b=%zz", b"a", b"100%"),
        (b"a=100%&b=%zz", b"b", b"%zz"),
        (b"a=%2B%25", b"a", b"+%"),
        (b"a=1;b=2", b"a", b"1;b=2"),
        (b"A=1", b"a", None),
    ],
)
def test_query_parameters(query: bytes, name: bytes, value: bytes | None) -> None:
    """Percent-decoded, + is a blank, the first if repeated; names keep their case."""
    assert request(query=query).parameter(name) == value


@pytest.mark.parametrize(
    ("header", "name", "value"),
    [
        (b"uid=1", b"uid", b"1"),
        (b"a=1; uid=2;b=3", b"uid", b"2"),
        (b"uid=1; uid=2", b"uid", b"1"),
        (b"  uid =  1  ", b"uid", b"1"),
        (b'uid="a b"', b"uid", b"a b"),
        (b'uid="', b"uid", b'"'),
        (b'uid="a', b"uid", b'"a'),
        (b"uid=a=b", b"uid", b"a=b"),
        (b"uid=%20", b"uid", b"%20"),
        (b"uid=", b"uid", b""),
        (b"uid", b"uid", None),
        (b"", b"uid", None),
        (b";;=;", b"", b""),
    ],
)
def test_cookies(header: bytes, name: bytes, value: bytes | None) -> None:
    """Quotes around a value are not part of it, nothing is percent-decoded, the first if repeated."""
    assert request(headers={"cookie": header}).cookie(name) == value


def test_no_cookie_header_is_no_cookie() -> None:
    """Absent, not an error."""
    assert request().cookie(b"uid") is None


@pytest.mark.parametrize(
    ("body", "path", "value"),
    [
        (b'{"user": {"id": 7}}', ("user", "id"), 7),
        (b'{"a": 1, "a": 2}', ("a",), 2),
        (b'{"a": 18446744073709551615}', ("a",), 2**64 - 1),
        (b'{"a": 340282366920938463463374607431768211457}', ("a",), 2**128 + 1),
        (b'{"a": -9223372036854775809}', ("a",), -(2**63) - 1),
        (b'{"a": 1e300}', ("a",), 1e300),
        (b'{"a": 1.5}', ("a",), 1.5),
        (b'{"a": null}', ("a",), None),
        (b'{"a": "cut \\ud83d", "b": 1}', ("b",), 1),
        (b'{"a": "cut \\ud83d"}', ("a",), "cut \ud83d"),
        (b"7", (), 7),
        (b'{"a": 1%s}' % (b"0" * 1000), ("a",), 10**1000),
        (b'{"a": 1, "b": 1%s}' % (b"0" * 5000), ("a",), MISSING),
        (b'{"a": NaN}', ("a",), MISSING),
        (b'{"a": NaN, "b": "\\u0041"}', ("b",), MISSING),
        (b'{"a": 1', ("a",), MISSING),
        (b"not json \\u", (), MISSING),
        (b'"\xff\\u"', (), MISSING),
        (b"", (), MISSING),
        (b"[" * 100_000, (), MISSING),
        (b"[" * 100_000 + b"\\u", (), MISSING),
    ],
)
def test_json_fields(body: bytes, path: Path, value: object) -> None:
    """Integers are exact, the last of a repeated name counts, and what is not JSON has no fields."""
    found = request(body=body).field(path)
    assert (found, type(found)) == (value, type(value))


def test_no_body_has_no_fields() -> None:
    """Neither has one that was never given."""
    assert request().field(()) is MISSING


def test_a_body_may_be_given_after_the_rest() -> None:
    """The proxy knows the route before it has the body."""
    facts = request()
    facts.body = b'{"a": 1, "b": 36893488147419103233, "c": 36893488147419103235}'
    assert [facts.field((name,)) for name in "abc"] == [1, 2**65 + 1, 2**65 + 3]


@given(st.binary(), st.binary(), st.binary(), st.binary())
def test_no_bytes_make_reading_fail(path: bytes, query: bytes, cookie: bytes, body: bytes) -> None:
    """What cannot be read is absent."""
    facts = Facts(b"GET", path, query, b"", {b"cookie": cookie}, client="", body=body)
    assert facts.parameter(b"a") is None or type(facts.parameter(b"a")) is bytes
    assert facts.cookie(b"a") is None or type(facts.cookie(b"a")) is bytes
    facts.field(("a", 0))
