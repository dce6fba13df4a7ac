"""A model's length: what the client is told is what the model said, wherever its bytes were cut or broke off."""

import threading

from tests.support import kernel
from tests.support.client import Client, request
from tests.support.gateway import Config, Told, config
from tests.support.http1 import Request
from tests.support.origin import Connection, Origin, Script, canned, marker, reply

BODY = b"h" * 100 + b"w" * 300
EARLY = b"HTTP/1.1 103 Early Hints\r\n\r\n" + reply(length=len(BODY))
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsecon\r\n1\r\nd\r\n0\r\n\r\n"

CHAT = b'{"model": "m", "stream": true}'
EVENTS = "Content-Type: text/event-stream"
EVENT = b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\n'
DONE = b"data: [DONE]\n\n"

SORRY = b"sorry, no GPU"


def chat(origin: Origin) -> Config:
    return config(origin.url, route={"protocol": "openai"})


def cut(pieces: list[bytes], used: list[Connection]) -> Script:
    """Send each piece when the one before has been read, and note the connection."""

    def script(connection: Connection, seen: Request) -> None:
        used.append(connection)
        for piece in pieces:
            connection.send(piece)
            kernel.wait_read_by_peer(connection.sock)

    return script


def test_a_counted_reply_that_came_with_an_interim_one_ends_with_its_last_byte(client: Client, origin: Origin) -> None:
    """The next reply on that connection is read from its beginning."""
    used: list[Connection] = []
    origin.answers["/early"] = cut([EARLY + BODY[:100], BODY[100:]], used)
    origin.answers["/chunks"] = cut([CHUNKED], used)
    early = client.get("/early")
    assert ([hint.status for hint in early.interim], early.body) == ([103], BODY)
    assert client.get("/chunks").body == b"second"
    assert used[0] is used[1]


def two(first: Origin, second: Origin) -> Config:
    """The second is asked where the first fails; no breaker looks at them."""
    variants = {
        "first": {"endpoints": [first.url], "breaker": {"mode": "disabled"}},
        "second": {"endpoints": [second.url], "breaker": {"mode": "disabled"}},
    }
    route = {"match": {"path": "/*"}, "split": {"first": 1}, "fallback": {"variants": ["second"]}}
    return {"workers": 1, "variants": variants, "routes": {"all": route}}


def sorry(kept: threading.Event) -> Script:
    """A whole error reply on a connection that ends with it; tells when the gateway has all of it."""

    def script(connection: Connection, seen: Request) -> None:
        connection.send(reply(SORRY, "Connection: close", status="503 Service Unavailable"))
        connection.wait_gone()
        kept.set()

    return script


def break_off(after: threading.Event) -> Script:
    """No reply: a reset, when the other model is done."""

    def script(connection: Connection, seen: Request) -> None:
        assert after.wait(10)
        connection.reset()

    return script


def test_a_kept_reply_has_its_whole_length(origin: Origin, told: Told) -> None:
    """Its body was here before it was known that it is the answer."""
    kept = threading.Event()
    with Origin() as other, told(two(origin, other)) as gateway, gateway.connect() as client:
        origin.answer, other.answer = sorry(kept), break_off(kept)
        answer = client.get("/")
        assert (answer.status, answer.text("content-length"), answer.body) == (503, str(len(SORRY)), SORRY)
        origin.answer = other.answer = canned(reply(b"next"))
        assert client.get("/next").body == b"next"
        assert other.faults == []


def test_a_chat_stream_with_a_length_is_framed_whole(origin: Origin, told: Told) -> None:
    """Its first event was here before the head went out."""
    origin.answers["/chat"] = canned(reply(EVENT + DONE, EVENTS, "Connection: close"))
    with told(chat(origin)) as gateway, gateway.connect() as client:
        assert client.post("/chat", CHAT).body == EVENT + DONE
        assert client.post("/next", CHAT).body == marker("/next")


def test_the_error_of_a_chat_stream_with_a_length_is_framed(origin: Origin, told: Told) -> None:
    """The model breaks off; the client has a request waiting behind it."""

    def broken(connection: Connection, seen: Request) -> None:
        connection.read_body(seen)
        connection.send(reply(EVENT, EVENTS, length=len(EVENT) + 20))
        kernel.wait_read_by_peer(connection.sock)
        connection.reset()

    origin.answers["/broken"] = broken
    with told(chat(origin)) as gateway, gateway.connect() as client:
        client.send(request("POST", "/broken", body=CHAT) + request("POST", "/behind", body=CHAT))
        stream = client.reply("POST")
        assert stream.body.startswith(EVENT)
        assert b"broke off" in stream.body
        assert client.reply("POST").body == marker("/behind")
