"""A body is read no faster than its model takes it; a client held for one attempt or request is not for the next."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import http1, kernel
from tests.support.client import Client, request
from tests.support.gateway import Config, Told, config
from tests.support.origin import Connection, Origin, canned, marked, marker
from tests.wire.test_ahead import Limits, Model, connected

MIB = 1 << 20
STALL = 2.0
"""Seconds in which nothing is taken: it will not be any more."""
PATIENCE = 20.0


# ---- a model that takes nothing


@contextmanager
def deaf() -> Iterator[str]:
    """The URL of a model that reads nothing at all."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def taken(client: Client, size: int) -> int:
    """How much of a body of that size can be sent."""
    client.send(request("POST", "/", f"Content-Length: {size}"))
    client.sock.settimeout(STALL)
    sent = 0
    try:
        while sent < size:
            sent += client.sock.send(bytes(1 << 16))
    except TimeoutError:
        pass
    return sent


def test_a_body_that_was_looked_into_is_held_as_well(told: Told) -> None:
    """It is longer than what is looked into, and that much alone fills the way to the model."""
    limits = {"body": "64MiB", "inspect_body": "4MiB"}
    with deaf() as url:
        settings = config(url, limits=limits, route={"targeting_key": [{"json": "$.user"}]})
        with told(settings) as gateway, gateway.connect() as client:
            assert taken(client, 60 * MIB) < 30 * MIB
            client.reset()


# ---- the next attempt


def wait_held(client: Client) -> None:
    """Return when the gateway has read nothing of what the client sent for a while."""
    give_up = time.monotonic() + PATIENCE
    before = 0
    while (unread := kernel.peer_unread(client.sock)) == 0 or unread != before:
        assert time.monotonic() < give_up, "the gateway reads on"
        before = unread
        time.sleep(0.3)


@contextmanager
def sending(client: Client, data: bytes) -> Iterator[None]:
    """All of it is sent meanwhile."""
    sender = threading.Thread(target=client.send, args=(data,))
    sender.start()
    yield
    sender.join(PATIENCE)
    assert not sender.is_alive()


def before_spare(url: str, spare: str) -> Config:
    """Every call goes to the model at `url`, and to the spare one where that fails."""
    off = {"mode": "disabled"}
    variants = {"first": {"endpoints": [url], "breaker": off}, "spare": {"endpoints": [spare], "breaker": off}}
    route = {"match": {"path": "/*"}, "split": {"first": 1}, "fallback": {"variants": ["spare"]}, "deadline": "9s"}
    return {"workers": 1, "variants": variants, "routes": {"all": route}}


def test_what_was_held_for_one_model_is_read_for_the_next(told: Told, origin: Origin, tmp_path: Path) -> None:
    """The first one takes little and leaves; the other one's connection was there already."""
    leave = threading.Event()

    def take_little(connection: Connection, seen: http1.Request) -> None:
        assert seen.method == "GET" or leave.wait(PATIENCE)
        connection.close()

    whole = request("POST", "/up", body=bytes(MIB))
    with Origin(path=tmp_path / "model") as first, told(before_spare(first.url, origin.url)) as gateway:
        first.answer = take_little
        with gateway.connect() as client:
            assert client.get("/warm").body == marker("/warm")
            client.send(whole[:1000])
            first.wait_heads(2)
            with sending(client, whole[1000:]):
                wait_held(client)
                leave.set()
                assert client.reply("POST").body == marker("/up")
    assert origin.requests[-1].body == bytes(MIB)


# ---- the next request


async def test_what_was_held_for_one_request_is_read_for_the_next() -> None:
    """The next one came with the last bytes of the one that was answered while it was held."""
    model = Model(at_once=False)
    connection, line = connected(model, Limits(body=10_000))
    first, second = request("POST", "/a", body=bytes(5000)), request("POST", "/b", body=bytes(5000))
    connection.data_received(first[:-10])
    model.asked[0].hold(True)
    assert not line.is_read
    connection.data_received(first[-10:] + second[:200])
    connection.answer([b"HTTP/1.1 204 No Content\r\n\r\n"])
    assert [asked.path for asked in model.asked] == [b"/a", b"/b"]
    assert line.is_read


# ---- clocks


def after_a_while(connection: Connection, seen: http1.Request) -> None:
    """The usual answer, three seconds later."""
    time.sleep(3.0)
    marked(connection, seen)


def test_a_request_that_is_not_read_is_not_late(told: Told, origin: Origin) -> None:
    """It waits behind a slow one, three times as long as a client may pause."""
    limits = {"body_idle": "1s", "header_timeout": "1s"}
    both = request("GET", "/slow") + request("POST", "/second", body=bytes(3 * MIB))
    origin.answers["/slow"] = after_a_while
    with (
        told(config(origin.url, limits=limits)) as gateway,
        gateway.connect() as client,
        sending(client, both),
    ):
        assert client.reply().body == marker("/slow")
        assert client.reply("POST").body == marker("/second")


# ---- heads and ends


def test_a_removed_field_is_removed_however_it_is_spelt(told: Told, origin: Origin) -> None:
    """Also from a head that the gateway remembers."""
    settings = config(origin.url, variant={"headers": {"remove": ["x-secret"]}})
    with told(settings) as gateway, gateway.connect() as client:
        for _ in range(3):
            assert client.get("/1", "X_Secret: a", "X-Kept: b").status == 200
            assert client.get("/2", "X_Secret: a", "X-Secret: a", "X-Kept: b").status == 200
    for seen in origin.requests:
        assert b"secret" not in seen.raw_head.lower()
        assert seen.text("x-kept") == "b"


@pytest.mark.parametrize("framing", ["Content-Length: 60", "Transfer-Encoding: chunked"])
def test_after_a_204_that_announced_a_body_its_connection_ends(framing: str, client: Client, origin: Origin) -> None:
    """What may come there later would be taken for the answer to another request."""
    origin.answers["/204"] = canned(f"HTTP/1.1 204 No Content\r\n{framing}\r\n\r\n".encode())
    assert client.get("/warm").status == 200
    assert client.get("/204").status == 204
    (used,) = [known for known in origin.connections if "/204" in [seen.target for seen in known.requests]]
    assert used.gone.wait(10)
    assert client.get("/next").body == marker("/next")
