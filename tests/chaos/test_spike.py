"""A model that turns bad under load: callers do not notice, and it is back soon after it is well again."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.support.faulty import Faulty, Mode
from tests.support.gateway import Config, Gateway

CALLS, CLIENTS, TURN_AT = 600, 16, 200
SLOW_AFTER, OPEN_FOR = 0.5, 1.0
SLACK = 1.5
"""Seconds that this machine may be late, being busy with other things."""
PATIENCE = 30.0


def settings(good: Faulty, bad: Faulty) -> Config:
    breaker = {"slow_after": "500ms", "open_for": "1s", "max_open_for": "1s"}
    return {
        "workers": 2,
        "variants": {"good": {"endpoints": [good.url]}, "bad": {"endpoints": [bad.url], "breaker": breaker}},
        "routes": {
            "r": {
                "match": {"path": "/x"},
                "targeting_key": [{"header": "x-user"}],
                "split": {"bad": 1},
                "fallback": {"variants": ["good"]},
            }
        },
    }


@pytest.fixture
def good() -> Iterator[Faulty]:
    with Faulty("good") as model:
        yield model


@pytest.fixture
def bad() -> Iterator[Faulty]:
    with Faulty("bad") as model:
        yield model


@dataclass
class Seen:
    """What the callers saw."""

    answers: Counter[tuple[int, bytes, str]] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    calls: Iterator[int] = field(default_factory=lambda: iter(range(CALLS)))
    lock: threading.Lock = field(default_factory=threading.Lock)


def ask(client: http.client.HTTPConnection, user: int) -> tuple[int, bytes, str]:
    client.request("POST", "/x", body=b"abc", headers={"x-user": f"u{user}"})
    reply = client.getresponse()
    return reply.status, reply.read(), reply.getheader("x-gateway-reason", "")


def call(gateway: Gateway, bad: Faulty, mode: Mode, seen: Seen) -> None:
    """One client, over one connection as long as it lasts."""
    client = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
    while True:
        with seen.lock:
            number = next(seen.calls, None)
        if number is None:
            return client.close()
        if number == TURN_AT:
            bad.turn(mode)
        begun = time.monotonic()
        answer = ask(client, number)
        with seen.lock:
            seen.answers[answer] += 1
            seen.waits.append(time.monotonic() - begun)


def spike(gateway: Gateway, bad: Faulty, mode: Mode) -> Seen:
    seen = Seen()
    clients = [threading.Thread(target=call, args=(gateway, bad, mode, seen)) for _ in range(CLIENTS)]
    for each in clients:
        each.start()
    for each in clients:
        each.join(PATIENCE)
    return seen


def is_back(gateway: Gateway) -> bool:
    client = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
    give_up = time.monotonic() + OPEN_FOR + 1.0 + SLACK
    while time.monotonic() < give_up:
        if ask(client, 1)[1] == b"bad":
            client.close()
            return True
        time.sleep(0.02)
    client.close()
    return False


@pytest.mark.parametrize("mode", ["500", "reset", "close", "garbage", "hang"])
def test_callers_do_not_notice(mode: Mode, good: Faulty, bad: Faulty) -> None:
    with Gateway(settings(good, bad)) as gateway:
        seen = spike(gateway, bad, mode)
        assert sum(seen.answers.values()) == CALLS, "every caller has an answer"
        assert {answer[:2] for answer in seen.answers} == {(200, b"bad"), (200, b"good")}
        assert bad.hits <= 40
        waited = [each for each in seen.waits if each > SLOW_AFTER * 0.8]
        assert len(waited) < 30
        assert max(seen.waits) < SLOW_AFTER + 0.3 + SLACK
        bad.turn("ok")
        assert is_back(gateway)
        metrics = gateway.metrics()
        told = Counter[str]()
        for name, value in metrics.items():
            if name.startswith("gateway_requests_total{"):
                told[name.split('reason="')[1].split('"')[0]] += int(value)
        saw = Counter[str]()
        for (_, _, reason), count in seen.answers.items():
            saw[reason] += count
        assert {reason: told[reason] for reason in saw if reason.startswith("fallback:error")} == {
            reason: count for reason, count in saw.items() if reason.startswith("fallback:error")
        }
        assert sum(value for name, value in metrics.items() if name.startswith("gateway_breaker_trips_total")) >= 1


def test_a_request_that_every_model_answers_with_an_error_opens_nothing(good: Faulty, bad: Faulty) -> None:
    good.turn("500")
    bad.turn("500")
    with Gateway(settings(good, bad)) as gateway:
        client = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
        answers = [ask(client, number) for number in range(30)]
        client.close()
        assert {answer[:2] for answer in answers} == {(500, b"bad")}
        assert gateway.total("gateway_breaker_state") == 0
        assert bad.hits + good.hits <= 30 * 2


def test_everything_down_is_said_at_once(good: Faulty, bad: Faulty) -> None:
    good.turn("reset")
    bad.turn("reset")
    with Gateway(settings(good, bad)) as gateway:
        client = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
        answers = [ask(client, number)[0] for number in range(60)]
        client.close()
    assert set(answers) == {502, 503}
    assert set(answers[-10:]) == {503}
    assert bad.hits + good.hits < 60
