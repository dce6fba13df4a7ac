"""Changes of the configuration while a breaker is open, half-open or closed: nothing of it is forgotten."""

import threading
import time
import urllib.request
from typing import Any

import orjson

from tests.chaos.test_pools_of_two import endpoints
from tests.chaos.world import OPEN_FOR, SETTLED, Pair, World, eventually, get

PROBES = 3


def breaker(pair: Pair) -> dict[str, Any]:
    """As the status shows it, without its times, and its sentence, which comes a moment later."""
    shown = get(pair.gateway, "/api/v1/status")["variants"][f"{pair.name}-bad"]["breaker"]
    return {name: shown[name] for name in ("state", "forced")}


def change(pair: Pair, **settings: object) -> None:
    """One more revision: the variant gets these settings; without any, something else is changed."""
    where = f"http://127.0.0.1:{pair.gateway.admin_port}/api/v1/config"
    with urllib.request.urlopen(where, timeout=10) as answer:
        document = orjson.loads(answer.read())
    document["limits"] = {"keepalive": f"{60_000 + time.monotonic_ns() % 10_000}ms"}
    document["variants"][f"{pair.name}-bad"].update(settings)
    fields = {"content-type": "application/yaml"}
    request = urllib.request.Request(where, data=orjson.dumps(document), method="PUT", headers=fields)
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert orjson.loads(answer.read())["changed"]


def test_open_half_open_and_closed(world: World) -> None:
    """The time until it tries, the successes of a try, and the failures in a row all go on over a change."""
    pair = world.pair("reloads")
    pair.trip()
    tripped = time.monotonic()
    before = breaker(pair)
    change(pair)
    assert breaker(pair) == before
    time.sleep(SETTLED)
    pair.bad.turn("ok")
    assert {answer.reason for answer in pair.crowd(20, clients=4)} == {"fallback:open"}
    assert pair.bad.hits == 0
    pair.wait_state(1)
    assert time.monotonic() - tripped > OPEN_FOR * 0.5

    time.sleep(SETTLED)
    pair.calls(PROBES - 1)
    before = breaker(pair)
    assert before["state"] == "half_open"
    change(pair, version="2")
    assert breaker(pair) == before
    pair.calls(1)
    pair.wait_state(0)
    assert pair.bad.hits == PROBES

    time.sleep(SETTLED)
    pair.bad.turn("500")
    pair.calls(4)
    change(pair, metadata={"changed": "again"})
    assert breaker(pair)["state"] == "closed"
    pair.calls(1)
    pair.wait_state(2)
    assert pair.bad.hits == 5
    pair.numbers_are_true()


def test_the_last_probe_is_out_while_it_changes(world: World) -> None:
    """Its answer decides, though the variant's settings are others by then."""
    pair = world.pair("reloads-probe")
    pair.trip()
    pair.wait_state(1)
    time.sleep(SETTLED)
    pair.bad.turn("ok")
    pair.calls(PROBES - 1)
    probe = threading.Thread(target=lambda: pair.calls(1, x_fault="late"))
    reached = pair.bad.hits
    probe.start()
    eventually(lambda: pair.bad.hits, reached + 1)
    change(pair, version="2")
    assert breaker(pair)["state"] == "half_open"
    probe.join()
    assert pair.answers[-1].body == b"bad"
    pair.wait_state(0)
    assert len(pair.events("breaker_tripped")) == 1
    pair.numbers_are_true()


def test_other_endpoints(world: World) -> None:
    """The breaker is the variant's: it stays as it is where the variant moves elsewhere."""
    pair = world.pair("reloads-move")
    pair.trip()
    change(pair, endpoints=[pair.good.url])
    assert breaker(pair)["state"] == "open"
    assert endpoints(pair) == {pair.good.url: True}
    pair.wait_state(0, ask=True)
    assert {answer.body for answer in pair.calls(4)} == {b"good"}
