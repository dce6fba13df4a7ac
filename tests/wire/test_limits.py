"""Limits and clocks of the serving side and of the upstream side: each ends what exceeds it, with its own code.

The gateway here has small limits and short timeouts; `SHORT` seconds each.
"""

import select
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.support import kernel
from tests.support.client import Client, chunked, request
from tests.support.gateway import Gateway, Told, config
from tests.support.http1 import ClosedError, Request, TruncatedError
from tests.support.origin import Connection, Origin, canned, marked, marker, reply
from tests.wire.errors import assert_error, assert_refused

SHORT = 0.6
LATE = 4.0
"""By then anything that had to end within `SHORT` has ended, however busy the machine is."""
HEADER = 4096
BODY = 10_000
LIMITS = {"header": "4KiB", "body": f"{BODY}B", "header_timeout": "600ms", "body_idle": "600ms", "keepalive": "600ms"}
TIMEOUTS = {"connect": "600ms", "first_byte": "600ms", "idle": "600ms", "total": "3s"}


@pytest.fixture(scope="module")
def tight(shared_origin: Origin) -> Iterator[Gateway]:
    with Gateway(config(shared_origin.url, limits=LIMITS, variant={"timeouts": TIMEOUTS})) as running:
        yield running


@pytest.fixture
def client(tight: Gateway, origin: Origin) -> Iterator[Client]:
    with tight.connect() as connected:
        yield connected


def hang(connection: Connection, seen: Request) -> None:
    connection.wait_gone()


# ---- sizes


def test_a_head_at_its_limit_passes_and_above_it_is_refused(tight: Gateway, origin: Origin) -> None:
    """The limit is of the line and the fields together, give or take the line ends."""
    small, large = "x" * (HEADER - 200), "x" * HEADER
    with tight.connect() as client:
        assert client.get("/", f"A: {small}").status == 200
        assert_refused(client.get("/", f"A: {large}"), "header_too_large")
        client.expect_end()


def test_a_target_above_the_limit(client: Client, origin: Origin) -> None:
    assert_refused(client.get("/" + "x" * HEADER), "uri_too_long")
    client.expect_end()
    assert origin.requests == []


def test_a_head_that_never_ends_is_refused_as_soon_as_it_is_too_large(client: Client) -> None:
    """Without waiting for its end, and the client that goes on sending can still read why."""
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
    client.send_pieces(b"A: b\r\n" * 100 for _ in range(100))
    assert_refused(client.reply(), "header_too_large")
    client.expect_end()


def test_a_length_above_the_limit(client: Client, origin: Origin) -> None:
    client.send(request("POST", "/", f"Content-Length: {BODY + 1}"))
    assert_refused(client.reply(), "body_too_large")
    client.expect_end()
    assert origin.requests == []


@pytest.mark.parametrize("size", [1, 50, 5000])
def test_chunks_above_the_limit(size: int, client: Client, origin: Origin) -> None:
    """A chunked body is refused where it crosses the limit; no request comes to its end at the origin."""
    client.send(request("POST", "/", "Transfer-Encoding: chunked"))
    chunk = b"%x\r\n%s\r\n" % (size, b"x" * size)
    client.send_pieces([chunk * (BODY // size // 2)] * 3)
    assert_refused(client.reply(), "body_too_large")
    client.expect_end()
    assert origin.complete == []


@pytest.mark.parametrize("size", ["7FFFFFFFF", "8000000000000000", "FFFFFFFFFFFFFFFF"])
def test_a_chunk_larger_than_anything(size: str, client: Client, origin: Origin) -> None:
    """What follows is its content, however much it looks like more: no request comes to its end."""
    client.send(request("POST", "/", "Transfer-Encoding: chunked") + f"{size}\r\nhello\r\n0\r\n\r\n".encode())
    client.send(request("GET", "/hidden"))
    assert_refused(client.reply(), "body_too_large", "timeout", "bad_request")
    client.expect_end()
    assert origin.complete == []


def test_bodies_at_the_limit_pass(client: Client, origin: Origin) -> None:
    body = b"x" * BODY
    assert client.post("/length", body).body == marker("/length")
    assert client.exchange(request("POST", "/chunks", "Transfer-Encoding: chunked") + chunked(body)).status == 200
    assert [len(seen.body) for seen in origin.complete] == [BODY, BODY]


def test_a_large_body_that_is_sent_all_the_same(client: Client) -> None:
    """A client that does not look at the refusal before it has sent everything can read it afterwards."""
    client.send(request("POST", "/", body=b"x" * 3_000_000))
    assert_refused(client.reply(), "body_too_large")
    client.expect_end()


def test_chunk_framing_without_content_has_a_limit(client: Client, origin: Origin) -> None:
    """Extensions on tiny chunks may not cost a hundred times their content for ever."""
    client.send(request("POST", "/", "Transfer-Encoding: chunked"))
    client.send_pieces([b"1;" + b"a" * 15_000 + b"\r\nx\r\n"] * 1000)
    assert_refused(client.reply(), "bad_request", "header_too_large", "body_too_large")
    assert origin.complete == []


# ---- clients that stall


def test_a_head_that_does_not_come_in_time(client: Client) -> None:
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nA:")
    assert_refused(client.reply(), "timeout")
    client.expect_end()


def test_a_head_that_trickles_gets_no_more_time(client: Client) -> None:
    """The clock of a head does not begin anew with each byte."""
    started = time.monotonic()
    client.send(b"GET / HTTP/1.1\r\n")
    while not kernel.readable(client.sock, 0.1):
        client.send(b"A: b\r\n")
        assert time.monotonic() - started < LATE
    assert_refused(client.reply(), "timeout")


def test_a_client_that_never_says_a_word_is_closed(client: Client) -> None:
    started = time.monotonic()
    client.expect_end()
    assert time.monotonic() - started < LATE


def test_a_connection_at_rest_is_closed(client: Client, origin: Origin) -> None:
    started = time.monotonic()
    assert client.get("/").status == 200
    client.expect_end()
    assert SHORT / 2 < time.monotonic() - started < LATE


def test_a_connection_in_use_is_not_closed_for_its_age(client: Client, origin: Origin) -> None:
    started = time.monotonic()
    while time.monotonic() - started < 2 * SHORT:
        assert client.get("/").status == 200
        assert client.is_open(0.1)


def test_an_empty_line_does_not_count_as_a_request(client: Client, origin: Origin) -> None:
    """Line ends sent now and then keep nobody's place for ever: a connection at rest ends, or a head is late."""
    assert client.get("/").status == 200
    started = time.monotonic()
    while client.is_open(0.2):
        client.send_pieces([b"\r\n"])
        assert time.monotonic() - started < 2 * LATE
    rest = client.stream.rest()
    assert rest == b"" or b" 408 " in rest


@pytest.mark.parametrize("framing", ["Content-Length: 100", "Transfer-Encoding: chunked"])
def test_a_body_that_stops_coming(framing: str, client: Client, origin: Origin) -> None:
    """The client is told, and the upstream request is given up."""
    gone = threading.Event()

    def listen(connection: Connection, seen: Request) -> None:
        connection.wait_gone()
        gone.set()

    origin.answers["/slow"] = listen
    client.send(request("POST", "/slow", framing) + b"5\r\nhello\r\n")
    assert_refused(client.reply(), "timeout")
    client.expect_end()
    assert gone.wait(LATE)
    assert origin.complete == []


def test_a_body_that_comes_slowly_is_waited_for(client: Client, origin: Origin) -> None:
    """`body_idle` runs between two pieces, not over the whole."""
    client.send(request("POST", "/slow", "Content-Length: 10"))
    for _ in range(10):
        assert client.is_open(SHORT / 4)
        client.send(b"x")
    assert client.reply().body == marker("/slow")


def test_a_client_that_does_not_read_is_ended(tight: Gateway, origin: Origin) -> None:
    """Its reply is larger than all buffers; the upstream connection is let go as well."""
    gone = threading.Event()

    def pour(connection: Connection, seen: Request) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        try:
            while True:
                connection.send(bytes(1 << 20))
        except OSError:
            gone.set()
            raise

    origin.answers["/pour"] = pour
    with tight.connect() as client:
        client.send(request("GET", "/pour"))
        assert gone.wait(2 * LATE)


def test_a_client_that_ends_its_half_and_does_not_read_is_ended(tight: Gateway, origin: Origin) -> None:
    """Its reply is larger than what the kernel takes, and smaller than what may wait: the call itself is over."""
    origin.answers["/large"] = canned(reply(bytes(400_000)))
    with tight.connect() as client:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        answered = tight.total("gateway_requests_total")
        client.send(request("GET", "/large"))
        give_up = time.monotonic() + LATE
        while tight.total("gateway_requests_total") == answered:
            assert time.monotonic() < give_up
        client.end_sending()
        reset = select.poll()
        reset.register(client.sock, select.POLLERR)
        assert reset.poll(2 * LATE * 1000)


def test_a_client_that_reads_slowly_is_served(tight: Gateway, origin: Origin) -> None:
    """Slower than every timeout over the whole, but never silent for long: neither side's clock ends it."""
    body = bytes(8 << 20)
    origin.answers["/large"] = lambda connection, _: connection.send(reply(body))
    with tight.connect() as client:
        client.send(request("GET", "/large"))
        answer = client.head()
        left = len(body) - len(client.stream.pending)
        while left:
            time.sleep(SHORT / 4)
            left -= len(client.sock.recv(1 << 20, 0x100 if left > 1 << 20 else 0))
    assert answer.status == 200


# ---- upstreams that stall


def test_an_upstream_that_never_answers(client: Client, origin: Origin) -> None:
    origin.answers["/hang"] = hang
    started = time.monotonic()
    answer = client.get("/hang")
    assert_error(answer, "upstream_timeout")
    assert SHORT / 2 < time.monotonic() - started < LATE
    if not answer.closing:
        assert client.get("/next").body == marker("/next")


def test_an_upstream_that_is_let_go_sees_it(client: Client, origin: Origin) -> None:
    gone = threading.Event()

    def note(connection: Connection, seen: Request) -> None:
        connection.wait_gone()
        gone.set()

    origin.answers["/hang"] = note
    assert client.get("/hang").status == 504
    assert gone.wait(LATE)


def test_interim_replies_do_not_stop_the_clock_for_ever(client: Client, origin: Origin) -> None:
    """Hint after hint and never an answer: the attempt's total ends it at the latest."""

    def hint(connection: Connection, seen: Request) -> None:
        while not connection.stream.ended and not kernel.readable(connection.sock, SHORT / 4):
            connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n")

    origin.answers["/hints"] = hint
    client.send(request("GET", "/hints"))
    assert_error(client.reply(), "upstream_timeout", "upstream_error")


@pytest.mark.parametrize("framing", [b"Content-Length: 100\r\n", b"Transfer-Encoding: chunked\r\n", b""])
def test_a_reply_that_stops_coming(framing: bytes, client: Client, origin: Origin) -> None:
    """It has begun, so the client's connection ends, and not as if the reply were complete."""

    def stall(connection: Connection, seen: Request) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n" + b"5\r\nhello\r\n")
        connection.wait_gone()

    origin.answers["/stall"] = stall
    client.send(request("GET", "/stall") + request("GET", "/behind"))
    answer = client.head()
    assert answer.status == 200
    with pytest.raises((TruncatedError, ConnectionResetError)):
        client.body(answer)


def test_half_a_head_and_no_more(client: Client, origin: Origin) -> None:
    def stall(connection: Connection, seen: Request) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Le")
        connection.wait_gone()

    origin.answers["/stall"] = stall
    assert_error(client.get("/stall"), "upstream_timeout", "upstream_error")


def test_a_reply_that_trickles_ends_with_the_attempts_total(client: Client, origin: Origin) -> None:
    """Never idle, never done: `total` ends it."""

    def trickle(connection: Connection, seen: Request) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not kernel.readable(connection.sock, SHORT / 4):
            connection.send(b"x")

    origin.answers["/trickle"] = trickle
    client.send(request("GET", "/trickle"))
    answer = client.head()
    started = time.monotonic()
    with pytest.raises((TruncatedError, ConnectionResetError)):
        client.body(answer)
    assert time.monotonic() - started < 3 + LATE


def test_an_event_stream_outlives_the_attempts_total(client: Client, origin: Origin) -> None:
    """`total` ends with an event stream's first byte: only `idle` rules there."""

    def events(connection: Connection, seen: Request) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(36):
            connection.send(b"9\r\ndata: a\n\n\r\n")
            assert not kernel.readable(connection.sock, 0.1)
        connection.send(b"0\r\n\r\n")

    origin.answers["/events"] = events
    started = time.monotonic()
    assert client.get("/events").body == b"data: a\n\n" * 36
    assert time.monotonic() - started > 3


def test_an_upstream_that_does_not_read(origin: Origin, told: Told) -> None:
    """The body is larger than all buffers and the upstream reads none of it: the caller is not kept for ever."""
    large = {**LIMITS, "body": "1GiB"}
    release = threading.Event()

    def deaf(connection: Connection, seen: Request) -> None:
        assert release.wait(20)
        connection.reset()

    origin.answers["/deaf"] = deaf
    with (
        told(config(origin.url, limits=large, variant={"timeouts": TIMEOUTS})) as gateway,
        gateway.connect() as client,
    ):
        client.send(request("POST", "/deaf", "Content-Length: 1000000000"))
        sender = threading.Thread(target=_pour, args=(client,))
        sender.start()
        try:
            assert_error(client.reply(), "upstream_timeout")
        finally:
            release.set()
            client.close()
            sender.join(10)


def _pour(client: Client) -> None:
    try:
        while True:
            client.send(bytes(1 << 20))
    except OSError:
        return


def test_an_upstream_that_is_not_there(told: Told) -> None:
    """Nobody listens: an error at once, and service again as soon as somebody does."""
    port = kernel.free_port()
    with (
        told(config(f"http://127.0.0.1:{port}", variant={"timeouts": TIMEOUTS})) as gateway,
        gateway.connect() as client,
    ):
        answer = client.get("/nobody")
        assert_error(answer, "upstream_error")
        with Origin(port=port):
            assert client.get("/somebody").body == marker("/somebody")


def test_an_upstream_that_does_not_accept(told: Told) -> None:
    """The queue of its listener is full: `connect` ends the attempt."""
    with kernel.full_listener() as port:
        settings = config(f"http://127.0.0.1:{port}", variant={"timeouts": TIMEOUTS, "retry": {"extra": 0}})
        with told(settings) as gateway, gateway.connect() as client:
            started = time.monotonic()
            assert_error(client.get("/full"), "upstream_error", "upstream_timeout")
            assert time.monotonic() - started < LATE


def test_a_stalled_client_holds_nobody_up(tight: Gateway, client: Client, origin: Origin) -> None:
    """Ten clients that stall in every way; another is served as if they were not there."""
    stalled = [tight.connect() for _ in range(10)]
    for at, one in enumerate(stalled):
        one.send([b"GET / HT", request("POST", "/", "Content-Length: 9")][at % 2])
    for _ in range(20):
        started = time.monotonic()
        assert client.get("/good").body == marker("/good")
        assert time.monotonic() - started < SHORT
    for one in stalled:
        one.close()


def test_a_request_without_any_byte_of_a_reply_is_closed_not_answered_twice(client: Client, origin: Origin) -> None:
    """After a 408 or 504 the connection carries nothing else of that request."""
    late = threading.Event()

    def answer_late(connection: Connection, seen: Request) -> None:
        assert late.wait(10)
        try:
            marked(connection, seen)
        except OSError:
            connection.close()

    origin.answers["/late"] = answer_late
    answer = client.get("/late")
    assert_error(answer, "upstream_timeout")
    late.set()
    if answer.closing:
        client.expect_end()
    else:
        assert client.get("/next").body == marker("/next")


def test_readers_of_errors_can_tell(client: Client) -> None:
    """A closed connection without an answer is never how a limit ends a request."""
    client.send(request("POST", "/", "Content-Length: 99999999"))
    try:
        assert client.reply().status == 413
    except ClosedError:
        pytest.fail("closed without an answer")


def test_who_does_not_read_is_not_answered_further(gateway: Gateway, origin: Origin) -> None:
    """Sixty requests at once for large answers, and none is read: no more is asked for, and all come once it reads."""
    body = bytes(1 << 20)
    origin.answer = canned(reply(body))
    with gateway.connect() as client:
        client.send(request("GET", "/large") * 60)
        seen = -1
        while len(origin.requests) != seen:
            seen = len(origin.requests)
            threading.Event().wait(0.3)
        assert 0 < seen < 30
        for _ in range(60):
            assert client.reply().body == body


def test_who_does_not_read_is_not_answered_further_one_by_one(gateway: Gateway, origin: Origin) -> None:
    """The same where each request comes alone."""
    origin.answer = canned(reply(bytes(1 << 20)))
    with gateway.connect() as client:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        asked = 0
        while asked < 60 and asked - len(origin.requests) < 5:
            client.send(request("GET", "/large"))
            asked += 1
            threading.Event().wait(0.02)
        assert len(origin.requests) < 30
        client.reset()
