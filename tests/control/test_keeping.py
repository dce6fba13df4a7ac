"""Changes on their way to the store, with a real one."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.control.counts import Counts
from gateway.control.keeping import MOST, MOST_BYTES, Keeping
from gateway.core.metrics import key
from gateway.core.records import Change, Event, Override, Revision
from gateway.links.board import Board
from gateway.links.log import Log
from gateway.store.errors import ConflictError, StoreError
from gateway.store.store import Store
from tests.control.places import START

PATIENCE = 20.0


def revision(number: int) -> Change:
    return Change(revision=Revision(number, b"text %d" % number, "ann", "", START, origin="api", hash=str(number)))


class Listener:
    """What was told."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[str] = asyncio.Queue()
        self.keeping: Keeping | None = None

    async def on_store_lost(self, why: str) -> None:
        await self.told.put("lost")

    async def on_store_back(self) -> None:
        await self.told.put("back")

    async def on_conflict(self) -> None:
        assert self.keeping is not None
        waiting = self.keeping.waiting
        waiting[:] = [
            replace(each, revision=replace(each.revision, number=each.revision.number + 10))
            for each in waiting
            if each.revision
        ]
        await self.told.put("conflict")

    def on_waiting(self) -> None:
        """It is written down elsewhere."""

    async def next(self) -> str:
        return await asyncio.wait_for(self.told.get(), PATIENCE)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db"


@pytest.fixture
def counts(tmp_path: Path) -> Counts:
    return Counts(Board.create(tmp_path / "board", 1).slot(0))


@pytest.fixture
def keeping(database: Path, counts: Counts, tmp_path: Path) -> Iterator[Keeping]:
    with (tmp_path / "log").open("wb") as log:
        made = Keeping(Store(f"sqlite:///{database}"), Log("control", descriptor=log.fileno()), counts)
        with closing(made):
            yield made


def numbers(database: Path) -> list[int]:
    return [each.number for each in reversed(Store(f"sqlite:///{database}").revisions(100))]


async def test_what_the_store_takes_is_kept(keeping: Keeping, database: Path) -> None:
    assert await keeping.write(revision(1))
    assert keeping.kept
    assert numbers(database) == [1]


async def test_what_it_cannot_take_waits_and_is_written_in_order(keeping: Keeping, database: Path) -> None:
    await keeping.write(revision(1))
    listener = Listener()
    task = asyncio.create_task(keeping.run(listener))
    with sqlite3.connect(database, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert not await keeping.write(revision(2))
        assert not await keeping.write(revision(3))
        assert not keeping.kept
        assert await listener.next() == "lost"
        other.execute("ROLLBACK")
    assert await listener.next() == "back"
    assert keeping.kept
    assert numbers(database) == [1, 2, 3]
    task.cancel()


async def test_a_number_that_is_taken_is_a_conflict(keeping: Keeping, database: Path) -> None:
    await keeping.write(revision(1))
    other = replace(revision(1), revision=replace(revision(1).revision, hash="other"))  # type: ignore[type-var]
    with pytest.raises(ConflictError):
        await keeping.write(other)
    assert keeping.kept
    assert numbers(database) == [1]


async def test_what_waited_gets_other_numbers_where_they_were_taken_meanwhile(database: Path, counts: Counts) -> None:
    Store(f"sqlite:///{database}").write(revision(5))
    keeping = Keeping(Store(f"sqlite:///{database}"), Log("control"), counts, waiting=(revision(1), revision(2)))
    listener = Listener()
    listener.keeping = keeping
    with closing(keeping):
        task = asyncio.create_task(keeping.run(listener))
        assert await listener.next() == "conflict"
        assert await listener.next() == "back"
        task.cancel()
    assert numbers(database) == [5, 11, 12]


@pytest.mark.parametrize(("many", "size", "is_full"), [(MOST, 1, True), (MOST - 1, 1, False), (2, 1 << 25, True)])
async def test_only_so_many_changes_and_bytes_may_wait(
    many: int, size: int, is_full: bool, database: Path, counts: Counts
) -> None:
    assert size <= MOST_BYTES / 2
    text = bytes(size)
    waiting = tuple(Change(revision=Revision(at, text, "ann", "", START, origin="api", hash="")) for at in range(many))
    with closing(Keeping(Store(f"sqlite:///{database}"), Log("control"), counts, waiting=waiting)) as keeping:
        assert keeping.is_full is is_full


async def test_reading_fails_and_is_counted_while_the_store_is_broken(
    keeping: Keeping, database: Path, tmp_path: Path
) -> None:
    database.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError):
        await keeping.read(lambda store: store.newest())
    board = Board.open(tmp_path / "board")
    found = {name: cells[0] for _, name, cells in board.read()}
    assert found[key("gateway_store_failures_total")] == 1


async def test_a_store_that_hangs_holds_nobody_up(keeping: Keeping, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.control.keeping._PATIENCE", 0.05)
    go_on = threading.Event()
    with pytest.raises(StoreError, match="did not answer"):
        await keeping.read(lambda store: go_on.wait(PATIENCE))
    go_on.set()


async def test_overrides_and_events_wait_as_well(keeping: Keeping, database: Path) -> None:
    await keeping.write(revision(1))
    event = Event(7, START, "override_set", "variant v", "ann", "")
    change = Change(set=(Override("variant_disabled", "v", "ann", "", START),), events=(event,))
    with sqlite3.connect(database, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert not await keeping.write(change)
        other.execute("ROLLBACK")
    assert keeping.waiting == [change]
