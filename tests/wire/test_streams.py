"""Bodies as they flow: chunks, events, interim replies, expectations, HEAD, and what has no body."""

import threading

import pytest

from tests.support.client import Client, chunked, request
from tests.support.gateway import Gateway
from tests.support.http1 import Request
from tests.support.origin import Connection, Origin, marked, marker, reply
from tests.wire.errors import assert_refused

CHUNKED = b"Transfer-Encoding: chunked\r\n"


def test_each_event_arrives_before_the_next_is_sent(client: Client, origin: Origin) -> None:
    """The origin sends an event only when the client has read the one before."""
    turns = threading.Semaphore(0)

    def events(connection: Connection, seen: Request) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + CHUNKED + b"\r\n")
        for at in range(20):
            assert turns.acquire(timeout=10)
            event = b"data: %d\n\n" % at
            connection.send(b"%x\r\n%s\r\n" % (len(event), event))
        assert turns.acquire(timeout=10)
        connection.send(b"0\r\n\r\n")

    origin.answers["/events"] = events
    client.send(request("GET", "/events"))
    answer = client.head()
    assert answer.text("content-type") == "text/event-stream"
    for at in range(20):
        turns.release()
        assert client.chunk() == b"data: %d\n\n" % at
    turns.release()
    assert client.chunk() == b""
    assert client.stream.line() == b""
    assert client.get("/next").body == marker("/next")


@pytest.mark.parametrize("framing", [b"Content-Length: 10\r\n", b""], ids=["length", "to the end"])
def test_what_has_come_of_a_reply_is_passed_on_at_once(framing: bytes, client: Client, origin: Origin) -> None:
    """The head before any body, and the first half before the second, also without chunks."""
    turns = threading.Semaphore(0)

    def halves(connection: Connection, seen: Request) -> None:
        for piece in [b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n", b"first", b"other"]:
            connection.send(piece)
            assert turns.acquire(timeout=10)
        if not framing:
            connection.close()

    origin.answers["/halves"] = halves
    client.send(request("GET", "/halves"))
    answer = client.head()
    for word in [b"first", b"other"]:
        turns.release()
        while word not in client.stream.received:
            assert client.stream.more()
    turns.release()
    assert client.body(answer).body == b"firstother"


def test_what_has_come_of_a_request_is_passed_on_at_once(client: Client, origin: Origin) -> None:
    """A client that streams its body chunk by chunk is heard chunk by chunk."""
    heard: list[bytes] = []
    news = threading.Semaphore(0)

    def listen(connection: Connection, seen: Request) -> None:
        news.release()
        while connection.stream.more():
            heard.append(connection.stream.pending)
            news.release()
            if b"0\r\n\r\n" in heard[-1]:
                break
        connection.read_body(seen)
        connection.send(reply(seen.body))

    origin.answers["/listen"] = listen
    client.send(request("POST", "/listen", "Transfer-Encoding: chunked"))
    assert news.acquire(timeout=10)
    for word in [b"one", b"two", b"three"]:
        client.send(b"%x\r\n%s\r\n" % (len(word), word))
        assert news.acquire(timeout=10)
        assert word in heard[-1]
    client.send(b"0\r\n\r\n")
    assert client.reply().body == b"onetwothree"


def test_both_directions_at_once(client: Client, origin: Origin) -> None:
    """An upstream that answers while it still reads, as an echo does: neither direction waits for the other."""

    def echo(connection: Connection, seen: Request) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n")
        for _ in range(10):
            line = connection.stream.line()
            data = connection.stream.exactly(int(line, 16) + 2)
            connection.send(line + b"\r\n" + data)
        assert connection.stream.exactly(5) == b"0\r\n\r\n"
        seen.complete = True
        connection.send(b"0\r\n\r\n")

    origin.answers["/echo"] = echo
    client.send(request("POST", "/echo", "Transfer-Encoding: chunked"))
    client.send(b"1\r\n0\r\n")
    answer = client.head()
    assert client.chunk() == b"0"
    for at in range(1, 10):
        client.send(b"1\r\n%d\r\n" % at)
        assert client.chunk() == b"%d" % at
    client.send(b"0\r\n\r\n")
    assert client.body(answer).body == b""


def test_trailers_are_dropped_both_ways(client: Client, origin: Origin) -> None:
    def trailing(connection: Connection, seen: Request) -> None:
        connection.read_body(seen)
        connection.send(b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n" + chunked(b"hello", trailer=b"X-Sum: 1\r\nA: b\r\n"))

    origin.answers["/trailers"] = trailing
    data = request("POST", "/trailers", "Transfer-Encoding: chunked", "Trailer: X-Sum") + chunked(
        b"x", trailer=b"X-Sum: 2\r\n"
    )
    answer = client.exchange(data)
    assert (answer.body, answer.trailers) == (b"hello", ())
    assert "x-sum" not in answer.names
    (seen,) = origin.requests
    assert (seen.body, seen.trailers) == (b"x", ())
    assert not {"x-sum", "trailer"} & set(seen.names)
    assert client.get("/next").body == marker("/next")


@pytest.mark.parametrize("framing", ["Content-Length: 5", "Transfer-Encoding: chunked"])
def test_head_has_the_fields_and_no_body(framing: str, client: Client, origin: Origin) -> None:
    origin.answers["/head"] = lambda connection, _: connection.send(
        f"HTTP/1.1 200 OK\r\nA: b\r\n{framing}\r\n\r\n".encode()
    )
    for _ in range(3):
        answer = client.exchange(request("HEAD", "/head"))
        assert (answer.status, answer.text("a")) == (200, "b")
        if framing.startswith("Content"):
            assert answer.text("content-length") == "5"
    assert client.get("/next").body == marker("/next")


def test_an_error_to_a_head_has_no_body(client: Client, origin: Origin) -> None:
    origin.answers["/head"] = lambda connection, _: connection.close()
    answer = client.exchange(request("HEAD", "/head"))
    assert (answer.status, answer.body) == (502, b"")
    if not answer.closing:
        assert client.get("/next").body == marker("/next")


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_a_reply_without_a_body_keeps_the_connection(status: str, client: Client, origin: Origin) -> None:
    origin.answers["/none"] = lambda connection, _: connection.send(f'HTTP/1.1 {status}\r\nETag: "a"\r\n\r\n'.encode())
    for _ in range(3):
        answer = client.get("/none")
        assert (answer.status, answer.framing, answer.text("etag")) == (int(status[:3]), "none", '"a"')
        assert answer.all("transfer-encoding") == []
    assert client.get("/next").body == marker("/next")


def test_early_hints_are_passed_on_as_they_come(client: Client, origin: Origin) -> None:
    read = threading.Event()

    def hint(connection: Connection, seen: Request) -> None:
        connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n")
        assert read.wait(10)
        connection.send(reply(b"hello"))

    origin.answers["/hints"] = hint
    client.send(request("GET", "/hints"))
    early = client.interim()
    assert (early.status, early.text("link")) == (103, "</a>; rel=preload")
    assert "x-hop" not in early.names
    read.set()
    assert client.reply().body == b"hello"


def test_an_expecting_client_is_told_to_go_on(client: Client, origin: Origin) -> None:
    """It sends its body only then, and the origin gets it all."""
    client.send(request("POST", "/expect", "Expect: 100-continue", "Content-Length: 5"))
    assert client.interim().status == 100
    client.send(b"hello")
    assert client.reply().body == marker("/expect")
    assert [(seen.body, seen.all("expect")) for seen in origin.requests] in (
        [(b"hello", [])],
        [(b"hello", [b"100-continue"])],
    )


def test_an_expecting_client_with_chunks(client: Client, origin: Origin) -> None:
    client.send(request("POST", "/expect", "Expect: 100-Continue", "Transfer-Encoding: chunked"))
    assert client.interim().status == 100
    client.send(chunked(b"hello"))
    assert client.reply().body == marker("/expect")
    assert origin.requests[0].body == b"hello"


def test_an_expecting_client_that_does_not_wait(client: Client, origin: Origin) -> None:
    client.send(request("POST", "/expect", "Expect: 100-continue", body=b"hello") + request("GET", "/next"))
    answer = client.reply()
    assert (answer.body, len(answer.interim)) in {(marker("/expect"), 0), (marker("/expect"), 1)}
    assert client.reply().body == marker("/next")


def test_an_expectation_in_an_old_version_is_none(gateway: Gateway, origin: Origin) -> None:
    with gateway.connect() as client:
        client.send(request("POST", "/expect", "Expect: 100-continue", version="1.0", body=b"hello"))
        answer = client.reply()
    assert (answer.body, answer.interim) == (marker("/expect"), [])


@pytest.mark.parametrize("status", ["417 Expectation Failed", "403 Forbidden", "200 OK"])
def test_an_upstream_may_answer_before_the_body(status: str, client: Client, gateway: Gateway, origin: Origin) -> None:
    """Whether it was told to go on or not, the client reads that answer, and nobody loses step."""
    origin.answers["/expect"] = lambda connection, _: connection.send(
        reply(b"final", "Connection: close", status=status)
    )
    client.send(request("POST", "/expect", "Expect: 100-continue", "Content-Length: 5"))
    answer = client.reply("POST")
    assert (answer.status, answer.body) == (int(status[:3]), b"final")
    if not answer.closing:
        client.send(b"hello")
        assert client.get("/next").body == marker("/next")
    with gateway.connect() as other:
        assert other.get("/other").body == marker("/other")


def test_an_upstream_that_says_continue_itself(client: Client, origin: Origin) -> None:
    """The client sees at least one 100 and the final answer, in that order."""

    def polite(connection: Connection, seen: Request) -> None:
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        marked(connection, seen)

    origin.answers["/expect"] = polite
    client.send(request("POST", "/expect", "Expect: 100-continue", "Content-Length: 5"))
    assert client.interim().status == 100
    client.send(b"hello")
    answer = client.reply()
    assert (answer.body, {early.status for early in answer.interim} <= {100}) == (marker("/expect"), True)


def test_a_body_beyond_the_limit_is_refused_before_it_is_asked_for(client: Client, origin: Origin) -> None:
    client.send(request("POST", "/expect", "Expect: 100-continue", "Content-Length: 99999999999"))
    answer = client.reply()
    assert_refused(answer, "body_too_large")
    assert answer.interim == []


def test_ten_thousand_small_chunks_both_ways(client: Client, origin: Origin) -> None:
    parts = [b"%d" % (at % 10) for at in range(10_000)]

    def many(connection: Connection, seen: Request) -> None:
        connection.read_body(seen)
        connection.send(b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n" + chunked(*parts))

    origin.answers["/many"] = many
    answer = client.exchange(request("POST", "/many", "Transfer-Encoding: chunked") + chunked(*parts))
    assert answer.body == b"".join(parts)
    assert origin.requests[0].body == b"".join(parts)
    assert client.get("/next").body == marker("/next")


@pytest.mark.parametrize("size", [1, 1000, 16_384, 65_535, 65_536, 65_537, 1_000_000, 5_000_000])
def test_bodies_around_the_sizes_of_buffers(size: int, client: Client, origin: Origin) -> None:
    """Byte for byte, with a length and with chunks, both ways."""
    body = bytes(range(251)) * (size // 251 + 1)
    body = body[:size]

    def echo(connection: Connection, seen: Request) -> None:
        connection.read_body(seen)
        connection.send(
            reply(seen.body)
            if seen.path == "/length"
            else b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n" + chunked(seen.body)
        )

    origin.answers = {"/length": echo, "/chunks": echo}
    assert client.post("/length", body).body == body
    assert client.exchange(request("POST", "/chunks", "Transfer-Encoding: chunked") + chunked(body)).body == body
    assert [seen.body == body for seen in origin.requests] == [True, True]
