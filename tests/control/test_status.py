"""The status, read off a board with several processes on it."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.admin.operations import (
    BreakerStatus,
    Endpoint,
    FileStatus,
    RouteStatus,
    Status,
    VariantStatus,
    WorkerStatus,
)
from gateway.control.breakers import Breakers
from gateway.control.status import Observer
from gateway.core import model
from gateway.core.endpoints import IN_FLIGHT, SIZE, UNKNOWN, UNUSED, USE, USED, endpoint_key
from gateway.core.metrics import DURATION_BUCKETS, key
from gateway.core.model import Fallback, Match, Route, Snapshot, Variant
from gateway.core.records import Override
from gateway.links.board import Board, Slot

WHEN = datetime(2026, 1, 2, tzinfo=UTC)
URLS = ("http://10.0.0.1:80", "http://10.0.0.2:80")
CLOSED = BreakerStatus("closed", False, "", WHEN, None)
SNAPSHOT = Snapshot(
    listen=(),
    variants={
        "v1": Variant("v1", tuple(model.Endpoint(url, "http") for url in URLS), version="3.2"),
        "v2": Variant("v2", ()),
    },
    routes={
        "r": Route("r", Match("/r"), {"v1": 95, "v2": 5}),
        "s": Route("s", Match("/s"), {"v2": 1}, fallback=Fallback(("v2", "v1"))),
    },
)

BEFORE = Status(
    revision=7,
    file=FileStatus(False, ()),
    kept=True,
    overrides=(),
    routes={"r": RouteStatus({"v1": 95, "v2": 5}, ("v1",), 0.0), "s": RouteStatus({"v2": 1}, ("v2", "v1"), 0.0)},
    variants={
        "v1": VariantStatus("3.2", True, 0, 0.0, 0.0, {}, CLOSED, tuple(Endpoint(url, True, 0) for url in URLS)),
        "v2": VariantStatus("", True, 0, 0.0, 0.0, {}, CLOSED, ()),
    },
    workers=(),
)
"""Of a board on which nothing is counted."""


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


class Worker:
    """Counts as one does."""

    def __init__(self, slot: Slot) -> None:
        self.slot = slot

    def add(self, number: int, *series: str, gauge: bool = False) -> None:
        self.slot.values[self.slot.index(key(*series), gauge=gauge)] += number

    def attempts(self, number: int, variant: str, outcome: str) -> None:
        self.add(number, "gateway_attempts_total", variant, outcome)

    def endpoint(self, variant: str, url: str, *, use: int, in_flight: int) -> None:
        first = self.slot.index(endpoint_key(variant, url), SIZE, gauge=True)
        self.slot.values[first + USE] = use
        self.slot.values[first + IN_FLIGHT] = in_flight

    def took(self, number: int, variant: str, bucket: int) -> None:
        first = self.slot.index(key("gateway_upstream_duration_seconds", variant), len(DURATION_BUCKETS) + 2)
        self.slot.values[first + bucket] += number
        self.slot.values[first + len(DURATION_BUCKETS) + 1] += 7_000_000


@pytest.fixture
def descriptor() -> Iterator[int]:
    found = os.memfd_create("board")
    Board.create(found, 3, names=1 << 16, cells=1 << 14)
    yield found
    os.close(found)


@pytest.fixture
def workers(descriptor: int) -> list[Worker]:
    board = Board.open(descriptor)
    return [Worker(board.slot(number)) for number in range(3)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def observer(descriptor: int, clock: Clock) -> Observer:
    return Observer(Board.open(descriptor), Breakers(Board.open(descriptor), clock=clock, now=lambda: WHEN), now=clock)


def status(observer: Observer, snapshot: Snapshot = SNAPSHOT, **changed: object) -> Status:
    arguments = {"revision": 7, "file": FileStatus(False, ()), "kept": True, "overrides": (), "workers": ()}
    arguments |= {"unwell": {}} | changed
    return observer.status(snapshot, **arguments)  # type: ignore[arg-type]


def test_before_the_first_reading_all_is_zero(observer: Observer) -> None:
    assert status(observer) == BEFORE


def test_what_control_knows_is_passed_on(observer: Observer) -> None:
    override = Override("variant_disabled", "v2", "ada", "it lies", WHEN)
    worker = WorkerStatus(0, 100, 7, False, WHEN)
    found = status(observer, kept=False, overrides=(override,), workers=(worker,), file=FileStatus(True, ()))
    assert (found.revision, found.kept, found.overrides, found.workers) == (7, False, (override,), (worker,))
    assert found.file == FileStatus(True, ())


def test_rates_are_of_all_processes_and_of_the_last_ten_seconds(
    observer: Observer, workers: list[Worker], clock: Clock
) -> None:
    workers[0].attempts(1_000, "v1", "success")
    workers[0].add(500, "gateway_requests_total", "r", "v1", "split", "200")
    observer.read()
    for second in range(1, 31):
        clock.time = 100.0 + second
        busy = second > 20
        workers[0].attempts(3 if busy else 50, "v1", "success")
        workers[1].attempts(1 if busy else 50, "v1", "success")
        workers[1].attempts(2 if busy else 50, "v1", "error")
        workers[2].attempts(1, "v1", "timeout")
        workers[2].attempts(1, "v1", "connect")
        workers[2].attempts(100, "v1", "cancelled")
        workers[0].add(4, "gateway_requests_total", "r", "v1", "split", "200")
        workers[1].add(2, "gateway_requests_total", "r", "", "no_available_variant", "503")
        workers[1].add(1, "gateway_requests_total", "s", "v2", "unkeyed", "200")
        observer.read()
    found = status(observer)
    assert found.variants["v1"].requests_per_second == pytest.approx(8.0)
    assert found.variants["v1"].error_rate == pytest.approx(0.5)
    assert found.variants["v2"].requests_per_second == 0.0
    assert [found.routes[name].requests_per_second for name in "rs"] == pytest.approx([6.0, 1.0])


def test_in_flight_is_of_now(observer: Observer, workers: list[Worker]) -> None:
    workers[0].add(3, "gateway_in_flight_requests", "v1", gauge=True)
    workers[2].add(1, "gateway_in_flight_requests", "v1", gauge=True)
    observer.read()
    workers[2].add(1, "gateway_in_flight_requests", "v1", gauge=True)
    assert status(observer).variants["v1"].in_flight == 5


def test_latency_is_of_the_last_minute_and_seen_at_once(
    observer: Observer, workers: list[Worker], clock: Clock
) -> None:
    workers[0].took(1_000, "v1", 10)
    workers[1].took(1_000, "v1", 10)
    observer.read()
    assert status(observer).variants["v1"].latency == {}
    workers[0].took(1, "v1", 0)
    workers[1].took(1, "v1", 1)
    expected = pytest.approx({"p50": 0.001, "p90": 0.0018, "p99": 0.00198})
    assert status(observer).variants["v1"].latency == expected
    for _ in range(59):
        clock.time += 1
        observer.read()
    assert status(observer).variants["v1"].latency == expected
    for _ in range(7):
        clock.time += 1
        observer.read()
    assert status(observer).variants["v1"].latency == {}


def test_series_may_appear_at_any_time(observer: Observer, workers: list[Worker], clock: Clock) -> None:
    observer.read()
    clock.time += 1
    workers[2].attempts(4, "v2", "success")
    workers[2].took(4, "v2", 22)
    observer.read()
    workers[1].attempts(4, "v2", "error")
    workers[1].add(8, "gateway_requests_total", "s", "v2", "split", "200")
    clock.time += 1
    observer.read()
    found = status(observer)
    assert found.variants["v2"].requests_per_second == pytest.approx(4.0)
    assert found.variants["v2"].error_rate == pytest.approx(0.5)
    assert found.variants["v2"].latency == {"p50": 300.0, "p90": 300.0, "p99": 300.0}
    assert found.routes["s"].requests_per_second == pytest.approx(4.0)


def test_other_names_on_the_board_are_left_alone(observer: Observer, workers: list[Worker]) -> None:
    workers[0].slot.values[workers[0].slot.index(b"something else")] = 9
    workers[0].add(9, "gateway_connections", "client", gauge=True)
    observer.read()
    assert status(observer) == BEFORE


@pytest.mark.parametrize(
    ("disabled", "expected"),
    [
        (frozenset[str](), [({"v1": 95, "v2": 5}, ("v1",)), ({"v2": 1}, ("v2", "v1"))]),
        (frozenset({"v1"}), [({"v1": 0, "v2": 5}, ()), ({"v2": 1}, ("v2",))]),
        (frozenset({"v2"}), [({"v1": 95, "v2": 0}, ()), ({"v2": 1}, ("v1",))]),
    ],
)
def test_the_split_and_the_fallback_in_force(
    observer: Observer, disabled: frozenset[str], expected: list[tuple[dict[str, int], tuple[str, ...]]]
) -> None:
    """Where nobody else is left, the split is as it is: its callers are told; and nobody helps the only one left."""
    found = status(observer, replace(SNAPSHOT, disabled=disabled))
    assert [(found.routes[name].split, found.routes[name].fallback) for name in "rs"] == expected
    assert {name for name, variant in found.variants.items() if not variant.enabled} == disabled


def test_endpoints_as_the_workers_see_them(observer: Observer, workers: list[Worker]) -> None:
    """One is available while any worker uses it; a worker that says nothing of it does not count."""
    workers[0].endpoint("v1", URLS[0], use=UNUSED, in_flight=1)
    workers[1].endpoint("v1", URLS[0], use=USED, in_flight=2)
    workers[0].endpoint("v1", URLS[1], use=UNUSED, in_flight=4)
    workers[1].endpoint("v1", URLS[1], use=UNKNOWN, in_flight=0)
    workers[0].endpoint("v2", URLS[0], use=UNUSED, in_flight=9)
    observer.read()
    found = status(observer)
    assert found.variants["v1"].endpoints == (Endpoint(URLS[0], True, 3), Endpoint(URLS[1], False, 4))


def test_endpoints_as_health_checks_see_them(observer: Observer) -> None:
    """Whether or not a worker has used them yet."""
    found = status(observer, unwell={"v1": [URLS[1]], "v2": [URLS[0]]})
    assert found.variants["v1"].endpoints == (Endpoint(URLS[0], True, 0), Endpoint(URLS[1], False, 0))


async def test_it_reads_once_a_second(descriptor: int, workers: list[Worker], clock: Clock) -> None:
    pauses = list[float]()
    enough = asyncio.Event()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        clock.time += seconds
        workers[0].attempts(2, "v1", "success")
        if len(pauses) == 5:
            enough.set()
            await asyncio.Event().wait()

    observer = Observer(Board.open(descriptor), Breakers(Board.open(descriptor)), now=clock, sleep=sleep)
    running = asyncio.ensure_future(observer.run())
    await enough.wait()
    running.cancel()
    assert pauses == [1.0] * 5
    assert status(observer).variants["v1"].requests_per_second == pytest.approx(2.0)
