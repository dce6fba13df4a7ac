"""Requests that must pass: the origin sees exactly what HTTP allows of each, wherever its bytes are cut."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.client import Client, request
from tests.support.gateway import Gateway
from tests.support.http1 import Request
from tests.support.origin import Origin, marker
from tests.wire.passed import CASES, Passed

ADDED = {
    "x-request-id": re.compile(r"[0-9a-zA-Z._-]{8,}"),
    "x-forwarded-for": re.compile(r"127\.0\.0\.1"),
    "x-forwarded-proto": re.compile("http"),
    "traceparent": re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"),
    "x-gateway-route": re.compile("all"),
    "x-gateway-variant": re.compile("model"),
}
MADE_ANEW = {"host", "x-forwarded-host", "content-length", "transfer-encoding", "connection"}
SMALL = [case for case in CASES if len(case.data) < 1000]
AFTER = request("GET", "/after")


def assert_seen(seen: Request, case: Passed, origin: Origin) -> None:
    """The origin saw that request, complete, with the added fields once each and nothing else of the gateway's."""
    assert (seen.method, seen.target, seen.version) == (case.method, case.target, "1.1")
    assert (seen.body, seen.complete, seen.trailers) == (case.body, True, ())
    passed = [(name, value) for name, value in seen.fields if name.lower().decode() not in ADDED.keys() | MADE_ANEW]
    assert passed == list(case.fields)
    for name, pattern in ADDED.items():
        assert pattern.fullmatch(seen.text(name)), seen.fields
    assert seen.text("host") == f"127.0.0.1:{origin.port}"
    if case.host is not None:
        assert seen.text("x-forwarded-host") == case.host
    assert seen.one("connection") in {None, b"keep-alive"}


def assert_answered(client: Client, case: Passed) -> None:
    reply = client.reply(case.method)
    assert (reply.status, reply.body) == (200, b"" if case.method == "HEAD" else marker(case.target))
    assert reply.closing == case.closes


def assert_passed(client: Client, origin: Origin, case: Passed) -> None:
    """Its answer comes, and that of the one glued to its end unless the connection ends between them."""
    assert_answered(client, case)
    if case.closes:
        client.expect_end()
    else:
        assert client.reply().body == marker("/after")
    first, *others = origin.requests
    assert_seen(first, case, origin)
    assert [other.target for other in others] == ([] if case.closes else ["/after"])


@pytest.mark.parametrize("case", CASES, ids=[case.name[:60] for case in CASES])
def test_sent_whole(case: Passed, client: Client, origin: Origin) -> None:
    """In one segment with the next request."""
    client.send(case.data + AFTER)
    assert_passed(client, origin, case)


@pytest.mark.parametrize("case", SMALL, ids=[case.name for case in SMALL])
def test_sent_byte_by_byte(case: Passed, client: Client, origin: Origin) -> None:
    """Every byte in a segment of its own."""
    data = case.data if case.closes else case.data + AFTER
    client.send_pieces((data[at : at + 1] for at in range(len(data))), to_the_end=True)
    assert_passed(client, origin, case)


SEVERAL = st.lists(st.sampled_from([case for case in SMALL if not case.closes]), min_size=1, max_size=5)
EXAMPLES = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def send_in_pieces(client: Client, whole: bytes, data: st.DataObject) -> None:
    """Cut anywhere."""
    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1), max_size=6)))
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        client.send(whole[start:end])


@EXAMPLES
@given(cases=SEVERAL, data=st.data())
def test_several_in_random_pieces(cases: list[Passed], data: st.DataObject, gateway: Gateway, origin: Origin) -> None:
    """Several in a row, cut anywhere: each reaches the origin as it would alone, and is answered in its turn."""
    origin.clear()
    with gateway.connect() as client:
        send_in_pieces(client, b"".join(case.data for case in cases), data)
        for case in cases:
            assert_answered(client, case)
    for seen, case in zip(origin.requests, cases, strict=True):
        assert_seen(seen, case, origin)


@EXAMPLES
@given(cases=SEVERAL, half=st.integers(0, len(AFTER) - 1), data=st.data())
def test_several_half_of_another_and_the_end(
    cases: list[Passed], half: int, data: st.DataObject, gateway: Gateway, origin: Origin
) -> None:
    """The client sends nothing more, whenever that is: what it has sent whole is answered, the half is no request."""
    origin.clear()
    with gateway.connect() as client:
        send_in_pieces(client, b"".join(case.data for case in cases) + AFTER[:half], data)
        client.end_sending()
        for case in cases:
            assert_answered(client, case)
        client.expect_end()
    for seen, case in zip(origin.requests, cases, strict=True):
        assert_seen(seen, case, origin)


def test_the_framing_of_what_has_no_body(client: Client, origin: Origin) -> None:
    """A GET without a body carries no framing; a POST with an empty one says so."""
    client.get("/none")
    client.post("/empty", b"")
    none, empty = origin.requests
    assert (none.all("content-length"), none.all("transfer-encoding")) == ([], [])
    assert (empty.all("content-length"), empty.all("transfer-encoding")) == ([b"0"], [])
