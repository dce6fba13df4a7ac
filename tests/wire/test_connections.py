"""Connections: kept, closed, half-closed, abandoned, and stale ones replaced."""

import os
import signal
import threading

import pytest

from tests.support import kernel
from tests.support.client import Client, chunked, request
from tests.support.gateway import Gateway
from tests.support.http1 import Request
from tests.support.origin import Connection, Origin, marked, marker, reply


def test_one_connection_serves_many_and_so_does_the_one_upstream(client: Client, origin: Origin) -> None:
    origin.close_idle()
    before = len(origin.connections)
    for at in range(50):
        assert client.get(f"/{at}").body == marker(f"/{at}")
        assert client.post(f"/{at}", b"body").body == marker(f"/{at}")
    assert len(origin.connections) == before + 1
    assert client.is_open()


def test_sixteen_in_one_segment_are_answered_in_order(client: Client, origin: Origin) -> None:
    client.send(b"".join(request("GET", f"/{at}") for at in range(16)))
    assert [client.reply().body for _ in range(16)] == [marker(f"/{at}") for at in range(16)]
    assert [seen.target for seen in origin.requests] == [f"/{at}" for at in range(16)]


def test_sixteen_with_bodies_of_every_kind_in_one_segment(client: Client, origin: Origin) -> None:
    bodies = [b"%d" % at * at for at in range(16)]
    lengths = [request("POST", f"/{at}", body=body) for at, body in enumerate(bodies)]
    coded = [
        request("POST", f"/{at}", "Transfer-Encoding: chunked") + chunked(*filter(None, [body]))
        for at, body in enumerate(bodies)
    ]
    client.send(b"".join(lengths[at] if at % 2 else coded[at] for at in range(16)))
    assert [client.reply().body for _ in range(16)] == [marker(f"/{at}") for at in range(16)]
    assert [seen.body for seen in origin.requests] == bodies


def test_a_slow_first_answer_does_not_let_the_second_pass(client: Client, origin: Origin) -> None:
    """The second request is not even sent upstream while the first is unanswered, whatever the models' speeds."""
    release = threading.Event()

    def slow(connection: Connection, seen: Request) -> None:
        assert release.wait(10)
        marked(connection, seen)

    origin.answers["/slow"] = slow
    client.send(request("GET", "/slow") + request("GET", "/fast"))
    origin.wait_heads(1)
    assert client.is_open(0.1)
    release.set()
    assert [client.reply().body, client.reply().body] == [marker("/slow"), marker("/fast")]


def test_more_requests_ahead_than_buffers_hold(client: Client, origin: Origin) -> None:
    """2,000 in one go, read only afterwards: none lost, none out of order."""
    sender = threading.Thread(target=client.send, args=(b"".join(request("GET", f"/{at}") for at in range(2000)),))
    sender.start()
    assert [client.reply().body for _ in range(2000)] == [marker(f"/{at}") for at in range(2000)]
    sender.join(10)


@pytest.mark.parametrize("option", ["close", "Close", "a, close", "close, keep-alive"])
def test_a_client_that_says_close_is_closed(option: str, client: Client, origin: Origin) -> None:
    """What stands behind is neither answered nor sent upstream."""
    client.send(request("GET", "/last", f"Connection: {option}") + request("GET", "/behind"))
    answer = client.reply()
    assert (answer.body, answer.closing) == (marker("/last"), True)
    client.expect_end()
    assert [seen.target for seen in origin.requests] == ["/last"]


def test_an_upstream_that_says_close_closes_only_its_own(client: Client, origin: Origin) -> None:
    def last(connection: Connection, seen: Request) -> None:
        connection.send(reply(b"hello", "Connection: close"))
        connection.close()

    origin.answers["/last"] = last
    for _ in range(3):
        answer = client.get("/last")
        assert (answer.body, answer.closing) == (b"hello", False)
    assert client.get("/next").body == marker("/next")


def test_an_old_client_is_closed_unless_it_asks(gateway: Gateway, origin: Origin) -> None:
    with gateway.connect() as client:
        assert client.exchange(request("GET", "/old", version="1.0")).body == marker("/old")
        client.expect_end()
    with gateway.connect() as client:
        for at in range(3):
            answer = client.exchange(request("GET", f"/old/{at}", "Connection: keep-alive", version="1.0"))
            assert (answer.body, answer.text("connection")) == (marker(f"/old/{at}"), "keep-alive")


def test_chunks_become_an_end_for_an_old_client(gateway: Gateway, origin: Origin) -> None:
    """HTTP/1.0 has no chunks: the end of the connection ends the body, even if it asked to be kept."""
    origin.answers["/chunks"] = lambda connection, _: connection.send(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunked(b"one", b"two")
    )
    for option in ["", "keep-alive"]:
        with gateway.connect() as client:
            answer = client.exchange(request("GET", "/chunks", f"Connection: {option}", version="1.0"))
            assert (answer.framing, answer.body, answer.all("transfer-encoding")) == ("close", b"onetwo", [])
            assert b"keep-alive" not in answer.all("connection")


def test_an_old_client_gets_no_interim_reply(gateway: Gateway, origin: Origin) -> None:
    origin.answers["/hints"] = lambda connection, _: connection.send(
        b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + reply(b"hello")
    )
    with gateway.connect() as client:
        answer = client.exchange(request("GET", "/hints", version="1.0"))
    assert (answer.body, answer.interim) == (b"hello", [])


@pytest.mark.parametrize(
    "data", [request("GET", "/half"), request("POST", "/half", body=b"hello")], ids=["GET", "POST"]
)
def test_a_client_that_stops_sending_still_gets_its_answer(data: bytes, client: Client, origin: Origin) -> None:
    release = threading.Event()

    def late(connection: Connection, seen: Request) -> None:
        connection.read_body(seen)
        assert release.wait(10)
        marked(connection, seen)

    origin.answers["/half"] = late
    client.send(data)
    client.end_sending()
    origin.wait_requests(1)
    release.set()
    assert client.reply().body == marker("/half")
    client.expect_end()


def test_all_that_a_half_closed_client_sent_is_answered(client: Client, origin: Origin) -> None:
    client.send(b"".join(request("GET", f"/{at}") for at in range(5)))
    client.end_sending()
    assert [client.reply().body for _ in range(5)] == [marker(f"/{at}") for at in range(5)]
    client.expect_end()


def test_an_answer_is_not_lost_when_the_client_ends_its_half_just_then(
    client: Client, gateway: Gateway, origin: Origin
) -> None:
    """The worker finds both in one turn of its loop: the model's answer, and that the client sends nothing more."""
    release = threading.Event()

    def late(connection: Connection, seen: Request) -> None:
        assert release.wait(10)
        marked(connection, seen)
        answered.set()

    answered = threading.Event()
    origin.answers["/late"] = late
    client.send(request("GET", "/late"))
    origin.wait_heads(1)
    os.kill(gateway.worker, signal.SIGSTOP)
    try:
        release.set()
        assert answered.wait(10)
        client.end_sending()
    finally:
        os.kill(gateway.worker, signal.SIGCONT)
    assert client.reply().body == marker("/late")
    client.expect_end()


def test_a_half_closed_client_reads_a_stream_to_its_end(client: Client, origin: Origin) -> None:
    release = threading.Event()

    def stream(connection: Connection, seen: Request) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        assert release.wait(10)
        connection.send(b"5\r\nworld\r\n0\r\n\r\n")

    origin.answers["/stream"] = stream
    client.send(request("GET", "/stream"))
    client.end_sending()
    answer = client.head()
    assert client.chunk() == b"hello"
    release.set()
    assert client.body(answer).body == b"world"


HALVES = ["GET /half HT", "GET /half HTTP/1.1\r\nHos", "POST /half HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel"]


@pytest.mark.parametrize("cut", HALVES)
def test_half_a_request_and_an_end_is_never_a_request(
    cut: str, client: Client, gateway: Gateway, origin: Origin
) -> None:
    client.send(cut.encode())
    client.end_sending()
    client.stream.rest()
    with gateway.connect() as other:
        assert other.get("/good").body == marker("/good")
    assert [seen.target for seen in origin.complete] == ["/good"]


@pytest.mark.parametrize("ahead", [3, 7])
@pytest.mark.parametrize("cut", HALVES)
def test_what_was_sent_whole_before_half_a_request_and_an_end_is_answered(
    cut: str, ahead: int, client: Client, origin: Origin
) -> None:
    """Also where more are ahead than are read at once. Nobody waits for the rest of the half."""
    client.send(b"".join(request("GET", f"/{at}") for at in range(ahead)) + cut.encode())
    client.end_sending()
    assert [client.reply().body for _ in range(ahead)] == [marker(f"/{at}") for at in range(ahead)]
    client.expect_end()
    assert [seen.target for seen in origin.complete] == [f"/{at}" for at in range(ahead)]


@pytest.mark.parametrize("cut", HALVES)
def test_half_a_request_behind_a_refused_upgrade_is_never_a_request(cut: str, client: Client, origin: Origin) -> None:
    client.send(request("GET", "/up", "Connection: upgrade", "Upgrade: x") + cut.encode())
    client.end_sending()
    assert client.reply().body == marker("/up")
    client.expect_end()
    assert [seen.target for seen in origin.complete] == ["/up"]


@pytest.mark.parametrize("leave", ["close", "reset"])
@pytest.mark.parametrize("when", ["waiting", "reading", "sending"])
def test_when_the_client_leaves_its_upstream_request_is_cancelled(
    leave: str, when: str, client: Client, origin: Origin
) -> None:
    """Before the answer, within the answer, or within its own body: the origin sees its connection end."""
    begun, gone = threading.Event(), threading.Event()

    def hang(connection: Connection, seen: Request) -> None:
        if when == "reading":
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        begun.set()
        connection.wait_gone()
        gone.set()

    origin.answers["/left"] = hang
    head = request("POST", "/left", "Content-Length: 100000") if when == "sending" else request("GET", "/left")
    client.send(head + (b"x" * 1000 if when == "sending" else b""))
    assert begun.wait(10)
    if when == "reading":
        assert client.head().status == 200
    client.reset() if leave == "reset" else client.close()
    assert gone.wait(10)


def test_a_client_that_leaves_its_queue_has_none_of_it_sent(client: Client, origin: Origin) -> None:
    """Of three requests in one segment the first is under way when the client resets: the others are never made."""
    gone = threading.Event()

    def hang(connection: Connection, seen: Request) -> None:
        connection.wait_gone()
        gone.set()

    origin.answer = hang
    client.send(request("GET", "/1") + request("GET", "/2") + request("GET", "/3"))
    origin.wait_heads(1)
    client.reset()
    assert gone.wait(10)
    assert [seen.target for seen in origin.requests] == ["/1"]


def body_of(kind: str) -> bytes:
    data = {
        "GET": request("GET", "/stale"),
        "POST": request("POST", "/stale", body=b"hello"),
        "chunked POST": request("POST", "/stale", "Transfer-Encoding: chunked") + chunked(b"hello"),
        "large POST": request("POST", "/stale", body=b"x" * 300_000),
    }
    return data[kind]


KINDS = ["GET", "POST", "chunked POST", "large POST"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_the_upstream_closed_at_rest_is_replaced(kind: str, client: Client, origin: Origin) -> None:
    assert client.get("/first").body == marker("/first")
    origin.close_idle()
    assert client.exchange(body_of(kind)).body == marker("/stale")


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_that_ends_as_the_next_request_comes_is_replaced(
    kind: str, end: str, client: Client, origin: Origin
) -> None:
    """The upstream's keep-alive time is over at that very moment: the caller notices nothing, whatever the method."""
    origin.close_idle()
    ended: list[Connection] = []

    def once(connection: Connection, seen: Request) -> None:
        if len(connection.requests) > 1 and not ended:
            ended.append(connection)
            connection.reset() if end == "reset" else connection.close()
            return
        marked(connection, seen)

    origin.answer = once
    assert client.get("/first").body == marker("/first")
    assert client.exchange(body_of(kind)).body == marker("/stale")
    assert len(ended) == 1


def test_many_stale_connections_at_once(gateway: Gateway, origin: Origin) -> None:
    """Twenty pooled connections all turn out closed when the next twenty requests come."""
    barrier = threading.Barrier(20)

    def together(connection: Connection, seen: Request) -> None:
        barrier.wait(10)
        marked(connection, seen)

    origin.close_idle()
    origin.answers["/together"] = together
    clients = [gateway.connect() for _ in range(20)]
    for client in clients:
        client.send(request("GET", "/together"))
    assert [client.reply().status for client in clients] == [200] * 20

    def end(connection: Connection, seen: Request) -> None:
        if len(connection.requests) > 1:
            connection.close()
        else:
            marked(connection, seen)

    origin.answer = end
    for client in clients:
        client.send(request("POST", "/again", body=b"hello"))
    assert [client.reply().body for client in clients] == [marker("/again")] * 20
    for client in clients:
        client.close()


def test_an_early_answer_before_the_body_is_sent(client: Client, gateway: Gateway, origin: Origin) -> None:
    """The upstream answers and closes while the body is still coming: the client can read that answer."""
    origin.answers["/early"] = lambda connection, _: connection.send(
        reply(b"enough", "Connection: close", status="403 Forbidden")
    )
    client.send(request("POST", "/early", "Content-Length: 1000") + b"x" * 10)
    answer = client.reply("POST")
    assert (answer.status, answer.body) == (403, b"enough")
    client.send(b"x" * 990)
    if not answer.closing:
        assert client.get("/next").body == marker("/next")
    with gateway.connect() as other:
        assert other.get("/other").body == marker("/other")


def test_nothing_is_sent_to_a_client_that_asks_nothing(gateway: Gateway) -> None:
    with gateway.connect() as client:
        assert client.is_open(0.2)


def test_requests_reach_the_origin_in_one_segment(client: Client, origin: Origin) -> None:
    """A small request with its body goes upstream in one write: no delay by Nagle's algorithm, no second packet."""
    pieces: list[int] = []

    def measure(connection: Connection, seen: Request) -> None:
        pieces.append(len(connection.stream.received))
        marked(connection, seen)

    origin.close_idle()
    origin.answers["/whole"] = measure
    client.post("/whole", b"hello")
    (connection,) = [known for known in origin.alive if known.requests]
    assert pieces == [len(connection.received)]
    assert kernel.peer_unread(client.sock) == 0


def test_uploads_one_after_another_leave_no_more_than_one_connection_at_rest(client: Client, origin: Origin) -> None:
    """Each gets a new connection, since it cannot be sent twice; the one that it did not use is closed for it."""
    origin.close_idle()
    for _ in range(12):
        assert client.post("/upload", b"x" * (2 << 20)).status == 200
    assert client.get("/last").body == marker("/last")
    assert len(origin.alive) <= 2
