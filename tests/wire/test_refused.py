"""Requests that must be refused: none reaches the origin, each gets one clear error, and the connection ends there.

Every case goes whole with a good request glued to its end, whole after a good one, byte by byte, and in random pieces.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.client import Client, request
from tests.support.gateway import Gateway
from tests.support.origin import Origin, marker
from tests.wire import mutations, refused
from tests.wire.errors import assert_error, assert_refused
from tests.wire.refused import Refused

CASES = refused.CASES + mutations.CASES
SMALL = [case for case in CASES if len(case.data) < 1000]
ONE_SEGMENT = 60_000
"""What is larger cannot be sent in one piece; its good head may be on its way before its fault is seen."""
AFTER = request("GET", "/after")
BEFORE = request("GET", "/before")


def ids(cases: list[Refused]) -> list[str]:
    return [case.name.encode("ascii", "backslashreplace").decode() for case in cases]


def assert_alone(gateway: Gateway, origin: Origin, *, seen: list[str], cut: bool = False) -> None:
    """The gateway serves on, and the origin saw whole requests for these targets only; with `cut`, parts of others."""
    with gateway.connect() as client:
        assert client.get("/good").body == marker("/good")
    requests = origin.complete if cut else origin.requests
    assert [request.target for request in requests] == [*seen, "/good"]


def assert_turned_away(client: Client, case: Refused) -> None:
    reply = client.reply()
    assert_refused(reply, *case.codes)
    assert reply.interim == []
    client.expect_end()


def test_there_are_as_many_mutations_as_promised() -> None:
    """At least 200 different ones, on top of the cases written by hand."""
    assert len({case.data for case in mutations.CASES} - {case.data for case in refused.CASES}) >= 200
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_sent_whole(case: Refused, client: Client, gateway: Gateway, origin: Origin) -> None:
    """Nothing of it reaches the origin, nor of the good request behind it."""
    client.send_pieces([case.data + AFTER])
    assert_turned_away(client, case)
    assert_alone(gateway, origin, seen=[], cut=len(case.data) > ONE_SEGMENT)


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_sent_whole_after_a_good_one(case: Refused, client: Client, gateway: Gateway, origin: Origin) -> None:
    """The good one before it is answered first."""
    client.send_pieces([BEFORE + case.data + AFTER])
    assert client.reply().body == marker("/before")
    assert_turned_away(client, case)
    assert_alone(gateway, origin, seen=["/before"], cut=len(case.data) > ONE_SEGMENT)


@pytest.mark.parametrize("case", SMALL, ids=ids(SMALL))
def test_sent_byte_by_byte(case: Refused, client: Client, gateway: Gateway, origin: Origin) -> None:
    """The outcome is the same wherever the bytes are cut."""
    data = case.data + AFTER
    client.send_pieces(data[at : at + 1] for at in range(len(data)))
    assert_turned_away(client, case)
    assert_alone(gateway, origin, seen=[], cut=case.in_body)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=st.sampled_from(SMALL), data=st.data())
def test_sent_in_random_pieces(case: Refused, data: st.DataObject, gateway: Gateway, origin: Origin) -> None:
    """Cut anywhere into a few pieces, on a connection that has served before."""
    origin.clear()
    whole = BEFORE + case.data + AFTER
    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1), max_size=5)))
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    with gateway.connect() as client:
        client.send_pieces(pieces, to_the_end=True)
        assert client.reply().body == marker("/before")
        assert_turned_away(client, case)
    assert_alone(gateway, origin, seen=["/before"], cut=case.in_body)


@pytest.mark.parametrize(
    ("method", "code"),
    [("BREW", "not_implemented"), ("POS", "not_implemented"), ("MKCOLS", "not_implemented"), ("G(T", "bad_request")],
)
def test_an_unknown_method_is_told_from_a_malformed_one(method: str, code: str, client: Client, origin: Origin) -> None:
    assert_refused(client.exchange(request(method, "/unknown")), code)


@pytest.mark.parametrize(
    "target",
    [
        "/a/../b",
        "/a/%2e%2E/b",
        "/a/.%2e/b",
        "/a/./b",
        "/a/%2e/b",
        "/a/..",
        "/..",
        "/.",
        "/%2e",
        "http://gateway.test/a/../b",
    ],
)
def test_dot_segments_are_refused(target: str, client: Client, gateway: Gateway, origin: Origin) -> None:
    """Plain or encoded. Such a request is not ambiguous, so its connection may live on."""
    answer = client.get(target)
    assert_error(answer, "bad_request")
    assert_alone(gateway, origin, seen=[])
