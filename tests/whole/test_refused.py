"""Refused well: every faulty configuration of the fault table, by every way in, to one gateway that serves on.

Each fault is told with its line by the admin API, by `gateway apply` and by the status of a file that is watched, and
what was in force stays. In full, every case goes every way.
"""

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.cli.api import ApiError
from tests.config.fault_cases import CASES, Case, completed, unmark
from tests.processes.changes import api, ask, put, rename_over, status
from tests.processes.conftest import until
from tests.support.command import run
from tests.support.gateway import Gateway, config
from tests.support.origin import Origin
from tests.whole.scale import sized, tell

Told = list[tuple[int, int, str]]
"""Line, column and path of each fault."""
SAMPLE = CASES[:: sized(len(CASES) // 5, 1)]


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Origin() as origin, Gateway(config(origin.url, variant={"version": "good"})) as running:
        yield running
        assert origin.faults == []


@pytest.fixture(autouse=True)
def _serves_on(gateway: Gateway) -> Iterator[None]:
    """After every way in, however much was refused."""
    yield
    reply = ask(gateway)
    assert (reply.text("x-gateway-version"), reply.text("x-gateway-revision")) == ("good", "1")
    assert [each["revision"] for each in api(gateway).get("revisions")["items"]] == [1]


def expected(case: Case) -> tuple[str, Told]:
    text, places = unmark(completed(case.text))
    return text, [(*place, path) for place, (path, _) in zip(places, case.faults, strict=True)]


def told(faults: list[dict[str, Any]]) -> Told:
    return [(each["line"], each["column"], each["path"]) for each in faults]


def refused(gateway: Gateway) -> float:
    return gateway.metrics()['gateway_reloads_total{result="refused"}']


@pytest.mark.timeout(120)
def test_by_the_api(gateway: Gateway) -> None:
    before = refused(gateway)
    for case in CASES:
        text, faults = expected(case)
        with pytest.raises(ApiError) as error:
            put(gateway, text)
        assert (error.value.status, error.value.code) == (422, "invalid_config")
        assert told(error.value.details["faults"]) == faults
    until(lambda: refused(gateway) == before + len(CASES), "every refused reload to be counted")
    newest = api(gateway).get("events", limit=500)["items"][-1]
    assert (newest["kind"], newest["who"]) == ("reload_refused", "anonymous")
    tell(f"{len(CASES)} faulty configurations refused with 422 and their lines")


@pytest.mark.timeout(sized(60, 900))
def test_by_the_command_line(gateway: Gateway) -> None:
    file = gateway.folder / "new.yaml"
    for case in SAMPLE:
        text, faults = expected(case)
        file.write_text(text)
        done = run("apply", file, "-m", "x", "--yes", "--admin", f"http://127.0.0.1:{gateway.admin_port}")
        assert (done.returncode, done.stdout) == (1, "")
        lines = [line for line in done.stderr.splitlines() if line.startswith(f"{file}:")]
        places = [tuple(map(int, line.removeprefix(f"{file}:").split(":", 2)[:2])) for line in lines]
        assert places == [(line, column) for line, column, _ in faults], done.stderr
    tell(f"{len(SAMPLE)} of them refused by gateway apply with their lines")


@pytest.mark.timeout(sized(60, 900))
def test_by_the_file(gateway: Gateway) -> None:
    good, before = gateway.file.read_text(), refused(gateway)
    for case in SAMPLE:
        text, faults = expected(case)
        rename_over(gateway.file, text)
        gateway.process.send_signal(signal.SIGHUP)
        until(lambda faults=faults: told(status(gateway)["file"]["faults"]) == faults, f"the faults of {case.text!r}")
        now = status(gateway)
        assert (now["file"]["differs"], now["revision"], now["kept"]) == (True, 1, True)
    until(lambda: refused(gateway) >= before + len(SAMPLE), "every refused reload to be counted")
    assert gateway.metrics()["gateway_revision"] == 1
    rename_over(gateway.file, good)
    until(lambda: status(gateway)["file"] == {"differs": False, "faults": []}, "the good file again")
    tell(f"{len(SAMPLE)} of them refused as the watched file, shown by status and metrics")


def test_no_secret_of_a_faulty_file_is_told(gateway: Gateway) -> None:
    events = json.dumps(api(gateway).get("events", limit=500)["items"])
    assert "hunter2" not in events + gateway.stderr + gateway.stdout
