"""Fast enough: 2,000 routes and 5,000 variants are checked in seconds, swapped in moments, and cost a request nothing.

Figures are of processor time, or the best of some tries, since other programs share the machine.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway.config.load import load
from gateway.core.model import Snapshot
from tests.config.test_load import large as large_file
from tests.processes.changes import put, status
from tests.proxy.standin import Worker
from tests.proxy.test_reloads import ROUTES, VARIANTS, large
from tests.support.client import Client
from tests.support.gateway import Gateway
from tests.support.origin import Origin
from tests.whole.asking import ask_all
from tests.whole.models import models
from tests.whole.scale import sized, tell

CHECKED = sized(3.0, 2.0)
"""Seconds of the processor's time."""
BLOCKED = sized(0.040, 0.020)
GROWTH = 1.4
"""How much more a request may cost with 2,000 routes than with one; a search through them would cost many times it."""
REQUESTS = sized(1_500, 8_000)
ROUNDS = sized(4, 8)
HELD_UP = 0.1
"""Seconds for which control's own loop may usually be held up by a status."""
MANY = sized(1_000, VARIANTS)


def best(measure: Callable[[], float], times: int) -> float:
    return min(measure() for _ in range(times))


@pytest.mark.timeout(120)
def test_a_large_configuration_is_checked_in_time() -> None:
    text = large_file(ROUTES, VARIANTS)

    def check() -> float:
        begun = time.process_time()
        load(text, name="large", folder=Path())
        return time.process_time() - begun

    taken = best(check, sized(2, 5))
    tell(f"{ROUTES} routes and {VARIANTS} variants checked in {taken:.2f} s of processor time")
    assert taken < CHECKED


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Snapshot], Worker]]:
    with ExitStack() as stack:
        yield lambda snapshot: stack.enter_context(Worker(snapshot, tmp_path))


@pytest.mark.timeout(120)
def test_a_swap_holds_up_a_worker_for_moments(start: Callable[[Snapshot], Worker]) -> None:
    """Measured inside the worker, where every variant and route is another one."""
    with Origin() as origin:
        worker = start(large(1, origin.url))
        blocked = [worker.send(large(number, origin.url))["blocked"] for number in range(2, sized(5, 22))]
    told = ", ".join(f"{1000 * seconds:.1f}" for seconds in sorted(blocked))
    tell(f"a swap of everything held up the worker's loop for {told} ms")
    assert 0 < min(blocked) < BLOCKED


# ---- what a request costs


def routed(url: str, routes: int, variants: int = 2) -> dict[str, object]:
    """So many prefixes, each with a split of its own over two of the variants."""
    named = {f"v{number}": {"endpoints": [url]} for number in range(variants)}
    made = {
        f"r{number}": {
            "match": {"path": f"/r{number}/*"},
            "targeting_key": [{"header": "x-user"}],
            "split": {f"v{number % variants}": 9, f"v{(number + 1) % variants}": 1},
        }
        for number in range(routes)
    }
    return {"workers": 1, "variants": named, "routes": made}


def requests(routes: int) -> list[bytes]:
    """As many different heads whatever the number of routes, over all of these."""
    places = [(number % routes, number) for number in range(REQUESTS)]
    return [f"GET /r{route}/{at} HTTP/1.1\r\nHost: a\r\nx-user: u{at}\r\n\r\n".encode() for route, at in places]


def on_processor(pid: int) -> float:
    """Seconds that the process was on a processor so far."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def cost(gateway: Gateway, asked: list[bytes]) -> float:
    """Seconds of the worker's processor time for each of them."""
    before = on_processor(gateway.worker)
    answers = ask_all(gateway.port, asked)
    spent = on_processor(gateway.worker) - before
    assert {each.status for each in answers} == {200}
    return spent / len(asked)


def growth(costs: dict[int, float]) -> float:
    """The dearest as a multiple of the one with a single route."""
    return max(costs.values()) / costs[1]


@pytest.mark.timeout(sized(120, 300))
def test_the_cost_of_a_request_does_not_grow_with_the_routes() -> None:
    """The gateways take turns, and the best round counts, since a machine that is busy with other things is so for one
    of them and not for the other; each has served all its routes once before it counts."""
    counts = sized((1, ROUTES), (1, 100, ROUTES))
    with models() as url, ExitStack() as stack:
        gateways = {count: stack.enter_context(Gateway(routed(url, count))) for count in counts}
        asked = {count: requests(count) for count in counts}
        for count in counts:
            cost(gateways[count], [f"GET /r{at}/ HTTP/1.1\r\nHost: a\r\n\r\n".encode() for at in range(count)])
            cost(gateways[count], asked[count])
        rounds = [{count: cost(gateways[count], asked[count]) for count in counts} for _ in range(ROUNDS)]
    costs = min(rounds, key=growth)
    told = ", ".join(f"{1e6 * seconds:.0f} us with {count}" for count, seconds in costs.items())
    tell(f"a request costs {told} routes")
    assert growth(costs) < GROWTH


# ---- control with thousands of variants


@pytest.mark.timeout(sized(120, 300))
def test_thousands_of_variants_hold_up_neither_control_nor_callers() -> None:
    """The status is asked for again and again while others wait for a word of control's loop; then all is changed."""
    with models() as url, Gateway(routed(url, MANY, MANY)) as gateway:
        waited, reading = [], threading.Event()
        reader = threading.Thread(target=read_status, args=(gateway, reading, sized(3, 10)))
        reader.start()
        while not reading.is_set():
            waited.append(timed(gateway))
        reader.join()
        text = json.loads(gateway.file.read_text())
        for variant in text["variants"].values():
            variant["version"] = "2"
        begun = time.monotonic()
        outcome = put(gateway, json.dumps(text))
        took = time.monotonic() - begun
        assert (outcome["revision"], outcome["notes"]) == (2, [])
    usual, longest = sorted(waited)[len(waited) // 2], max(waited)
    tell(f"beside a status of {MANY} variants control answered in {1000 * usual:.0f} ms, {1000 * longest:.0f} at most")
    tell(f"all of them were changed in {took:.1f} s")
    assert usual < HELD_UP


def read_status(gateway: Gateway, done: threading.Event, times: int) -> None:
    for _ in range(times):
        status(gateway)
    done.set()


def timed(gateway: Gateway) -> float:
    begun = time.monotonic()
    with Client(gateway.admin_port) as client:
        assert client.get("/livez").status == 200
    return time.monotonic() - begun
