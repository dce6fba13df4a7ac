"""The metrics text: sums over all slots, what is there from the start, both formats, and Prometheus's own judgement."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from gateway.admin.metrics import BoardCollector, Exposition, wants_openmetrics
from gateway.core.metrics import DURATION_BUCKETS, METRICS, key
from gateway.core.model import Match, Route, Shadow, Snapshot, Variant
from gateway.core.records import Override
from gateway.links.board import Board, Slot

HISTOGRAM = len(DURATION_BUCKETS) + 2
"""Cells: one for each bound, one above them all, the sum in microseconds."""
SNAPSHOT = Snapshot(
    listen=(),
    variants={name: Variant(name, ()) for name in ("v1", "v2")},
    routes={"r": Route("r", Match("/r"), {"v1": 1})},
    revision=3,
)


@pytest.fixture
def board() -> Iterator[Board]:
    descriptor = os.memfd_create("board")
    yield Board.create(descriptor, 3, names=1 << 16, cells=1 << 14)
    os.close(descriptor)


def add(slot: Slot, number: int, *series: str, gauge: bool = False) -> None:
    slot.values[slot.index(key(*series), gauge=gauge)] += number


async def scrape(board: Board, accept: str = "") -> str:
    text, _ = await Exposition(lambda: BoardCollector(board, SNAPSHOT)).render(accept)
    return text.decode()


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families: Iterator[Metric] = parse_text(text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def fill(board: Board) -> None:
    """Something of every metric, in every slot."""
    for number in range(3):
        slot = board.slot(number)
        for metric in METRICS:
            labels = ["v1" if label == "variant" else f"{label}-1" for label in metric.labels]
            if metric.kind == "histogram":
                first = slot.index(key(metric.name, *labels), HISTOGRAM)
                slot.values[first + number] += 1
                slot.values[first + HISTOGRAM - 1] += 1500
            else:
                add(slot, number, metric.name, *labels, gauge=metric.kind == "gauge")


async def test_before_anything_happened_every_gauge_is_there(board: Board) -> None:
    found = samples(await scrape(board))
    assert found == {
        ("gateway_in_flight_requests", (("variant", "v1"),)): 0,
        ("gateway_in_flight_requests", (("variant", "v2"),)): 0,
        ("gateway_connections", (("side", "client"),)): 0,
        ("gateway_connections", (("side", "upstream"),)): 0,
        ("gateway_unkeyed_requests_total", (("route", "r"),)): 0,
        ("gateway_client_disconnects_total", (("route", "r"),)): 0,
        ("gateway_ejected_endpoints", (("variant", "v1"),)): 0,
        ("gateway_ejected_endpoints", (("variant", "v2"),)): 0,
        ("gateway_breaker_state", (("variant", "v1"),)): 0,
        ("gateway_breaker_state", (("variant", "v2"),)): 0,
        ("gateway_webhooks_total", (("result", "arrived"),)): 0,
        ("gateway_webhooks_total", (("result", "failed"),)): 0,
        ("gateway_webhooks_total", (("result", "given_up"),)): 0,
        ("gateway_store_waiting", ()): 0,
        ("gateway_store_failures_total", ()): 0,
        ("gateway_reloads_total", (("result", "applied"),)): 0,
        ("gateway_reloads_total", (("result", "unchanged"),)): 0,
        ("gateway_reloads_total", (("result", "refused"),)): 0,
        ("gateway_revision", ()): 3,
        ("gateway_worker_restarts_total", ()): 0,
        ("gateway_unrecorded_series_total", ()): 0,
    }


async def test_one_scrape_covers_all_slots(board: Board) -> None:
    for number, slot in enumerate(board.slot(number) for number in range(3)):
        add(slot, number + 1, "gateway_attempts_total", "v1", "ok")
        add(slot, 1, "gateway_in_flight_requests", "v2", gauge=True)
    add(board.slot(1), 5, "gateway_attempts_total", "v1", "timeout")
    found = samples(await scrape(board))
    assert found["gateway_attempts_total", (("outcome", "ok"), ("variant", "v1"))] == 6
    assert found["gateway_attempts_total", (("outcome", "timeout"), ("variant", "v1"))] == 5


async def test_a_histogram_is_cumulative_and_ends_with_infinity(board: Board) -> None:
    for number, seconds in enumerate((0.002, 0.003, 400.0)):
        slot = board.slot(number)
        first = slot.index(key("gateway_first_byte_seconds", "v1"), HISTOGRAM)
        slot.values[first + sum(bound < seconds for bound in DURATION_BUCKETS)] += 2
        slot.values[first + HISTOGRAM - 1] += round(seconds * 2e6)
    found = samples(await scrape(board))
    buckets = {
        dict(labels)["le"]: value
        for (name, labels), value in found.items()
        if name == "gateway_first_byte_seconds_bucket"
    }
    expected = {0.001: 0, 0.002: 2, 0.003: 4, 0.005: 4, 300.0: 4, float("inf"): 6}
    assert {bound: buckets[str(bound).replace("inf", "+Inf")] for bound in expected} == expected
    assert len(buckets) == len(DURATION_BUCKETS) + 1
    assert found["gateway_first_byte_seconds_count", (("variant", "v1"),)] == 6
    assert found["gateway_first_byte_seconds_sum", (("variant", "v1"),)] == pytest.approx(800.01)


async def test_a_full_board_is_told_of(board: Board) -> None:
    slot = board.slot(0)
    for number in range(3000):
        add(slot, 1, "gateway_attempts_total", f"v{number}", "ok")
    found = samples(await scrape(board))
    recorded = [value for (name, _), value in found.items() if name == "gateway_attempts_total"]
    assert set(recorded) == {1}
    assert found["gateway_unrecorded_series_total", ()] == 3000 - len(recorded) > 0


async def test_what_stands_on_the_board_without_being_a_metric_is_left_out(board: Board) -> None:
    before = await scrape(board)
    slot = board.slot(0)
    slot.values[slot.index(b"\x00breaker v1", 3)] += 1
    assert await scrape(board) == before


async def test_a_caller_cannot_break_a_line(board: Board) -> None:
    """Label values are escaped, whatever name the configuration gave."""
    add(board.slot(0), 1, "gateway_attempts_total", 'odd " name\\ \n{}', "ok")
    found = samples(await scrape(board))
    assert found["gateway_attempts_total", (("outcome", "ok"), ("variant", 'odd " name\\ \n{}'))] == 1


def test_promtool_finds_nothing_to_say(board: Board) -> None:
    fill(board)
    text = asyncio.run(scrape(board))
    for metric in METRICS:
        assert f"# TYPE {metric.name} {metric.kind}" in text
    judged = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert (judged.returncode, judged.stdout, judged.stderr) == (0, "", "")


async def test_openmetrics_says_the_same(board: Board) -> None:
    fill(board)
    text = await scrape(board, "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.3")
    assert text.endswith("# EOF\n")
    opened = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse_openmetrics(text)
        for sample in family.samples
    }
    assert opened == samples(await scrape(board))


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain;version=0.0.4", False),
        ("application/openmetrics-text", True),
        ("text/plain;q=0.5, Application/OpenMetrics-Text; version=x.y", True),
        ("application/openmetrics-text; q=0", False),
        ("application/openmetrics-text;q=0.0,text/plain", False),
        (";;;,,,=", False),
    ],
)
async def test_the_format_follows_what_is_accepted(board: Board, accept: str, openmetrics: bool) -> None:
    _, content_type = await Exposition(lambda: BoardCollector(board, SNAPSHOT)).render(accept)
    assert wants_openmetrics(accept) is openmetrics
    assert content_type.startswith("application/openmetrics-text; " if openmetrics else "text/plain; version=0.0.4")


async def test_an_answer_is_given_again_for_a_second_and_no_longer(board: Board) -> None:
    now = 100.0
    exposition = Exposition(lambda: BoardCollector(board, SNAPSHOT), now=lambda: now)
    slot = board.slot(0)
    first, _ = await exposition.render("")
    add(slot, 1, "gateway_attempts_total", "v1", "ok")
    now = 100.9
    assert await exposition.render("") == (first, "text/plain; version=0.0.4; charset=utf-8")
    now = 101.0
    second, _ = await exposition.render("")
    assert samples(second.decode())["gateway_attempts_total", (("outcome", "ok"), ("variant", "v1"))] == 1


async def test_counters_never_fall_when_a_slot_changes_hands(board: Board) -> None:
    add(board.slot(0), 7, "gateway_attempts_total", "v1", "ok")
    add(board.slot(0), 2, "gateway_in_flight_requests", "v1", gauge=True)
    board.clear_gauges(0)
    add(board.slot(0), 1, "gateway_attempts_total", "v1", "ok")
    found = samples(await scrape(board))
    assert found["gateway_attempts_total", (("outcome", "ok"), ("variant", "v1"))] == 8
    assert found["gateway_in_flight_requests", (("variant", "v1"),)] == 0


async def test_a_scrape_follows_the_snapshot_in_force(board: Board) -> None:
    """A variant that is gone keeps its counters and loses its gauges; a new one has its gauges from the start."""
    in_force = SNAPSHOT
    exposition = partial(Exposition, lambda: BoardCollector(board, in_force))
    slot = board.slot(0)
    add(slot, 3, "gateway_attempts_total", "v1", "ok")
    add(slot, 2, "gateway_in_flight_requests", "v1", gauge=True)
    before = samples((await exposition().render(""))[0].decode())
    in_force = replace(SNAPSHOT, variants={"v2": Variant("v2", ()), "v3": Variant("v3", ())}, routes={}, revision=4)
    after = samples((await exposition().render(""))[0].decode())

    def in_flight(found: dict[tuple[str, tuple[tuple[str, str], ...]], float]) -> dict[str, float]:
        return {
            dict(labels)["variant"]: number
            for (name, labels), number in found.items()
            if name == "gateway_in_flight_requests"
        }

    attempts = ("gateway_attempts_total", (("outcome", "ok"), ("variant", "v1")))
    assert (in_flight(before), in_flight(after)) == ({"v1": 2, "v2": 0}, {"v2": 0, "v3": 0})
    assert before[attempts] == after[attempts] == 3
    assert (before["gateway_revision", ()], after["gateway_revision", ()]) == (3, 4)


async def test_every_override_is_counted(board: Board) -> None:
    when = datetime(2026, 1, 31, tzinfo=UTC)
    overrides = [Override("variant_disabled", "v1", "ci", "", when), Override("split_set", "r", "ci", "", when)]
    text, _ = await Exposition(lambda: BoardCollector(board, SNAPSHOT, overrides)).render("")
    found = {labels: number for (name, labels), number in samples(text.decode()).items() if name == "gateway_overrides"}
    assert found == {
        (("kind", "variant_disabled"), ("subject", "v1")): 1,
        (("kind", "split_set"), ("subject", "r")): 1,
    }


async def test_shadows_are_there_from_the_start_and_what_is_no_metric_is_not(board: Board) -> None:
    shadowed = replace(SNAPSHOT, routes={"r": replace(SNAPSHOT.routes["r"], shadow=(Shadow("v2"),))})
    add(board.slot(0), 3, "gateway_shadow_comparisons_total", "r", "v2", "matched")
    add(board.slot(1), 2, "gateway_shadow_dropped_total", "r", "v2", "queue")
    add(board.slot(1), 5, "shadow_sampled", "r", "v2")
    text, _ = await Exposition(lambda: BoardCollector(board, shadowed)).render("")
    found = {name: value for name, value in samples(text.decode()).items() if "shadow" in name[0]}
    route = ("route", "r"), ("variant", "v2")
    compared = {
        ("gateway_shadow_comparisons_total", (("outcome", outcome), *route)): count
        for outcome, count in {"matched": 3, "mismatched": 0, "ignored": 0, "error": 0}.items()
    }
    dropped = ("gateway_shadow_dropped_total", (("reason", "queue"), *route))
    assert found == {**compared, dropped: 2}
