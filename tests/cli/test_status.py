"""`gateway status`: one screen."""

import asyncio
import json
from dataclasses import replace

import pytest

from gateway.admin.operations import FileStatus, Status, WorkerStatus
from tests.admin.memory import START, Memory
from tests.cli.standin import StandIn
from tests.support.command import run


def shown(admin: StandIn, **changes: object) -> list[str]:
    """The screen of a status that differs so from the usual one."""
    usual = admin.memory.status

    async def status() -> Status:
        return replace(await usual(), **{"file": FileStatus(False, ()), **changes})  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(admin.memory, "status", status)
        done = run("status")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_a_screen_on_which_all_is_well(admin: StandIn) -> None:
    first, *rest = shown(admin)
    assert first.startswith("revision 1 by file, ")
    assert first.endswith(" ago; in force")
    assert rest == [
        "",
        "routes",
        "  ROUTE  REQ/S  SPLIT                  FALLBACK",
        "  fraud  41.0   fraud-3 95, fraud-4 5  none",
        "",
        "variants",
        "  VARIANT  STATE  REQ/S  ERRORS  IN FLIGHT  P50   P90   P99    ENDPOINTS  VERSION",
        "  fraud-3  ok     39.0   25.0 %  3          4 ms  6 ms  11 ms  1 of 1     3.2.1",
        "  fraud-4  ok     39.0   25.0 %  3          4 ms  6 ms  11 ms  1 of 1",
        "",
        "1 worker, 1 on revision 1",
    ]


def test_overrides_stand_before_routes_and_trouble_before_what_is_well(admin: StandIn) -> None:
    assert run("disable", "fraud-4", "--why", "scores are all 1", "--for", "2h").returncode == 0
    lines = shown(admin)
    assert lines.index("overrides") < lines.index("routes") < lines.index("variants")
    assert any(line.startswith("  variant fraud-4 disabled  anonymous  ") for line in lines)
    assert any(line.endswith("  scores are all 1") for line in lines)
    assert [line.split()[:2] for line in lines[lines.index("variants") + 2 :][:2]] == [
        ["fraud-4", "disabled"],
        ["fraud-3", "ok"],
    ]


def test_a_file_that_differs_or_was_refused_is_said_at_the_top(admin: StandIn) -> None:
    [fault] = asyncio.run(admin.memory.status()).file.faults
    assert shown(admin, file=FileStatus(True, ()))[1].startswith("FILE DIFFERS: ")
    lines = shown(admin, file=FileStatus(True, (fault,)))
    assert lines[1].startswith("FILE REFUSED: ")
    assert lines[2] == "  3:1: variants: what a broken file says"


def test_what_is_not_kept_is_said_at_the_top(admin: StandIn) -> None:
    admin.memory.is_store_away = True
    lines = shown(admin, kept=False)
    assert lines[0] == "revision 1; in force"
    assert lines[1].startswith("NOT KEPT: ")


def test_workers_that_are_behind_are_named(admin: StandIn) -> None:
    workers = (
        WorkerStatus(0, 11, 1, False, START),
        WorkerStatus(1, 12, 0, False, START),
        WorkerStatus(2, 13, 1, True, START),
    )
    assert shown(admin, workers=workers)[-3:] == [
        "3 workers, 1 on revision 1",
        "  worker 1 (process 12): on revision 0",
        "  worker 2 (process 13): draining",
    ]


def without_calls(memory: Memory) -> dict[str, object]:
    found = asyncio.run(memory.status()).variants
    return {name: replace(each, latency={}, endpoints=()) for name, each in found.items()}


def test_a_variant_without_calls_or_endpoints(admin: StandIn) -> None:
    lines = shown(admin, variants=without_calls(admin.memory))
    assert [line.split() for line in lines[lines.index("variants") + 2 :][:1]] == [
        ["fraud-3", "unavailable", "39.0", "25.0", "%", "3", "-", "-", "-", "0", "of", "0", "3.2.1"]
    ]


def test_for_machines_it_is_what_the_api_answers(admin: StandIn) -> None:
    status = json.loads(run("status", "--json").stdout)
    assert (status["revision"], status["kept"], list(status["variants"])) == (1, True, ["fraud-3", "fraud-4"])
