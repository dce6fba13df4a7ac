"""What can go wrong with a file, and that the store is back as soon as it no longer does: the same object, all data."""

import os
import resource
import shutil
import sqlite3
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gateway.core.records import Change
from gateway.store.errors import StoreError
from gateway.store.sqlite import Sqlite
from gateway.store.store import Store
from tests.store.samples import full_change, revision

LARGE = os.urandom(1_000_000)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{file}")
    yield store
    store.close()


def check_refused(store: Store, match: str) -> None:
    """Reading and writing, again and again."""
    for _ in range(2):
        with pytest.raises(StoreError, match=match):
            store.newest()
        with pytest.raises(StoreError, match=match):
            store.write(full_change(2))


def check_healed(store: Store) -> None:
    store.write(full_change(2))
    assert [each.number for each in store.revisions(9)] == [2, 1]


def test_the_file_and_its_companions_are_for_their_owner_only(store: Store, file: Path) -> None:
    before = os.umask(0)
    try:
        store.write(full_change(1))
    finally:
        os.umask(before)
    modes = {each.name: each.stat().st_mode & 0o777 for each in file.parent.iterdir()}
    assert modes == {"gateway.db": 0o600, "gateway.db-wal": 0o600, "gateway.db-shm": 0o600}


def test_the_permissions_of_a_file_that_is_there_are_its_owners_business(store: Store, file: Path) -> None:
    file.touch(0o640)
    store.open()
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_commit_is_on_the_disk(file: Path) -> None:
    """The write-ahead log, synced at each commit; waiting for others is bounded."""
    engine = Sqlite(file).connect()
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "fullfsync", "busy_timeout", "foreign_keys")
        }
    engine.dispose()
    assert found == {"journal_mode": "wal", "synchronous": 2, "fullfsync": 1, "busy_timeout": 1_000, "foreign_keys": 1}


@pytest.mark.parametrize("name", ["with space.db", "50%.db", "a?b=c.db", "#1.db", ":memory:", "naïve-模型.db"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    """It is a path, not a part of a URL."""
    store = Store(f"sqlite:///{tmp_path / name}")
    store.write(full_change(1))
    store.close()
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_a_missing_folder(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'none' / 'gateway.db'}")
    check_refused(store, f"{tmp_path}/none/gateway.db: it cannot be opened; the folder must exist")
    (tmp_path / "none").mkdir()
    store.write(full_change(1))
    check_healed(store)
    store.close()


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may write anything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Which nobody may enter; pytest's own are closed to others."""
    path = Path(tempfile.mkdtemp(prefix="store-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def test_a_file_that_may_not_be_written(folder: Path) -> None:
    """It can still be read where its folder may be written, or somebody else has it open."""
    file = folder / "gateway.db"
    store, other = Store(f"sqlite:///{file}"), Store(f"sqlite:///{file}")
    other.write(full_change(1))
    file.chmod(0o444)
    for each in folder.iterdir():
        each.chmod(0o444)
    folder.chmod(0o555)
    with as_nobody():
        for _ in range(2):
            with pytest.raises(StoreError, match=r"write permission on the file and its folder|may not be written"):
                store.write(full_change(2))
    folder.chmod(0o777)
    for each in folder.iterdir():
        each.chmod(0o666)
    with as_nobody():
        check_healed(store)
    store.close()
    other.close()


def test_a_folder_that_may_not_be_entered(folder: Path) -> None:
    file = folder / "gateway.db"
    folder.chmod(0o700 if os.geteuid() == 0 else 0)
    store = Store(f"sqlite:///{file}")
    with as_nobody():
        check_refused(store, "it cannot be opened; the folder must exist, and the gateway's user must be able to write")
    folder.chmod(0o777)
    with as_nobody():
        store.write(full_change(1))
        check_healed(store)
        store.close()


def test_a_database_that_another_program_has_locked(store: Store, file: Path) -> None:
    """It is waited for, a second long; what is in the file can be read all the while."""
    store.write(full_change(1))
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program keeps it locked"):
            store.write(full_change(2))
        assert store.newest() == revision(1)
        other.execute("ROLLBACK")
    check_healed(store)


def test_a_new_file_that_another_program_is_making_is_waited_for(store: Store, file: Path) -> None:
    """SQLite alone gives up at once there: the file has no write-ahead log yet."""
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        ends = threading.Timer(0.3, other.execute, ("COMMIT",))
        ends.start()
        store.write(full_change(1))
        ends.join()
    check_healed(store)


def test_a_file_that_is_no_database(store: Store, file: Path) -> None:
    """A copy in its place heals it."""
    store.write(full_change(1))
    backup = file.with_name("backup.db")
    store.backup(backup)
    store.close()
    file.write_bytes(b"not a database at all" * 1_000)
    check_refused(store, r"gateway\.db: the file is not a SQLite database; name another one")
    restore(backup, file)
    check_healed(store)


def restore(backup: Path, file: Path) -> None:
    """As the manual has it."""
    for each in (file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        each.unlink(missing_ok=True)
    os.replace(backup, file)


def test_a_damaged_file(store: Store, file: Path) -> None:
    """Pages of it are garbage; the words say what to do."""
    for number in range(1, 30):
        store.write(Change(revision=revision(number, LARGE[:50_000])))
    store.close()
    whole = file.read_bytes()
    file.write_bytes(whole[:4_096] + os.urandom(len(whole) - 4_096))
    with pytest.raises(StoreError, match="the file is damaged; put a backup in its place, or move it away"):
        store.newest()
    with pytest.raises(StoreError, match=r"no backup was written to .*: the file is damaged"):
        store.backup(file.with_name("backup.db"))
    assert not file.with_name("backup.db").exists()
    file.write_bytes(whole)
    assert store.newest() == revision(29, LARGE[:50_000])


def test_a_file_that_was_removed_is_noticed(store: Store, file: Path) -> None:
    """What would be written to it now would be nowhere; a new one is begun at the next try."""
    store.write(full_change(1))
    for each in list(file.parent.iterdir()):
        each.unlink()
    with pytest.raises(StoreError, match="removed or replaced while it was in use"):
        store.write(full_change(2))
    store.write(full_change(2))
    assert [each.number for each in Store(f"sqlite:///{file}").revisions(9)] == [2]


@contextmanager
def file_size_at_most(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_that_may_not_grow(store: Store) -> None:
    """As with a quota. Nothing is half written, and what was there can be read."""
    store.write(full_change(1))
    with file_size_at_most(300_000):
        for _ in range(2):
            with pytest.raises(
                StoreError, match=r"the disk cannot be read or written; it may be full|the disk is full"
            ):
                store.write(Change(revision=revision(2, LARGE)))
        assert store.newest() == revision(1)
    check_healed(store)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB, where we may mount one."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(path)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("a small file system can be mounted by root only; the test of a file that may not grow stands in")
    yield path
    subprocess.run(["umount", str(path)], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    """Until there is room again."""
    store = Store(f"sqlite:///{small_disk / 'gateway.db'}")
    store.write(full_change(1))
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space left"):
        ballast.write_bytes(bytes(2_000_000))
    for _ in range(2):
        with pytest.raises(StoreError, match=r"gateway\.db: the disk is full; make room"):
            store.write(Change(revision=revision(2, LARGE[:200_000])))
    assert store.newest() == revision(1)
    ballast.unlink()
    check_healed(store)
    store.close()


def test_a_full_disk_from_the_start(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space left"):
        ballast.write_bytes(bytes(2_000_000))
    store = Store(f"sqlite:///{small_disk / 'gateway.db'}")
    with pytest.raises(StoreError, match=r"the disk is full|it cannot be opened|may be full"):
        store.open()
    ballast.unlink()
    store.write(full_change(1))
    check_healed(store)
    store.close()
