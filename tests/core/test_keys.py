"""Targeting keys: which source gives one, and when one is issued."""

import pytest

from gateway.core.facts import Facts
from gateway.core.keys import Cookie, compile_issuer, compile_keys
from gateway.core.model import KeySource, Source, SourceKind
from tests.core.build import request


def _sources(*kinds: tuple[SourceKind, str]) -> tuple[KeySource, ...]:
    return tuple(KeySource(Source(kind, name)) for kind, name in kinds)


FULL = request(
    "/v1",
    method="PUT",
    query=b"q=%C3%A9&empty=",
    headers={"x-user": "u 1", "x-raw": b"\xff\x00", "x-empty": "", "cookie": 'uid="c1"; none='},
    body=b'{"s": "\xc3\xa9", "i": 7, "n": -7, "zero": 0, "big": 340282366920938463463374607431768211457, "empty": "",'
    b' "f": 1.0, "t": true, "null": null, "o": {"id": 1}, "a": ["x"], "cut": "\\ud83d"}',
)


@pytest.mark.parametrize(
    ("kind", "name", "key"),
    [
        ("header", "x-user", b"u 1"),
        ("header", "X-User", b"u 1"),
        ("header", "x-raw", b"\xff\x00"),
        ("header", "x-empty", None),
        ("header", "x-other", None),
        ("query", "q", "é".encode()),
        ("query", "empty", None),
        ("query", "other", None),
        ("cookie", "uid", b"c1"),
        ("cookie", "none", None),
        ("cookie", "other", None),
        ("client", "ip", b"192.0.2.1"),
        ("method", "", b"PUT"),
        ("path", "", b"/v1"),
        ("json", "$.s", "é".encode()),
        ("json", "$.i", b"7"),
        ("json", "$.n", b"-7"),
        ("json", "$.zero", b"0"),
        ("json", "$.big", b"340282366920938463463374607431768211457"),
        ("json", "$.o.id", b"1"),
        ("json", "$.a[0]", b"x"),
        ("json", "$.cut", b"\xed\xa0\xbd"),
        ("json", "$.empty", None),
        ("json", "$.f", None),
        ("json", "$.t", None),
        ("json", "$.null", None),
        ("json", "$.o", None),
        ("json", "$.a", None),
        ("json", "$.other", None),
    ],
)
def test_what_a_source_gives(kind: SourceKind, name: str, key: bytes | None) -> None:
    """Non-empty text as raw bytes, integers in decimal; anything else is absent."""
    assert compile_keys(_sources((kind, name)))(FULL) == key


@pytest.mark.parametrize(
    ("facts", "key"),
    [
        (request(headers={"x-user": "h", "cookie": "uid=c"}), b"h"),
        (request(headers={"x-user": "", "cookie": "uid=c"}), b"c"),
        (request(headers={"cookie": "uid=c"}, client=""), b"c"),
        (request(), b"192.0.2.1"),
        (request(client=""), None),
    ],
)
def test_the_first_present_source_gives_the_key(facts: Facts, key: bytes | None) -> None:
    """In the order of the list; an empty value is not present."""
    assert compile_keys(_sources(("header", "x-user"), ("cookie", "uid"), ("client", "ip")))(facts) == key


def test_no_sources_give_no_key() -> None:
    """A route need not have a targeting key."""
    assert compile_keys(())(FULL) is None
    assert compile_issuer(()) is None
    assert compile_issuer(_sources(("cookie", "uid"))) is None


def test_an_issued_key_is_106_random_bits() -> None:
    """Of two random numbers; the cookie is the first one that issues, its lifetime in whole seconds."""
    sources = (*_sources(("cookie", "other")), KeySource(Source("cookie", "uid"), issue=2592000.0))
    issue = compile_issuer((*sources, KeySource(Source("cookie", "late"), issue=1.0)))
    assert issue is not None
    assert issue(iter([0.0, 1 - 2.0**-53]).__next__) == Cookie(b"uid", b"000000000000001fffffffffffff", 2592000)
    assert issue(iter([0.5, 0.25]).__next__).value == b"%014x%014x" % (2**52, 2**51)
