"""Never half: control, a worker, the launcher or everything is killed at random moments of writes.

What was answered as kept is there afterwards, whole and in order; what was not answered is there whole or not at all;
and what is served is what the records say. Where the file holds something else, status says so. In full: 200 writes.
"""

import json
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Timer
from typing import Any

import pytest

from gateway.cli.api import ApiError
from tests.processes.changes import api, put, rename_over, revision, status, version
from tests.support import kernel
from tests.support.gateway import Gateway, config
from tests.support.origin import Origin
from tests.whole.scale import sized, tell

WRITES = sized(10, 200)
BEYOND = 1.2
"""Until when the kill comes, as a multiple of the time a write takes."""
PATIENCE = 30.0
VICTIMS = ("control", "worker", "launcher", "all")


@dataclass
class Known:
    """What was answered as kept, and all that was ever tried."""

    texts: dict[int, str] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)
    newest: int = 1
    splits: dict[int, int] = field(default_factory=dict)
    """The weight of each override that was tried, and by which revision it was answered as kept: 0 by none."""
    split: int = 0
    """The newest one that was kept."""


Write = Callable[[Gateway, Known, int], None]


def text(gateway: Gateway, number: int) -> str:
    settings = json.loads(gateway.file.read_text())
    settings["variants"]["model"]["version"] = f"w{number}"
    return json.dumps(settings, indent=2)


def by_api(gateway: Gateway, known: Known, number: int) -> None:
    wanted = text(gateway, number)
    known.tried.add(wanted)
    outcome = put(gateway, wanted)
    if outcome["kept"]:
        known.texts[outcome["revision"]] = wanted
        known.newest = outcome["revision"]


def by_restoring(gateway: Gateway, known: Known, number: int) -> None:
    older = random.Random(number).choice(sorted(known.texts))
    outcome = api(gateway).call("POST", "revisions", older, "restore", body={}).document
    if outcome["kept"]:
        known.texts[outcome["revision"]] = known.texts[older]
        known.newest = outcome["revision"]


def by_file(gateway: Gateway, known: Known, number: int) -> None:
    """Nobody answers; whether it was taken shows later."""
    wanted = text(gateway, number)
    known.tried.add(wanted)
    rename_over(gateway.file, wanted)
    gateway.process.send_signal(signal.SIGHUP)


def by_override(gateway: Gateway, known: Known, number: int) -> None:
    known.splits[number] = 0
    body = {"split": {"model": number}, "reason": "tried"}
    outcome = api(gateway).call("PUT", "routes", "all", "split", body=body).document
    if outcome["kept"]:
        known.split = number


WRITERS: tuple[Write, ...] = (by_api, by_api, by_restoring, by_file, by_override)


def victims(gateway: Gateway, name: str) -> list[int]:
    """The processes to kill, the launcher last."""
    children = kernel.children(gateway.process.pid)
    chosen = {
        "control": [pid for pid, line in children.items() if "gateway.control" in line],
        "worker": [pid for pid, line in children.items() if "gateway.proxy" in line][:1],
        "launcher": [gateway.process.pid],
        "all": [*children, gateway.process.pid],
    }
    return chosen[name]


def kill(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def written_and_killed(gateway: Gateway, write: Callable[[], None], name: str, *, after: float) -> bool:
    """Whether the write was answered before the kill came between."""
    pids = victims(gateway, name)
    everybody = [*kernel.children(gateway.process.pid), gateway.process.pid]
    timer = Timer(after, kill, [pids])
    timer.start()
    try:
        write()
        answered = True
    except ApiError:
        answered = False
    timer.join()
    if name in {"launcher", "all"}:
        gateway.process.wait(PATIENCE)
        assert all(kernel.ended(pid, within=PATIENCE) for pid in everybody), "a process outlives its launcher"
        gateway.restart()
    else:
        assert all(kernel.ended(pid, within=PATIENCE) for pid in pids)
    gateway.wait_ready()
    return answered


def agreed(gateway: Gateway) -> dict[str, Any]:
    """The revision that store, control and workers are by, once they are by the same one and the file was looked at."""
    give_up = time.monotonic() + PATIENCE
    while True:
        found = _agreed(gateway)
        if found is not None:
            return found
        assert time.monotonic() < give_up, (status(gateway), gateway.stderr[-3000:])
        time.sleep(0.05)


def _agreed(gateway: Gateway) -> dict[str, Any] | None:
    try:
        newest = api(gateway).get("revisions", limit=1)["items"][0]["revision"]
        now = status(gateway)
        served = {each["revision"] for each in now["workers"] if not each["draining"]} | {revision(gateway)}
        if not now["kept"] or len(now["workers"]) < 2 or served | {now["revision"]} != {newest}:
            return None
        found = api(gateway).get("revisions", newest)
    except (ApiError, OSError, EOFError):
        return None
    in_force = found["yaml"] == gateway.file.read_text()
    return found if now["file"] == {"differs": not in_force, "faults": []} else None


def check(gateway: Gateway, known: Known) -> dict[str, Any]:
    """Nothing that was kept is lost, nothing is torn."""
    found = agreed(gateway)
    assert found["revision"] >= known.newest
    assert json.loads(found["yaml"])["variants"]["model"].get("version", "") == version(gateway)
    items = api(gateway).get("revisions", limit=500)["items"]
    numbers = [each["revision"] for each in items]
    assert numbers == list(range(numbers[0], 0, -1))
    for number in range(max(1, known.newest - 1), numbers[0] + 1):
        one = api(gateway).get("revisions", number)
        assert one["yaml"] == known.texts.get(number, one["yaml"])
        assert one["yaml"] in known.tried
        known.texts[number] = one["yaml"]
    known.newest = found["revision"]
    check_override(gateway, known)
    return found


def check_override(gateway: Gateway, known: Known) -> None:
    """The newest that was kept, or one that was tried since."""
    set_now = [each["split"]["model"] for each in status(gateway)["overrides"]]
    allowed = {number for number in known.splits if number >= known.split}
    assert set(set_now) <= allowed
    assert not known.split or len(set_now) == 1
    known.split = max(set_now, default=0)


def usual(gateway: Gateway, known: Known) -> float:
    """Seconds a write takes here."""
    taken = []
    for number in range(-4, 0):
        begun = time.monotonic()
        by_api(gateway, known, number)
        taken.append(time.monotonic() - begun)
    return sorted(taken)[1]


@pytest.mark.timeout(sized(120, 1800))
def test_no_kill_leaves_anything_half() -> None:
    chance = random.Random(int(os.environ.get("PROOF_SEED", "1")))
    known, answered = Known(), 0
    with Origin() as origin, Gateway(config(origin.url, workers=2)) as gateway:
        known.texts[1] = gateway.file.read_text()
        known.tried.add(known.texts[1])
        latest = BEYOND * usual(gateway, known)
        for number in range(1, WRITES + 1):
            write, name = chance.choice(WRITERS), VICTIMS[number % 4]
            after = chance.uniform(0.0, latest)
            answered += written_and_killed(
                gateway, lambda write=write, number=number: write(gateway, known, number), name, after=after
            )
            check(gateway, known)
        for number, kept in known.texts.items():
            assert api(gateway).get("revisions", number)["yaml"] == kept
        assert known.newest > 1
        tell(f"{WRITES} writes of about {latest / BEYOND * 1000:.0f} ms, {WRITES - answered} cut by a kill before they")
        tell(f"were answered: {known.newest} revisions, all whole, none lost")
