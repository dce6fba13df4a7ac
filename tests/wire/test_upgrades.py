"""Upgrades: after a 101 both sides speak through the gateway as if it were not there; without one it stays HTTP."""

import threading

import pytest

from tests.support.client import Client, chunked, request
from tests.support.gateway import Gateway
from tests.support.http1 import Request
from tests.support.origin import Connection, Origin, marked, marker, reply

UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: a", "Sec-WebSocket-Version: 13")
SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: b\r\n\r\n"
)
ASK = request("GET", "/tunnel", *UPGRADE)


def echo(connection: Connection, seen: Request) -> None:
    """Switch, then give back what comes until the other side ends."""
    connection.send(SWITCH)
    data = connection.stream.exactly(len(connection.stream.pending))
    while data or connection.stream.more():
        connection.send(data)
        data = connection.stream.exactly(len(connection.stream.pending))
    connection.half_close()
    connection.finished = True


@pytest.fixture
def tunnel(client: Client, origin: Origin) -> Client:
    """A client whose connection has become a tunnel to an echo."""
    origin.answers["/tunnel"] = echo
    client.send(ASK)
    answer = client.head()
    assert answer.status == 101
    return client


def test_the_upgrade_and_its_answer_pass_whole(client: Client, origin: Origin) -> None:
    origin.answers["/tunnel"] = echo
    client.send(ASK)
    answer = client.head()
    assert (answer.status, answer.text("upgrade"), answer.text("sec-websocket-accept")) == (101, "websocket", "b")
    assert answer.text("connection").lower() == "upgrade"
    assert "content-length" not in answer.names
    assert "transfer-encoding" not in answer.names
    (seen,) = origin.requests
    assert (seen.text("connection").lower(), seen.text("upgrade")) == ("upgrade", "websocket")
    assert (seen.text("sec-websocket-key"), seen.text("sec-websocket-version")) == ("a", "13")


def test_bytes_go_both_ways(tunnel: Client) -> None:
    for size in [1, 2, 125, 126, 65_536, 1_000_000]:
        data = bytes(range(256)) * (size // 256 + 1)
        sender = threading.Thread(target=tunnel.send, args=(data,))
        sender.start()
        assert tunnel.stream.exactly(len(data)) == data
        sender.join(10)


def test_what_looks_like_http_is_not_looked_at(tunnel: Client, origin: Origin) -> None:
    data = request("GET", "/hidden") + b"\x00\r\n\r\n" + request("GET", "/again")
    tunnel.send(data)
    assert tunnel.stream.exactly(len(data)) == data
    assert [seen.target for seen in origin.requests] == ["/tunnel"]


def test_bytes_sent_ahead_of_the_answer(client: Client, origin: Origin) -> None:
    """A client that does not wait for the 101: its bytes stay behind the head, in order."""
    origin.answers["/tunnel"] = echo
    client.send(ASK + b"first ")
    client.send(b"second")
    assert client.head().status == 101
    assert client.stream.exactly(12) == b"first second"


def test_bytes_behind_the_answers_head(client: Client, origin: Origin) -> None:
    """An upstream that speaks in the segment of its 101."""

    def welcome(connection: Connection, seen: Request) -> None:
        connection.send(SWITCH + b"welcome")
        connection.wait_gone()

    origin.answers["/tunnel"] = welcome
    client.send(ASK)
    assert client.head().status == 101
    assert client.stream.exactly(7) == b"welcome"


def test_the_client_ends_its_half_first(tunnel: Client) -> None:
    tunnel.send(b"last words")
    tunnel.end_sending()
    assert tunnel.stream.rest() == b"last words"


def test_the_upstream_ends_its_half_first(client: Client, origin: Origin) -> None:
    """What the client still says after that reaches it."""
    heard: list[bytes] = []
    over = threading.Event()

    def leave(connection: Connection, seen: Request) -> None:
        connection.send(SWITCH + b"goodbye")
        connection.half_close()
        heard.append(connection.stream.rest())
        connection.finished = True
        over.set()

    origin.answers["/tunnel"] = leave
    client.send(ASK)
    assert client.head().status == 101
    assert client.stream.rest() == b"goodbye"
    client.send(b"answer")
    client.end_sending()
    assert over.wait(10)
    assert heard == [b"answer"]


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_a_client_that_leaves_ends_the_upstream_side(leave: str, client: Client, origin: Origin) -> None:
    gone = threading.Event()

    def listen(connection: Connection, seen: Request) -> None:
        connection.send(SWITCH)
        connection.wait_gone()
        gone.set()

    origin.answers["/tunnel"] = listen
    client.send(ASK)
    assert client.head().status == 101
    client.reset() if leave == "reset" else client.close()
    assert gone.wait(10)


def test_an_upstream_that_resets_ends_the_client_side(client: Client, origin: Origin) -> None:
    def drop(connection: Connection, seen: Request) -> None:
        connection.send(SWITCH)
        connection.reset()

    origin.answers["/tunnel"] = drop
    client.send(ASK)
    try:
        assert client.head().status == 101
        client.expect_end()
    except ConnectionResetError:
        return


def test_a_slow_reader_slows_the_other_side(client: Client, gateway: Gateway, origin: Origin) -> None:
    """Back-pressure through a tunnel: what nobody reads is not piled up, and nothing of it is lost."""
    sent: list[int] = []
    size = 64 << 20

    def pour(connection: Connection, seen: Request) -> None:
        connection.send(SWITCH)
        for _ in range(size >> 16):
            connection.send(bytes(1 << 16))
            sent.append(1 << 16)
        connection.close()

    origin.answers["/tunnel"] = pour
    client.send(ASK)
    assert client.head().status == 101
    stalled = 0
    while sum(sent) != stalled or not sent:
        stalled = sum(sent)
        threading.Event().wait(0.3)
    assert stalled < size // 2
    left = size - len(client.stream.pending)
    while data := client.sock.recv(1 << 20):
        left -= len(data)
    assert left == 0


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "426 Upgrade Required"])
def test_a_refused_upgrade_leaves_http(status: str, client: Client, origin: Origin) -> None:
    """The connection is used on, also for what was sent behind the question."""
    origin.answers["/tunnel"] = lambda connection, _: connection.send(reply(b"no", status=status))
    client.send(ASK + request("GET", "/behind"))
    answer = client.reply()
    assert (answer.status, answer.body) == (int(status[:3]), b"no")
    assert client.reply().body == marker("/behind")
    assert client.get("/next").body == marker("/next")


def test_a_refused_upgrade_with_garbage_behind_it(client: Client, origin: Origin) -> None:
    """What was meant for the tunnel is no request: one error, and the end."""
    origin.answers["/tunnel"] = lambda connection, _: connection.send(reply(b"no"))
    client.send(ASK + b"\x81\x05hello\r\n\r\n")
    assert client.reply().body == b"no"
    assert client.reply().status == 400
    client.expect_end()


@pytest.mark.parametrize(
    "fields",
    [
        ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"),
        ("Connection: Upgrade, HTTP2-Settings", "Upgrade: H2C", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"),
        ("Connection: upgrade", "Upgrade: h2c"),
        ("Connection: upgrade", "Upgrade: websocket, h2c"),
        ("Connection: upgrade", "Upgrade: h2c, websocket"),
    ],
)
def test_an_upgrade_to_http_2_is_never_forwarded(fields: tuple[str, ...], client: Client, origin: Origin) -> None:
    """It would carry requests past the gateway: the request is answered as an ordinary one, or refused."""
    answer = client.exchange(request("GET", "/tunnel", *fields))
    assert answer.status in {200, 400}
    for seen in origin.requests:
        assert b"h2c" not in seen.raw_head.lower()
        assert "http2-settings" not in seen.names


def test_an_upgrade_in_an_old_version_is_none(gateway: Gateway, origin: Origin) -> None:
    with gateway.connect() as client:
        assert client.exchange(request("GET", "/tunnel", *UPGRADE, version="1.0")).body == marker("/tunnel")
    assert "upgrade" not in origin.requests[0].names


def test_an_upgrade_that_connection_does_not_name_is_none(client: Client, origin: Origin) -> None:
    assert client.get("/tunnel", "Upgrade: websocket").body == marker("/tunnel")
    assert "upgrade" not in origin.requests[0].names
    assert client.get("/next").body == marker("/next")


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_question_with_a_body(framing: str, client: Client, origin: Origin) -> None:
    """The body belongs to the request; the next request begins behind it."""
    if framing == "length":
        data = request("POST", "/tunnel", *UPGRADE, body=b"hello")
    else:
        data = request("POST", "/tunnel", *UPGRADE, "Transfer-Encoding: chunked") + chunked(b"he", b"llo")
    client.send(data + request("GET", "/behind"))
    assert client.reply().body == marker("/tunnel")
    assert client.reply().body == marker("/behind")
    assert [(seen.target, seen.body) for seen in origin.requests] == [("/tunnel", b"hello"), ("/behind", b"")]


def test_a_tunnel_is_not_ended_by_the_clocks_of_requests(tunnel: Client) -> None:
    tunnel.send(b"still ")
    assert tunnel.stream.exactly(6) == b"still "
    assert tunnel.is_open(0.5)
    tunnel.send(b"here")
    assert tunnel.stream.exactly(4) == b"here"


def test_another_request_before_the_tunnel(client: Client, origin: Origin) -> None:
    """A connection that has served HTTP becomes a tunnel as well as a new one."""
    origin.answers["/tunnel"] = echo
    client.send(request("GET", "/first") + ASK + b"words")
    assert client.reply().body == marker("/first")
    assert client.head().status == 101
    assert client.stream.exactly(5) == b"words"


def test_a_101_to_a_body_less_question_that_was_no_upgrade(client: Client, origin: Origin) -> None:
    """A switch nobody asked for is a broken reply, and what follows it is nobody's."""
    origin.answers["/odd"] = lambda connection, _: connection.send(SWITCH + reply(b"foreign"))
    answer = client.get("/odd")
    assert answer.status == 502
    if not answer.closing:
        origin.answer = marked
        assert client.get("/next").body == marker("/next")
