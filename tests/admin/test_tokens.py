"""Tokens: found by digest, kept by nobody."""

import hashlib
import pickle

import pytest

from gateway.admin.tokens import Bearer, bearers, digest, find
from gateway.config.secret import Secret
from gateway.config.settings import Token

KNOWN = bearers(
    [
        Token("ci", "admin", Secret("first-token")),
        Token("dash", "viewer", Secret("second-token")),
        Token("old", "operator", Secret("third")),
    ]
)


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("first-token", "ci"),
        ("second-token", "dash"),
        ("third", "old"),
        ("", None),
        ("first-toke", None),
        ("first-token ", None),
        ("FIRST-TOKEN", None),
        ("\udcff", None),
        ("é", None),
        ("x" * 100_000, None),
    ],
)
def test_a_token_is_somebodys_or_nobodys(token: str, name: str | None) -> None:
    found = find(KNOWN, token)
    assert (found.name if found else None) == name


def test_among_nobody_there_is_nobody() -> None:
    assert find((), "first-token") is None


def test_a_digest_is_no_token() -> None:
    """Who reads memory or the run directory cannot come in with what stands there."""
    for each in KNOWN:
        assert find(KNOWN, each.digest.hex()) is None
        assert find(KNOWN, each.digest.decode("latin-1")) is None


def test_nothing_of_a_bearer_shows_the_token() -> None:
    bearer = KNOWN[0]
    assert bearer.digest == hashlib.sha256(b"first-token").digest()
    assert (bearer.name, bearer.role) == ("ci", "admin")
    for shown in (repr(bearer), str(bearer), pickle.dumps(bearer).decode("latin-1")):
        assert "first-token" not in shown
    assert bearer.digest.hex() not in repr(bearer)


def test_of_two_with_one_token_one_is_found() -> None:
    twins = (Bearer("a", "viewer", digest("t")), Bearer("b", "admin", digest("t")))
    assert find(twins, "t") in twins
