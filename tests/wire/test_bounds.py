"""Bounds that need a gateway of their own: how many may be connected, and how long a chat stream may say nothing."""

import json

import pytest

from tests.support.gateway import Gateway, Told, config
from tests.support.http1 import Request
from tests.support.origin import Connection, Origin, marker

MOST = 8
ROLE = b'data: {"choices": [{"delta": {"role": "assistant"}}]}\n\n'
WORD = b'data: {"choices": [{"delta": {"content": "word"}}]}\n\n'
ASK = json.dumps({"model": "m", "stream": True}).encode()


def test_no_more_clients_than_the_limit_allows(origin: Origin) -> None:
    """One more is told so at once; when one has left, the next is served."""
    with Gateway(config(origin.url, limits={"connections": MOST})) as gateway:
        clients = [gateway.connect() for _ in range(MOST)]
        for client in clients:
            assert client.get("/in").body == marker("/in")
        with gateway.connect() as one_more:
            refused = one_more.reply()
            assert (refused.status, refused.json()["error"]["code"]) == (503, "overloaded")
            assert refused.text("retry-after") == "1"
            one_more.expect_end()
        clients.pop().close()
        assert _served_at_last(gateway)
        for client in clients:
            client.close()


def _served_at_last(gateway: Gateway) -> bool:
    """The gateway learns of a client's end by itself; until then it may turn the next one away."""
    for _ in range(100):
        with gateway.connect() as client:
            client.send(b"GET /in HTTP/1.1\r\nHost: a\r\n\r\n")
            if client.reply().status == 200:
                return True
    return False


@pytest.mark.parametrize("said", [b"", b": wait\n\n", ROLE])
def test_a_chat_stream_that_says_nothing_is_late(said: bytes, origin: Origin, told: Told) -> None:
    """The first byte of a stream is its first content event; what comes before it does not stop the clock."""

    def stream(connection: Connection, seen: Request) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + said)
        connection.wait_gone()

    origin.answers["/chat"] = stream
    variant = {"timeouts": {"first_byte": "500ms", "idle": "30s"}}
    settings = config(origin.url, variant=variant, route={"protocol": "openai"})
    with told(settings) as gateway, gateway.connect() as client:
        client.send(b"POST /chat HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(ASK), ASK))
        assert client.reply().status == 504


def test_a_chat_stream_that_has_begun_has_the_idle_time(origin: Origin, told: Told) -> None:
    def stream(connection: Connection, seen: Request) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 2000\r\n\r\n" + WORD)
        connection.wait_gone()

    origin.answers["/chat"] = stream
    variant = {"timeouts": {"first_byte": "300ms", "idle": "30s"}}
    settings = config(origin.url, variant=variant, route={"protocol": "openai"})
    with told(settings) as gateway, gateway.connect() as client:
        client.send(b"POST /chat HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(ASK), ASK))
        assert client.head().status == 200
        assert client.chunk() == WORD
        assert client.is_open(1.0)
