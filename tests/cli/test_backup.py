"""`gateway backup`: a copy of a store in use."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.core.records import Change, Revision
from gateway.store.store import Store
from tests.support.command import EXAMPLE, example, run

REVISION = Revision(1, b"text", "ann", "first", datetime(2026, 1, 31, tzinfo=UTC), origin="api", hash="h")


@pytest.fixture
def used(tmp_path: Path) -> Iterator[Path]:
    """The file of a store that somebody has open."""
    file = tmp_path / "gateway.db"
    store = Store(f"sqlite:///{file}")
    store.write(Change(revision=REVISION))
    yield file
    store.close()


def kept(file: Path) -> Revision | None:
    store = Store(f"sqlite:///{file}")
    newest = store.newest()
    store.close()
    return newest


@pytest.mark.parametrize("by", ["--config", "--store"])
def test_everything_is_copied(by: str, used: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    named = example(tmp_path, EXAMPLE) if by == "--config" else f"sqlite:///{used}"
    done = run("backup", copy, by, named)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{copy}: {copy.stat().st_size} bytes\n"
    assert kept(copy) == kept(used) == REVISION


def test_nothing_is_overwritten(used: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("mine")
    done = run("backup", copy, "--store", f"sqlite:///{used}")
    assert (done.returncode, done.stderr) == (1, f"gateway: {copy} exists; name a new file\n")
    assert copy.read_text() == "mine"


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    done = run("backup", tmp_path / "copy.db", "--store", f"sqlite:///{tmp_path / 'no.db'}")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"there is no store at {tmp_path / 'no.db'}" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_store_is_said(tmp_path: Path) -> None:
    file = tmp_path / "gateway.db"
    file.write_text("not a database, by any means\n" * 100)
    done = run("backup", tmp_path / "copy.db", "--store", f"sqlite:///{file}")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not a SQLite database" in done.stderr
    assert not (tmp_path / "copy.db").exists()


def test_postgresql_has_its_own_tools(tmp_path: Path) -> None:
    done = run("backup", tmp_path / "copy.db", "--store", "postgresql://u:hunter2@127.0.0.1:1/x")
    assert (done.returncode, done.stdout) == (1, "")
    assert "hunter2" not in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("given", [(), ("--config", "x", "--store", "y")])
def test_one_source_is_named(given: tuple[str, ...], tmp_path: Path) -> None:
    done = run("backup", tmp_path / "copy.db", *given)
    assert (done.returncode, done.stdout) == (2, "")
    assert "give either --config FILE or --store URL" in done.stderr
