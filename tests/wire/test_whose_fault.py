"""What counts against a model: its errors, however they come, and not the slowness of its clients."""

import re
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from tests.support import kernel
from tests.support.client import request, tcp
from tests.support.gateway import Config, Gateway, Told
from tests.support.http1 import Request
from tests.support.origin import Connection, Origin, Script, marker, reply

PATIENCE = 20.0
ENOUGH = 3
"""Errors in a row that are enough."""
LARGE = 40 << 20


def before_spare(name: str, endpoints: list[str], spare: str, **variant: object) -> Config:
    """Every call goes to the variant with that name, and to a spare one where that fails or is not to be asked."""
    judged = {"endpoints": endpoints, "breaker": {"consecutive_errors": ENOUGH}, **variant}
    variants = {name: judged, "spare": {"endpoints": [spare], "breaker": {"mode": "disabled"}}}
    route = {"match": {"path": "/*"}, "split": {name: 1}, "fallback": {"variants": ["spare"]}}
    return {"workers": 1, "variants": variants, "routes": {"all": route}}


def refuse_in_two_pieces(connection: Connection, seen: Request) -> None:
    """An error whose last byte comes when the rest was read."""
    whole = reply(b"no", status="500 Internal Server Error")
    connection.read_body(seen)
    connection.send(whole[:-1])
    kernel.wait_read_by_peer(connection.sock)
    connection.send(whole[-1:])


def test_errors_that_come_in_two_pieces_trip_the_breaker(told: Told, origin: Origin) -> None:
    """Both endpoints of a pool give nothing else: soon they are asked no more."""
    lasting = {"consecutive_errors": 1000}
    with Origin() as one, Origin() as other:
        one.answer = other.answer = refuse_in_two_pieces
        settings = before_spare("pieces", [one.url, other.url], origin.url, ejection=lasting)
        with told(settings) as gateway, gateway.connect() as client:
            for number in range(60):
                assert client.get(f"/{number}").body == marker(f"/{number}")
        assert len(one.requests) + len(other.requests) < 30


def attempts(gateway: Gateway, variant: str) -> dict[str, float]:
    """How many ended how."""
    pattern = re.compile(rf'gateway_attempts_total{{outcome="(\w+)",variant="{variant}"}}')
    found = [(pattern.fullmatch(name), count) for name, count in gateway.metrics().items()]
    return {match[1]: count for match, count in found if match and count}


def soon(look: Callable[[], object], wanted: object) -> None:
    give_up = time.monotonic() + PATIENCE
    while (seen := look()) != wanted:
        assert time.monotonic() < give_up, f"{seen} is not {wanted}"
        time.sleep(0.05)


def pouring(cut: threading.Semaphore) -> Script:
    """A large reply; tells of it when that is broken off."""

    def pour(connection: Connection, seen: Request) -> None:
        connection.send(reply(length=LARGE))
        try:
            connection.send(*[bytes(1 << 16)] * (LARGE >> 16))
        except OSError:
            connection.close()
            cut.release()

    return pour


def test_clients_that_read_slowly_are_not_the_models_fault(told: Told, origin: Origin) -> None:
    """Each gets its reply until the attempt's `total` is over; the model is asked on."""
    cut = threading.Semaphore(0)
    with Origin() as model, ExitStack() as clients:
        model.answers["/large"] = pouring(cut)
        settings = before_spare("poured", [model.url], origin.url, timeouts={"total": "2s"})
        with told(settings) as gateway:
            for _ in range(ENOUGH + 1):
                clients.enter_context(tcp(gateway.port, receive_buffer=4096)).sendall(request("GET", "/large"))
            for _ in range(ENOUGH + 1):
                assert cut.acquire(timeout=PATIENCE)
            soon(lambda: attempts(gateway, "poured"), {"cancelled": ENOUGH + 1})
            with gateway.connect() as client:
                assert client.get("/next").status == 200
        assert model.requests[-1].target == "/next"
