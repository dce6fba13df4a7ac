"""Probes by copies: what counts as a good answer of a variant whose breaker is open."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from gateway.core.model import BreakerSettings, Headers, Timeouts
from tests.shadow.stage import ShadowProcess, Worker, snapshot, variant
from tests.shadow.test_comparing import STREAM, endless, hang, reset
from tests.support.http1 import Request
from tests.support.origin import Connection, Origin, Script, canned, reply

Serve = Callable[..., Worker]
EVENT = b'data: {"choices": [{"delta": {"content": "x"}}]}\n\n'
TIMES = Timeouts(connect=1.0, first_byte=0.4, idle=0.4, total=2.0)


@pytest.fixture
def probing(shadow: ShadowProcess, model: Origin) -> Any:
    """What comes of one probe of `model`."""

    def outcome(**settings: Any) -> tuple[str, str]:
        body, protocol = settings.pop("body", b""), settings.pop("protocol", "http")
        within = settings.pop("within", None)
        candidate = variant("candidate", model.url, **{"timeouts": TIMES, **settings})
        with shadow.worker(snapshot(variant("live"), candidate, protocol=protocol)) as worker:
            return worker.outcome(body, reply=None, within=within)

    return outcome


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (canned(reply(b"well")), ("probed", "")),
        (canned(reply(b"", status="204 No Content")), ("probed", "")),
        (canned(reply(b"x" * (3 << 20))), ("probed", "")),
        (endless(STREAM, b"data: x\n\n"), ("probed", "")),
        (canned(reply(b"", status="302 Found")), ("error", "status")),
        (canned(reply(b"", status="401 No")), ("error", "status")),
        (canned(reply(b"", status="500 Oops")), ("error", "status")),
        (canned(reply(b"half", length=9), close=True), ("error", "reply")),
        (reset, ("error", "reply")),
        (hang, ("error", "timeout")),
    ],
)
def test_a_probe_is_good_with_a_whole_reply_of_2xx(
    probing: Callable[..., tuple[str, str]], model: Origin, script: Script, outcome: tuple[str, str]
) -> None:
    """A stream is good once it has begun."""
    model.answer = script
    assert probing() == outcome


def test_a_probe_that_is_not_reached_failed(shadow: ShadowProcess) -> None:
    """It could be sent, and nobody was there."""
    settings = snapshot(variant("live"), variant("candidate", "http://127.0.0.1:1"))
    with shadow.worker(settings) as worker:
        assert worker.outcome(reply=None) == ("error", "connect")


def test_a_probe_that_cannot_be_sent_is_released(shadow: ShadowProcess, model: Origin) -> None:
    """It says nothing of the variant."""
    settings = snapshot(variant("live"), variant("candidate", model.url, model="m"), protocol="openai")
    with shadow.worker(settings) as worker:
        assert worker.outcome(b"no json", reply=None) == ("released", "no_model")
        assert worker.outcome(reply=None, variant="other") == ("released", "gone")
        assert worker.outcome(reply=None, route="other") == ("released", "gone")
    assert model.requests == []


def slow(connection: Connection, request: Request) -> None:
    """Later than it may be."""
    connection.read_body(request)
    connection.sock.settimeout(0.3)
    try:
        connection.wait_gone()
    except TimeoutError:
        connection.send(reply(b"late"))


@pytest.mark.parametrize(
    ("settings", "outcome"),
    [
        ({}, ("probed", "")),
        ({"within": 0.1}, ("error", "timeout")),
        ({"within": 0.1, "protocol": "openai"}, ("probed", "")),
        ({"within": 0.1, "protocol": "openai", "body": b'{"stream": true}'}, ("error", "timeout")),
        ({"within": 0.1, "protocol": "openai", "breaker": BreakerSettings(slow_after=0.1)}, ("error", "timeout")),
    ],
)
def test_a_slow_answer_is_no_good_one(
    probing: Callable[..., tuple[str, str]], model: Origin, settings: dict[str, Any], outcome: tuple[str, str]
) -> None:
    """Slower than the breaker takes as slow; who may think long first is slow only by a length that was set."""
    model.answer = slow
    assert probing(**settings) == outcome


@pytest.mark.parametrize(
    ("pieces", "outcome"),
    [
        ((b'data: {"choices": [{"delta": {"role": "assistant"}}]}\n\n', EVENT), ("probed", "")),
        ((b'data: {"error": "full"}\r\n\r\n',), ("error", "reply")),
        ((b": still here\n\n",), ("probed", "")),
        ((b":" * (65 << 10),), ("probed", "")),
    ],
)
def test_an_openai_stream_is_good_once_it_says_something(
    probing: Callable[..., tuple[str, str]], model: Origin, pieces: tuple[bytes, ...], outcome: tuple[str, str]
) -> None:
    """An error as its first word is none; one that ends without a word ended well."""
    model.answer = canned(STREAM, *pieces, close=True)
    assert probing(protocol="openai", body=b'{"stream": true}') == outcome


def test_a_stream_that_says_nothing_in_time_is_no_good_one(
    probing: Callable[..., tuple[str, str]], model: Origin
) -> None:
    """However often it says that it is still there."""
    over = threading.Event()

    def murmur(connection: Connection, request: Request) -> None:
        connection.read_body(request)
        connection.finished = True
        connection.send(STREAM)
        while not over.wait(0.02):
            connection.send(b": still here\n\n")

    model.answer = murmur
    assert probing(protocol="openai", body=b'{"stream": true}') == ("error", "timeout")
    over.set()


def test_a_probe_is_marked_and_has_the_variants_own_credentials(shadow: ShadowProcess, model: Origin) -> None:
    """Not the caller's."""
    headers = Headers((("authorization", "Bearer own"),))
    settings = snapshot(variant("live"), variant("candidate", model.url, headers=headers))
    with shadow.worker(settings) as worker:
        assert worker.outcome(reply=None, fields=((b"authorization", b"Bearer caller"),)) == ("probed", "")
    (sent,) = model.wait_requests(1)
    assert (sent.all("authorization"), sent.all("x-gateway-shadow")) == ([b"Bearer own"], [b"r"])
