"""What a gateway goes on with when it, or a part of it, was ended: by an operator, or by a kill in the middle."""

import json
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from threading import Timer
from typing import Any, TypeVar

import pytest

from gateway.cli.api import ApiError
from tests.processes.changes import answers, api, put, rename_over, revision, status, version, versioned
from tests.support import kernel
from tests.support.gateway import Gateway, config
from tests.support.origin import Origin

T = TypeVar("T")
Until = Callable[[Callable[[], T], str], T]


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as server:
        yield server


@pytest.fixture
def gateway(origin: Origin) -> Iterator[Gateway]:
    with Gateway(config(origin.url)) as running:
        yield running


def disable(gateway: Gateway, **more: object) -> None:
    api(gateway).call("PUT", "variants", "model", "enabled", body={"enabled": False, "reason": "ill", **more})


@pytest.mark.parametrize("kill", [False, True])
def test_it_goes_on_where_it_was(gateway: Gateway, until: Until[Any], kill: bool) -> None:
    """By the newest revision, though it is not the file's, and with overrides but for those that ended meanwhile."""
    put(gateway, versioned(gateway, "2"))
    api(gateway).call("PUT", "routes", "all", "split", body={"split": {"model": 7}, "reason": "kept"})
    disable(gateway, expires="1s")
    events = api(gateway).get("events")["items"]
    gateway.restart(kill=kill)
    until(lambda: answers(gateway), "the variant to answer again")
    now = status(gateway)
    assert (version(gateway), now["revision"], now["kept"], now["file"]["differs"]) == ("2", 2, True, True)
    assert [(each["kind"], each["split"]) for each in now["overrides"]] == [("split_set", {"model": 7})]
    assert api(gateway).get("events")["items"][: len(events)] == events


def test_a_file_that_changed_meanwhile_is_in_force(gateway: Gateway) -> None:
    put(gateway, versioned(gateway, "2"))
    text = versioned(gateway, "3", workers=2)
    gateway.end()
    rename_over(gateway.file, text)
    gateway.restart()
    assert (version(gateway), revision(gateway), len(gateway.workers)) == ("3", 3, 2)
    assert status(gateway)["file"] == {"differs": False, "faults": []}


def test_a_broken_file_ends_a_start_unless_the_last_good_is_asked_for(gateway: Gateway, until: Until[Any]) -> None:
    put(gateway, versioned(gateway, "2"))
    gateway.end()
    gateway.file.write_text("routes: [")
    gateway.restart(ready=False)
    assert gateway.process.wait(20) == 1
    gateway.restart("--last-good")
    assert (version(gateway), revision(gateway)) == ("2", 2)
    assert until(lambda: status(gateway)["file"]["faults"], "the faults")
    assert status(gateway)["file"]["differs"]


def control(gateway: Gateway) -> int:
    (pid,) = [pid for pid, line in kernel.children(gateway.process.pid).items() if "gateway.control" in line]
    return pid


def test_no_kill_loses_or_halves_a_change(gateway: Gateway, until: Until[Any]) -> None:
    """Control, the worker, or everything is killed in the middle of a change: what was answered as kept stays, what was
    not is there whole or not at all, and what is served is what the records say."""
    acknowledged = 1
    for number in range(2, 8):
        victim = [control, lambda running: running.worker, None][number % 3]
        text = versioned(gateway, str(number))
        try:
            with KilledAfter(gateway, victim, seconds=0.004 * number):
                outcome = put(gateway, text)
            if outcome["kept"]:
                acknowledged = outcome["revision"]
        except ApiError:
            pass
        if victim is None:
            gateway.process.wait(20)
            gateway.restart()
        gateway.wait_ready()
        found = until(lambda: settled(gateway), "one revision everywhere")
        assert found["revision"] >= acknowledged
        numbers = [each["revision"] for each in api(gateway).get("revisions")["items"]]
        assert numbers == list(range(numbers[0], 0, -1))
        assert json.loads(found["yaml"])["variants"]["model"].get("version", "") == version(gateway)
    assert acknowledged > 1


def settled(gateway: Gateway) -> dict[str, Any] | None:
    """The revision that the store, control and the worker agree on; None while they do not."""
    try:
        newest = api(gateway).get("revisions", limit=1)["items"][0]["revision"]
        agree = newest == status(gateway)["revision"] == revision(gateway)
        return api(gateway).get("revisions", newest) if agree else None
    except (ApiError, OSError, EOFError):
        return None


class KilledAfter:
    """Kills a process a moment after the block began, or all of them where none is named."""

    def __init__(self, gateway: Gateway, victim: Callable[[Gateway], int] | None, *, seconds: float) -> None:
        children = [*kernel.children(gateway.process.pid), gateway.process.pid]
        self._pids = children if victim is None else [victim(gateway)]
        self._seconds = seconds

    def __enter__(self) -> None:
        self._timer = Timer(self._seconds, self._kill)
        self._timer.start()

    def _kill(self) -> None:
        for pid in self._pids:
            os.kill(pid, signal.SIGKILL)

    def __exit__(self, *error: object) -> None:
        self._timer.join()


# ---- without its store


def test_a_store_that_is_locked_holds_up_nothing_and_gets_everything_later(gateway: Gateway, until: Until[Any]) -> None:
    """Changes are in force and said not to be kept; also when control is killed meanwhile."""
    with sqlite3.connect(gateway.folder / "gateway.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert not put(gateway, versioned(gateway, "2"))["kept"]
        assert (version(gateway), status(gateway)["kept"]) == ("2", False)
        os.kill(control(gateway), signal.SIGKILL)
        until(lambda: gateway.stderr.count("worker adopted") > 1, "control to be back")
        gateway.wait_ready()
        assert (version(gateway), status(gateway)["kept"], status(gateway)["revision"]) == ("2", False, 2)
        assert not put(gateway, versioned(gateway, "3"))["kept"]
        other.execute("ROLLBACK")
    until(lambda: kinds(gateway)[-1] == "store_back", "the store to be said to be back")
    assert status(gateway)["kept"]
    assert kinds(gateway).count("store_lost") >= 1
    gateway.restart(kill=True)
    assert (version(gateway), revision(gateway)) == ("3", 3)


def kinds(gateway: Gateway) -> list[str]:
    """What has happened, the oldest first."""
    return [each["kind"] for each in api(gateway).get("events")["items"]]


@pytest.mark.parametrize("trouble", ["damaged", "no folder"])
def test_a_gateway_starts_and_changes_without_its_store(origin: Origin, until: Until[Any], trouble: str) -> None:
    settings = config(origin.url, store="sqlite:///data/gateway.db")
    with Gateway(settings, ready=False) as gateway:
        data = gateway.folder / "data"
        if trouble == "damaged":
            data.mkdir()
            (data / "gateway.db").write_bytes(b"no database " * 1000)
        gateway.wait_ready()
        assert "nothing is kept" in gateway.stderr
        assert status(gateway)["kept"] is False
        assert not put(gateway, versioned(gateway, "2"))["kept"]
        disable(gateway)
        assert not answers(gateway)
        data.mkdir(exist_ok=True)
        (data / "gateway.db").unlink(missing_ok=True)
        until(lambda: status(gateway)["kept"], "everything to be kept")
        gateway.restart(kill=True)
        assert not answers(gateway)
        assert status(gateway)["revision"] == 2
