"""A lying or broken upstream: no client's connection loses step, and no client gets what is another's.

After every answer a good request on the same connection (where it is still open), the one glued behind it, and one on
another connection that was open all the time each get their own answer.
"""

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import kernel
from tests.support.client import Client, request
from tests.support.gateway import Gateway
from tests.support.http1 import ClosedError, Reply, Request, TruncatedError
from tests.support.origin import Connection, Origin, Script, canned, marker
from tests.wire.errors import assert_error
from tests.wire.replies import BAD, BROKEN, EXTRA, FOREIGN, GOOD, Answer

CASES = BAD + BROKEN + EXTRA + GOOD


def script(case: Answer) -> Script:
    return canned(case.data, close=case.closes)


def ids(cases: list[Answer]) -> list[str]:
    return [case.name for case in cases]


def assert_outcome(client: Client, case: Answer) -> bool:
    """What may come for that answer; whether the connection can be used on."""
    try:
        reply = client.reply(case.method)
    except (TruncatedError, ConnectionResetError):
        assert case in BROKEN, "only what began well may break off"
        return False
    if case.body is None:
        assert_error(reply, "upstream_error")
    else:
        assert_good(reply, case)
    return not reply.closing


def assert_good(reply: Reply, case: Answer) -> None:
    assert reply.body == case.body
    assert b" %d " % reply.status in case.data.replace(b"\r\n", b" ")
    assert reply.trailers == ()


def assert_in_step(client: Client, target: str) -> None:
    """The connection's next exchange is its own."""
    assert client.get(target).body == marker(target)


def test_the_names_are_different() -> None:
    assert len(set(ids(CASES))) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_no_answer_puts_anyone_out_of_step(case: Answer, client: Client, gateway: Gateway, origin: Origin) -> None:
    origin.answers["/bad"] = script(case)
    with gateway.connect() as other:
        assert_in_step(other, "/other/0")
        client.send(request(case.method, "/bad"))
        if assert_outcome(client, case):
            assert_in_step(client, "/same")
        else:
            client.expect_end()
        assert_in_step(other, "/other/1")


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_nor_the_request_that_is_waiting_behind_it(case: Answer, client: Client, origin: Origin) -> None:
    origin.answers["/bad"] = script(case)
    client.send(request("GET", "/before") + request(case.method, "/bad") + request("GET", "/behind"))
    assert client.reply().body == marker("/before")
    if assert_outcome(client, case):
        assert client.reply().body == marker("/behind")
    else:
        client.expect_end()


@pytest.mark.parametrize("case", BROKEN + GOOD, ids=ids(BROKEN + GOOD))
def test_in_single_bytes(case: Answer, client: Client, origin: Origin) -> None:
    """The outcome is the same wherever the answer's bytes are cut."""

    def trickle(connection: Connection, seen: Request) -> None:
        connection.read_body(seen)
        for at in range(len(case.data)):
            kernel.wait_read_by_peer(connection.sock)
            connection.send(case.data[at : at + 1])
        if case.closes:
            connection.close()

    origin.answers["/bad"] = trickle
    client.send(request(case.method, "/bad"))
    if assert_outcome(client, case):
        assert_in_step(client, "/same")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=st.lists(st.sampled_from(EXTRA + GOOD + BROKEN + BAD[:60]), min_size=1, max_size=6))
def test_any_sequence_of_answers(cases: list[Answer], gateway: Gateway, origin: Origin) -> None:
    """Good and bad ones in turn on one connection as long as it lasts."""
    origin.clear()
    with gateway.connect() as client:
        for at, case in enumerate(cases):
            origin.answers["/bad"] = script(case)
            client.send(request(case.method, "/bad"))
            if not assert_outcome(client, case):
                break
            assert_in_step(client, f"/good/{at}")
    with gateway.connect() as another:
        assert_in_step(another, "/another")


def test_a_second_reply_that_comes_late_is_nobodys(client: Client, gateway: Gateway, origin: Origin) -> None:
    """It comes on a connection at rest, which is closed for it."""
    answered = threading.Event()
    used: list[Connection] = []

    def twice(connection: Connection, seen: Request) -> None:
        used.append(connection)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        assert answered.wait(10)
        connection.send(FOREIGN)
        connection.wait_gone()

    origin.answers["/twice"] = twice
    assert client.get("/twice").body == b"hello"
    answered.set()
    assert used[0].gone.wait(10)
    assert_in_step(client, "/same")


def test_a_reply_before_any_request_stays_with_that_connection(
    client: Client, gateway: Gateway, origin: Origin
) -> None:
    """A server that speaks first: whoever asked gets one whole reply, and the next caller gets its own."""
    origin.close_idle()
    origin.greet = lambda connection: connection.send(FOREIGN)
    with gateway.connect() as unlucky:
        assert unlucky.get("/first").status in {200, 502}
    origin.greet = None
    for connection in origin.alive:
        connection.wait_gone()
    assert_in_step(client, "/second")
    with gateway.connect() as other:
        assert_in_step(other, "/third")


@pytest.mark.parametrize(
    ("framing", "fault"),
    [
        ("length", "close"),
        ("length", "reset"),
        ("chunked", "close"),
        ("chunked", "reset"),
        ("chunked", "bad chunk"),
        ("to the end", "reset"),
    ],
)
def test_what_breaks_after_its_first_bytes_never_ends_cleanly(
    framing: str, fault: str, client: Client, gateway: Gateway, origin: Origin
) -> None:
    """The client has begun to read when the upstream breaks off."""
    begun = threading.Event()

    def break_off(connection: Connection, seen: Request) -> None:
        lines = {"length": b"Content-Length: 10\r\n", "chunked": b"Transfer-Encoding: chunked\r\n", "to the end": b""}
        body = b"5\r\nhello\r\n" if framing == "chunked" else b"hello"
        connection.send(b"HTTP/1.1 200 OK\r\n" + lines[framing] + b"\r\n" + body)
        assert begun.wait(10)
        if fault == "reset":
            connection.reset()
        elif fault == "close":
            connection.close()
        else:
            connection.send(b"zz\r\nhello\r\n0\r\n\r\n")

    origin.answers["/broken"] = break_off
    client.send(request("GET", "/broken") + request("GET", "/behind"))
    reply = client.head()
    assert reply.status == 200
    while b"hello" not in client.stream.received:
        assert client.stream.more()
    begun.set()
    with pytest.raises((TruncatedError, ConnectionResetError)):
        client.body(reply)
    assert b"behind" not in client.stream.received
    with gateway.connect() as other:
        assert_in_step(other, "/other")


def test_a_broken_reply_to_an_old_client_ends_with_a_reset(client: Client, origin: Origin) -> None:
    """HTTP/1.0 knows a reply's end by the connection's: a broken one must not look like one."""
    begun = threading.Event()

    def break_off(connection: Connection, seen: Request) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        assert begun.wait(10)
        connection.close()

    origin.answers["/broken"] = break_off
    client.send(request("GET", "/broken", version="1.0"))
    assert client.head().status == 200
    while not client.stream.pending:
        assert client.stream.more()
    begun.set()
    with pytest.raises(ConnectionResetError):
        client.stream.rest()


def test_a_refused_client_never_reads_an_empty_end(client: Client, origin: Origin) -> None:
    """When the upstream closes without a byte the client gets an error, not a closed connection."""
    origin.answers["/nothing"] = lambda connection, _: connection.close()
    try:
        assert_error(client.get("/nothing"), "upstream_error")
    except ClosedError:
        pytest.fail("closed without an answer")


SENT = b"B: 1\r\nA: 2\r\nSet-Cookie: a=b\r\nset-cookie: c=d\r\nX-Hop: 1\r\nEmpty:\r\n"
ONE_HOP = b"Connection: x-hop, keep-alive\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nTrailer: Vary\r\nUpgrade: h2c\r\n"


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 5\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"]
)
def test_fields_of_a_good_answer_pass(framing: bytes, client: Client, origin: Origin) -> None:
    """In order and case, without those of one hop."""
    origin.answers["/fields"] = canned(b"HTTP/1.1 200 OK\r\n" + SENT + ONE_HOP + framing)
    reply = client.get("/fields")
    added = [name for name in reply.names if name.startswith("x-gateway-")]
    ours = {"x-request-id", "server-timing", "date", "content-length", "transfer-encoding", *added}
    passed = [(name, value) for name, value in reply.fields if name.lower().decode() not in ours]
    assert passed == [(b"B", b"1"), (b"A", b"2"), (b"Set-Cookie", b"a=b"), (b"set-cookie", b"c=d"), (b"Empty", b"")]
