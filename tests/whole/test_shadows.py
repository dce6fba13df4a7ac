"""A shadow cannot hurt: whatever its model or its process does, callers get the same answers.

And each copy is accounted for.

The same requests go, in turns, to a route without a shadow and to one with; in full more of them, and their times are
compared as well: the best of three, since the machine has other things to do.
"""

import http.client
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import quantiles
from typing import Any

import orjson
import pytest

from tests.chaos.world import get
from tests.support import kernel
from tests.support.faulty import Apart, Mode
from tests.support.gateway import Gateway
from tests.whole.models import models
from tests.whole.scale import FULL, sized, tell

CALLS, CLIENTS = sized((150, 4), (3000, 8))
ROUNDS = sized(1, 3)
PATIENCE = 30.0
TRIES = 12
"""Calls on connections of their own: enough to meet both workers."""
MEMORY = 160 << 20
"""Bytes by which a worker may grow: 64 MiB of copies, held once more while they are on their way, and the allocator's
part."""
OWN = {"date", "server-timing", "x-request-id", "x-gateway-route"}
"""Fields of an answer that differ from call to call, or tell of the route."""
Answer = tuple[int, tuple[tuple[str, str], ...], bytes]


def settings(url: str, shadow: str) -> dict[str, Any]:
    """Two routes that differ in nothing but a shadow."""
    route = {"targeting_key": [{"header": "x-user"}], "split": {"live": 1}}
    timeouts = {"first_byte": "1s", "total": "2s"}
    copied = {"variant": "next", "timeout": "2s"}
    return {
        "workers": 2,
        "variants": {"live": {"endpoints": [url]}, "next": {"endpoints": [shadow], "timeouts": timeouts}},
        "routes": {
            "bare": {**route, "match": {"path": "/bare/*"}},
            "copied": {**route, "match": {"path": "/copied/*"}, "shadow": [copied]},
        },
    }


def ask(client: http.client.HTTPConnection, route: str, number: int) -> tuple[Answer, float]:
    """The answer to the call of that number, and how long it took; every tenth has a body of 200 KiB."""
    body = b'{"number": %d, "rest": "%s"}' % (number, b"x" * (0 if number % 10 else 200 << 10))
    fields = {"x-user": f"user-{number}", "content-type": "application/json"}
    begun = time.perf_counter()
    client.request("POST", f"/{route}/x", body=body, headers=fields)
    reply = client.getresponse()
    text = reply.read()
    waited = time.perf_counter() - begun
    told = tuple((name.lower(), value) for name, value in reply.getheaders() if name.lower() not in OWN)
    return (reply.status, told, text), waited


class Run:
    """All answers of one route, and their times."""

    def __init__(self, gateway: Gateway, route: str) -> None:
        self.answers: dict[int, Answer] = {}
        self.waits: list[float] = []
        self._gateway = gateway
        self._route = route
        self._numbers = iter(range(CALLS))
        self._lock = threading.Lock()
        callers = [threading.Thread(target=self._call) for _ in range(CLIENTS)]
        for each in callers:
            each.start()
        for each in callers:
            each.join(PATIENCE * 2)

    def _call(self) -> None:
        client = http.client.HTTPConnection("127.0.0.1", self._gateway.port, timeout=PATIENCE)
        while True:
            with self._lock:
                number = next(self._numbers, None)
            if number is None:
                return client.close()
            answer, waited = ask(client, self._route, number)
            with self._lock:
                self.answers[number] = answer
                self.waits.append(waited)

    def times(self) -> tuple[float, float]:
        """p50 and p99, in milliseconds."""
        cut = quantiles(self.waits, n=100)
        return cut[49] * 1000, cut[98] * 1000


def shadow_process(gateway: Gateway) -> int | None:
    """Its process id, if it runs."""
    found = [pid for pid, line in kernel.children(gateway.process.pid).items() if "gateway.shadow" in line]
    return found[0] if found else None


@contextmanager
def stopped(gateway: Gateway, _model: Apart) -> Iterator[None]:
    pid = shadow_process(gateway)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)


@contextmanager
def killed_again_and_again(gateway: Gateway, _model: Apart) -> Iterator[None]:
    over = threading.Event()

    def kill() -> None:
        while not over.wait(random.uniform(0.1, 0.4)):
            if (pid := shadow_process(gateway)) is not None:
                os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    yield
    over.set()
    killer.join(PATIENCE)


@contextmanager
def busy(_gateway: Gateway, _model: Apart) -> Iterator[None]:
    """Others of its priority take all processors."""
    command = ["nice", "-n", "10", sys.executable, "-c", "while True: pass"]
    burners = [subprocess.Popen(command) for _ in range(2)]
    yield
    for burner in burners:
        burner.kill()
        burner.wait()


def model(mode: Mode) -> Callable[[Gateway, Apart], Any]:
    @contextmanager
    def turned(_gateway: Gateway, faulty: Apart) -> Iterator[None]:
        faulty.turn(mode)
        yield
        faulty.turn("ok")

    return turned


@contextmanager
def away(_gateway: Gateway, faulty: Apart) -> Iterator[None]:
    faulty.leave()
    yield
    faulty.come_back()


FAULTS: dict[str, Callable[[Gateway, Apart], Any]] = {
    **{mode: model(mode) for mode in ("ok", "hang", "reset", "garbage", "huge", "trickle", "500")},  # type: ignore[arg-type]
    "refuses": away,
    "process stopped": stopped,
    "process killed": killed_again_and_again,
    "process busy": busy,
}


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Gateway, Apart]]:
    with models() as url, Apart("next") as faulty, Gateway(settings(url, faulty.url)) as gateway:
        Run(gateway, "bare")
        yield gateway, faulty


@pytest.mark.parametrize("fault", FAULTS)
def test_it_cannot_hurt(fault: str, served: tuple[Gateway, Apart]) -> None:
    gateway, faulty = served
    linked(gateway)
    before, sampled = {pid: kernel.memory(pid) for pid in gateway.workers}, report(gateway)["sampled"]
    pairs: list[tuple[tuple[float, float], tuple[float, float]]] = []
    with FAULTS[fault](gateway, faulty):
        for _ in range(ROUNDS):
            bare, copied = Run(gateway, "bare"), Run(gateway, "copied")
            assert len(bare.answers) == len(copied.answers) == CALLS
            assert copied.answers == bare.answers
            pairs.append((bare.times(), copied.times()))
        grown = max(kernel.memory(pid) - size for pid, size in before.items())
    assert grown < MEMORY
    found = accounted(gateway, sampled + CALLS * ROUNDS)
    tell(f"{fault}: {found}; worker grown by {grown >> 20} MiB")
    for without, with_shadow in pairs:
        tell(f"{fault}: p50 {without[0]:.1f} -> {with_shadow[0]:.1f} ms, p99 {without[1]:.1f} -> {with_shadow[1]:.1f}")
    if FULL:
        assert any(b[0] <= a[0] * 1.1 + 1 and b[1] <= a[1] * 2 + 20 for a, b in pairs)


def report(gateway: Gateway) -> Any:
    return get(gateway, "/api/v1/routes/copied/shadows/next")


def linked(gateway: Gateway) -> None:
    """Wait until every worker hands its copies over: a killed shadow process comes back after a while."""
    give_up = time.monotonic() + PATIENCE
    while True:
        before = report(gateway)
        for number in range(TRIES):
            client = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
            ask(client, "copied", number)
            client.close()
        accounted(gateway, before["sampled"] + TRIES)
        if report(gateway)["dropped"] == before["dropped"]:
            return
        assert time.monotonic() < give_up, report(gateway)["dropped"]


def accounted(gateway: Gateway, sampled: int) -> str:
    """Wait until every copy is, and is counted as something."""
    give_up = time.monotonic() + PATIENCE
    while True:
        found = report(gateway)
        parts = found["compared"] + found["ignored"] + sum(found["errors"].values()) + sum(found["dropped"].values())
        if parts == sampled and found["sampled"] == sampled:
            return orjson.dumps({name: found[name] for name in ("compared", "ignored", "errors", "dropped")}).decode()
        assert parts <= sampled
        assert time.monotonic() < give_up, f"{parts} of {sampled} are accounted for: {found}"
        time.sleep(0.1)
