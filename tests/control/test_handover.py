"""Snapshots on their way to workers, over real sockets: stand-in workers that take, refuse, keep silent or are gone."""

import asyncio
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from gateway.control import workers as control_workers
from gateway.control.fleet import RejectedError
from gateway.control.workers import PART, Workers
from gateway.core.delta import Assembly, Part
from gateway.core.model import Endpoint, Match, Route, Snapshot, Variant
from gateway.links.frames import Frames, Redial
from gateway.links.log import Log

ENDPOINT = Endpoint("http://10.0.0.1:80", "http", "10.0.0.1", 80)


def snapshot(serial: int, *, routes: int = 1, weight: int = 1) -> Snapshot:
    made = {f"r{n}": Route(f"r{n}", Match(f"/r{n}"), {"v": weight}, salt=f"r{n}") for n in range(routes)}
    return Snapshot((), {"v": Variant("v", (ENDPOINT,))}, made, revision=serial, serial=serial)


class StandIn:
    """A worker: it puts deltas together as the real one does. `refuses` is what it says instead of taking one, and
    one that is `silent` says nothing."""

    def __init__(self, path: str, present: Snapshot, *, index: int = 0, pid: int = 0) -> None:
        self.snapshot = present
        self.refuses = ""
        self.silent = False
        self.bases: list[int] = []
        self._who = {"index": index, "pid": pid or os.getpid()}
        self._assembly: Assembly | None = None
        self.link = Redial(path, greeting=self._state, received=self._received)

    def _state(self) -> bytes:
        present = self.snapshot
        said = {"revision": present.revision, "serial": present.serial, "draining": False, "blocked": 0.0}
        return orjson.dumps(self._who | said)

    def _received(self, link: Frames, frame: bytes) -> None:
        assert frame.startswith(PART)
        part: Part = pickle.loads(frame[len(PART) :])
        if part.number == 0:
            self.bases.append(part.base)
            self._assembly = Assembly(self.snapshot if part.base else None)
        assert self._assembly is not None
        self._assembly.add(part)
        if part.last and not self.silent:
            self._finish(part.serial, self._assembly)

    def _finish(self, serial: int, assembly: Assembly) -> None:
        if self.refuses:
            self.link.send(orjson.dumps(self._who | {"serial": serial, "refused": self.refuses}))
        else:
            self.snapshot = assembly.finish()
            self.link.send(self._state())


class Hall:
    """Workers, with the socket they link to."""

    def __init__(self, folder: Path, log: Log) -> None:
        self.path = str(folder / "control.sock")
        self.restarted: list[tuple[int, int]] = []
        self.workers = Workers(snapshot(1), log, replaced=lambda index, pid: self.restarted.append((index, pid)))

    @asynccontextmanager
    async def open(self, *standins: StandIn) -> AsyncIterator[None]:
        """With these linked and adopted."""
        loop = asyncio.get_running_loop()
        server = await loop.create_unix_server(lambda: Frames(self.workers.received, self.workers.lost), self.path)
        tasks = [loop.create_task(each.link.run()) for each in standins]
        async with asyncio.timeout(20):
            await self.workers.complete(len(standins))
            yield
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while self.workers.all():
            await asyncio.sleep(0.01)


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with (tmp_path / "log").open("wb") as log:
        yield Hall(tmp_path, Log("control", descriptor=log.fileno()))


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """One that can be told to end."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as sleeping:
        yield sleeping
        sleeping.kill()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers have less time than in earnest."""
    monkeypatch.setattr(control_workers, "TAKE_WITHIN", 0.2)
    monkeypatch.setattr(control_workers, "END_WITHIN", 0.2)


async def test_all_take_it_and_are_sent_only_the_difference(hall: Hall) -> None:
    standins = [StandIn(hall.path, snapshot(1), index=index) for index in range(3)]
    after = snapshot(2, routes=3)
    async with hall.open(*standins):
        assert await hall.workers.swap(snapshot(1), after) == []
        assert [each.state["serial"] for each in hall.workers.all()] == [2, 2, 2]
    assert [each.snapshot for each in standins] == [after] * 3
    assert [each.bases for each in standins] == [[1]] * 3


async def test_one_that_comes_with_an_older_snapshot_catches_up(hall: Hall) -> None:
    """From nothing, since what it has is not known any more."""
    late = StandIn(hall.path, snapshot(7))
    async with hall.open(late):
        while late.snapshot.serial != 1:
            await asyncio.sleep(0.01)
    assert (late.snapshot, late.bases) == (snapshot(1), [0])


async def test_changes_that_follow_each_other_do_not_mix(hall: Hall) -> None:
    """A worker that comes while a change is made: its catching up and the change are sent one after the other."""
    late = StandIn(hall.path, snapshot(7))
    before = snapshot(1)
    async with hall.open(late):
        for serial in range(2, 12):
            after = snapshot(serial, routes=400, weight=serial)
            assert await hall.workers.swap(before, after) == []
            before = after
        assert late.snapshot == before


async def test_one_that_refuses_is_replaced(hall: Hall, process: subprocess.Popen[bytes]) -> None:
    good, bad = StandIn(hall.path, snapshot(1)), StandIn(hall.path, snapshot(1), index=1, pid=process.pid)
    bad.refuses = "its files cannot be read"
    async with hall.open(good, bad):
        assert await hall.workers.swap(snapshot(1), snapshot(2)) == ["worker 1 is replaced: its files cannot be read"]
    assert process.wait(20) == -signal.SIGTERM
    assert good.snapshot.serial == 2


async def test_what_all_refuse_replaces_nobody(hall: Hall, process: subprocess.Popen[bytes]) -> None:
    """The snapshot is at fault, and those that would come in their place could not serve by it either."""
    standins = [StandIn(hall.path, snapshot(1), index=index, pid=process.pid) for index in range(2)]
    for each in standins:
        each.refuses = "no such folder"
    async with hall.open(*standins):
        with pytest.raises(RejectedError, match="no such folder"):
            await hall.workers.swap(snapshot(1), snapshot(2))
        for each in standins:
            each.refuses = ""
        assert await hall.workers.swap(snapshot(2), snapshot(3)) == []
    assert process.poll() is None
    assert [(each.snapshot.serial, each.bases) for each in standins] == [(3, [1, 1])] * 2


@pytest.mark.usefixtures("hasty")
async def test_one_that_says_nothing_is_replaced_though_it_is_the_only_one(
    hall: Hall, process: subprocess.Popen[bytes]
) -> None:
    silent = StandIn(hall.path, snapshot(1), pid=process.pid)
    silent.silent = True
    async with hall.open(silent):
        (note,) = await hall.workers.swap(snapshot(1), snapshot(2))
    assert note == "worker 0 is replaced: it did not take the snapshot within 0.2 s"
    assert process.wait(20) == -signal.SIGTERM


@pytest.mark.usefixtures("hasty")
async def test_one_that_stands_still_is_killed(hall: Hall, process: subprocess.Popen[bytes]) -> None:
    os.kill(process.pid, signal.SIGSTOP)
    silent = StandIn(hall.path, snapshot(1), pid=process.pid)
    silent.silent = True
    async with hall.open(silent):
        await hall.workers.swap(snapshot(1), snapshot(2))
        assert await asyncio.to_thread(process.wait, 10) == -signal.SIGKILL


async def test_nobody_waits_for_one_that_is_gone(hall: Hall) -> None:
    """It was killed in the middle: its replacement begins by the new snapshot."""
    standin = StandIn(hall.path, snapshot(1))
    standin.silent = True
    async with hall.open(standin):
        swap = asyncio.ensure_future(hall.workers.swap(snapshot(1), snapshot(2)))
        while not standin.bases:
            await asyncio.sleep(0.01)
        (adopted,) = hall.workers.all()
        (link,) = [link for link, each in hall.workers._linked.items() if each is adopted]
        link.close()
        assert await swap == []


async def test_one_that_drains_is_left_alone(hall: Hall) -> None:
    standin = StandIn(hall.path, snapshot(1))
    async with hall.open(standin):
        (adopted,) = hall.workers.all()
        adopted.state = {**adopted.state, "draining": True}
        assert await hall.workers.swap(snapshot(1), snapshot(2)) == []
    assert standin.bases == []


async def test_a_change_without_workers_is_made(hall: Hall) -> None:
    async with hall.open():
        assert await hall.workers.swap(snapshot(1), replace(snapshot(1), serial=2)) == []
    assert hall.workers.target.serial == 2


async def test_a_restart_is_noticed_by_its_process(hall: Hall) -> None:
    before, after = (StandIn(hall.path, snapshot(1), pid=pid) for pid in (101, 102))
    async with hall.open(before):
        assert hall.restarted == []
    async with hall.open(after):
        assert hall.restarted == [(0, 102)]
