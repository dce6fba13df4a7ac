"""A body and the attempts it is sent with: no model gets a part as if it were the whole, none of it is lost."""

import ssl
import threading
from pathlib import Path

import pytest
import trustme

from tests.support import kernel
from tests.support.client import request
from tests.support.gateway import Config, Told, config
from tests.support.http1 import Request
from tests.support.origin import Connection, Origin, Script, marked, marker
from tests.wire.errors import assert_error

PART = 600
PARTS = (b"1" * PART, b"2" * PART, b"3" * PART)
REPLAYED = "1KiB"
"""More than one part, less than two."""


def two(first: Origin, second: dict[str, object], **route: object) -> Config:
    """The second variant is asked where the first fails; no breaker looks at them."""
    tried = {"breaker": {"mode": "disabled"}}
    variants = {"first": {"endpoints": [first.url], **tried}, "second": {**second, **tried}}
    whole = {"match": {"path": "/*"}, "split": {"first": 1}, "fallback": {"variants": ["second"]}, **route}
    return {"workers": 1, "variants": variants, "routes": {"all": whole}}


def parts_of(target: str, *parts: bytes) -> list[bytes]:
    """A request's head with its first part, then the others."""
    head = request("POST", target, f"Content-Length: {sum(map(len, parts))}")
    return [head + parts[0], *parts[1:]]


def reset_after(size: int) -> Script:
    """Read that much of the body, then break off."""

    def script(connection: Connection, seen: Request) -> None:
        connection.stream.exactly(size)
        connection.reset()

    return script


def early_error(go_on: threading.Event) -> Script:
    """Read the first part, and begin an error reply; end it when told, then read the other parts where they come."""

    def script(connection: Connection, seen: Request) -> None:
        first = connection.stream.exactly(PART)
        connection.send(b"HTTP/1.1 503 Sorry\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        assert go_on.wait(10)
        connection.send(b"0\r\n\r\n")
        seen.body = first + connection.stream.exactly(2 * PART)
        seen.complete = True

    return script


def left_behind(origin: Origin, told: Told, **route: object) -> bytes:
    """The first model's early error is the answer after all, though the other had a part of the body meanwhile.

    Answers what came by the first one's connection, behind the request's head, when another client was answered.
    """
    all_sent = threading.Event()
    first, second, third = parts_of("/first", *PARTS)
    with Origin() as other, told(two(origin, {"endpoints": [other.url]}, **route)) as gateway:
        origin.answers["/first"], other.answer = early_error(all_sent), reset_after(2 * PART)
        with gateway.connect() as client, gateway.connect() as innocent:
            client.send(first)
            other.wait_heads(1)
            client.send(second)
            assert (client.head().status, client.chunk()) == (503, b"abc")
            client.send(third)
            kernel.wait_read_by_peer(client.sock)
            all_sent.set()
            assert client.chunk() == b""
            assert innocent.get("/innocent").body == marker("/innocent")
        assert other.faults == []
    [asked] = [known for known in origin.connections if origin.requests[0] in known.requests]
    return asked.received.partition(origin.requests[0].raw_head)[2]


def test_a_model_that_missed_a_part_for_good_is_not_told_the_rest(origin: Origin, told: Told) -> None:
    """Nothing else goes by its connection, least of all another client's request."""
    assert left_behind(origin, told, replay_body=REPLAYED) == PARTS[0]


def test_a_model_that_missed_a_part_is_told_it_while_it_is_kept(origin: Origin, told: Told) -> None:
    """What follows the whole body on its connection is another request, if anything."""
    got = left_behind(origin, told)
    assert got.startswith(b"".join(PARTS))
    assert origin.requests[0].body == b"".join(PARTS)


def patient_error(size: int) -> Script:
    """Begin an error reply after the first part of the body, and end it after so much more."""

    def script(connection: Connection, seen: Request) -> None:
        first = connection.stream.exactly(PART)
        connection.send(b"HTTP/1.1 503 Sorry\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        seen.body = first + connection.stream.exactly(size)
        seen.complete = True
        connection.send(b"0\r\n\r\n")

    return script


def test_a_body_held_for_a_model_that_cannot_be_reached_goes_on_to_the_one_before(origin: Origin, told: Told) -> None:
    """It is too large to be kept while the other is connected to, and not read any further until then."""
    rest = bytes(1 << 20)
    origin.answer = patient_error(len(rest))
    with kernel.full_listener() as port:
        model: dict[str, object] = {"endpoints": [f"http://127.0.0.1:{port}"], "timeouts": {"connect": "1s"}}
        with told(two(origin, model, replay_body="64KiB")) as gateway, gateway.connect() as client:
            first, second = parts_of("/", PARTS[0], rest)
            client.send(first)
            origin.wait_heads(1)
            client.send_pieces([second])
            assert client.reply("POST").body == b"abc"
    assert origin.requests[0].body == PARTS[0] + rest


class Shy:
    """A TLS context whose server answers no handshake until it is told."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca = folder / "ca.pem"
        authority.cert_pem.write_to_path(self.ca)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(self.context)
        self.asked, self.told = threading.Event(), threading.Event()
        self.context.sni_callback = lambda *_: self._wait()

    def _wait(self) -> None:
        self.asked.set()
        assert self.told.wait(10)


def test_what_comes_while_the_second_attempt_connects_is_not_lost(origin: Origin, told: Told, tmp_path: Path) -> None:
    """Though it is more by then than is kept for another attempt."""
    shy = Shy(tmp_path)
    first, second, third = parts_of("/late", *PARTS)
    origin.answer = reset_after(PART)
    with Origin(tls=shy.context) as late:
        model: dict[str, object] = {"endpoints": [f"https://localhost:{late.port}"], "tls": {"ca": str(shy.ca)}}
        with told(two(origin, model, replay_body=REPLAYED)) as gateway, gateway.connect() as client:
            client.send(first)
            assert shy.asked.wait(10)
            client.send(second)
            kernel.wait_read_by_peer(client.sock)
            shy.told.set()
            client.send(third)
            assert client.reply("POST").body == marker("/late")
        assert late.requests[0].body == b"".join(PARTS)
        assert late.faults == []


def once(connection: Connection, seen: Request) -> None:
    """A model whose connections are stale after one request, which only the next one learns."""
    if len(connection.requests) > 1:
        connection.reset()
    else:
        marked(connection, seen)


@pytest.mark.parametrize("size", [2 << 10, 2 << 20])
def test_a_body_too_large_to_be_sent_twice_goes_by_no_connection_that_may_be_stale(
    size: int, origin: Origin, told: Told
) -> None:
    """Also where it is here whole, since it was looked into."""
    body = b'{"model": "m", "x": "%b"}' % (b"x" * size)
    origin.answer = once
    route = {"protocol": "openai", "replay_body": REPLAYED}
    with told(config(origin.url, route=route)) as gateway, gateway.connect() as client:
        assert [client.post(f"/{at}", body).status for at in range(3)] == [200, 200, 200]


@pytest.mark.parametrize(
    ("route", "variant"),
    [({"deadline": "1s"}, {}), ({}, {"timeouts": {"first_byte": "200ms"}})],
    ids=["deadline", "first_byte"],
)
def test_an_expectation_whose_body_came_at_once_ends_in_time(
    route: dict[str, object], variant: dict[str, object], origin: Origin, told: Told
) -> None:
    """The clocks run as for any other request, and nobody is asked for a body that is here."""
    ended = threading.Event()

    def silent(connection: Connection, seen: Request) -> None:
        connection.read_body(seen)
        assert ended.wait(20)

    origin.answer = silent
    with told(config(origin.url, route=route, variant=variant)) as gateway, gateway.connect() as client:
        try:
            answer = client.post("/", b"hello", "Expect: 100-continue")
        finally:
            ended.set()
    assert_error(answer, "upstream_timeout")
    assert answer.interim == []
