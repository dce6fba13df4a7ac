"""Copies of a SQLite store while it is in use, and back."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.core.records import Change
from gateway.store.errors import StoreError
from gateway.store.store import Store
from tests.store.samples import event, full_change, revision


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{file}")
    yield store
    store.close()


def test_a_copy_is_one_file_that_holds_everything(store: Store, tmp_path: Path) -> None:
    """For its owner only, and a store of its own."""
    store.write(full_change(1))
    copy = tmp_path / "copy.db"
    store.backup(copy)
    store.write(full_change(2))
    assert copy.stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob("copy.db?*"))
    restored = Store(f"sqlite:///{copy}")
    change = full_change(1)
    assert restored.newest() == change.revision
    assert (tuple(restored.overrides()), tuple(restored.events(None, 9))) == (change.set, change.events)
    assert tuple(restored.deliveries(9)) == change.deliveries
    restored.write(full_change(2))
    restored.close()


def test_putting_a_copy_back(store: Store, file: Path, tmp_path: Path) -> None:
    """As the manual has it: the gateway is stopped, the log of the old file goes with it."""
    store.write(full_change(1))
    store.backup(tmp_path / "copy.db")
    store.write(full_change(2))
    (tmp_path / "log").write_bytes(Path(f"{file}-wal").read_bytes())
    store.close()
    for name in (f"{file}-wal", f"{file}-shm"):
        Path(name).unlink(missing_ok=True)
    os.replace(tmp_path / "copy.db", file)
    assert [each.number for each in store.revisions(9)] == [1]
    store.write(full_change(2))


def test_copies_in_the_middle_of_writes_are_whole(store: Store, tmp_path: Path) -> None:
    """Each has a change wholly or not at all, and all that were acknowledged before."""
    url = f"sqlite:///{tmp_path / 'gateway.db'}"
    store.open()
    done, ended = [0], threading.Event()

    def write() -> None:
        writer = Store(url)
        while not ended.is_set():
            number = done[0] + 1
            writer.write(Change(revision=revision(number, bytes(20_000)), events=(event(number),)))
            done[0] = number
        writer.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for attempt in range(10):
            before, path = done[0], tmp_path / f"copy-{attempt}.db"
            store.backup(path)
            copy = Store(f"sqlite:///{path}")
            newest = copy.newest()
            assert (newest.number if newest else 0) == copy.last_event_id() >= before
            copy.close()
    finally:
        ended.set()
        thread.join()
    assert done[0] > 10


def test_nothing_is_written_over(store: Store, file: Path, tmp_path: Path) -> None:
    """Neither an older copy nor the store itself."""
    store.write(full_change(1))
    (tmp_path / "copy.db").write_text("precious")
    for each in (tmp_path / "copy.db", file):
        with pytest.raises(StoreError, match=f"no backup can be written to {each}: File exists"):
            store.backup(each)
    assert (tmp_path / "copy.db").read_text() == "precious"
    assert store.newest() == revision(1)


def test_a_folder_that_is_not_there(store: Store, tmp_path: Path) -> None:
    store.write(full_change(1))
    with pytest.raises(StoreError, match=r"none/copy\.db: No such file or directory"):
        store.backup(tmp_path / "none" / "copy.db")


def test_a_store_that_is_not_there_leaves_no_copy(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no backup was written"):
        store.backup(tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


def test_a_copy_does_without_the_gateway(store: Store, file: Path, tmp_path: Path) -> None:
    """The documented statement, by any program that speaks SQLite, while the store is open."""
    store.write(full_change(1))
    with closing(sqlite3.connect(file)) as other:
        other.execute(f"VACUUM INTO '{tmp_path / 'copy.db'}'")
    copy = Store(f"sqlite:///{tmp_path / 'copy.db'}")
    assert copy.newest() == revision(1)
    copy.close()
