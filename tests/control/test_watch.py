"""Watching files, with real files and no waiting for luck: each look is asked for or waited for."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.control.watch import Watch, look

PATIENCE = 10.0


class Changes:
    """What was reported."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[frozenset[str]] = asyncio.Queue()

    async def changed(self, paths: frozenset[str]) -> None:
        await self.queue.put(paths)

    async def next(self) -> frozenset[str]:
        return await asyncio.wait_for(self.queue.get(), PATIENCE)


@asynccontextmanager
async def watched(*paths: Path, known: tuple[Path, ...] = ()) -> AsyncIterator[tuple[Watch, Changes]]:
    changes = Changes()
    watch = Watch(lambda: map(str, paths), changes.changed, known=map(str, known or paths))
    task = asyncio.create_task(watch.run())
    try:
        yield watch, changes
    finally:
        task.cancel()


async def test_a_file_written_in_place(tmp_path: Path) -> None:
    file, other = tmp_path / "a", tmp_path / "b"
    file.write_text("1")
    other.write_text("1")
    async with watched(file, other) as (_, changes):
        file.write_text("2")
        assert await changes.next() == {str(file)}


async def test_a_file_renamed_over_it(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("1")
    async with watched(file) as (_, changes):
        (tmp_path / "new").write_text("1")
        os.replace(tmp_path / "new", file)
        assert await changes.next() == {str(file)}


async def test_a_link_swapped_in_the_path(tmp_path: Path) -> None:
    """As Kubernetes does: `a -> ..data/a`, and `..data` is replaced."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text(name)
    (tmp_path / "..data").symlink_to("one")
    (tmp_path / "a").symlink_to("..data/a")
    async with watched(tmp_path / "a") as (_, changes):
        (tmp_path / "..new").symlink_to("two")
        os.replace(tmp_path / "..new", tmp_path / "..data")
        assert await changes.next() == {str(tmp_path / "a")}


async def test_a_file_that_goes_and_comes(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("1")
    async with watched(file) as (_, changes):
        file.unlink()
        assert await changes.next() == {str(file)}
        file.write_text("1")
        assert await changes.next() == {str(file)}


async def test_a_look_that_is_asked_for_reports_even_where_nothing_changed(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("1")
    async with watched(file) as (watch, changes):
        watch.look_now()
        assert await changes.next() == frozenset()


async def test_a_file_that_is_new_to_it_counts_as_changed_once(tmp_path: Path) -> None:
    """It may hold something else than when somebody read it."""
    file, other = tmp_path / "a", tmp_path / "b"
    file.write_text("1")
    other.write_text("1")
    async with watched(file, other, known=(file,)) as (watch, changes):
        assert await changes.next() == {str(other)}
        watch.look_now()
        assert await changes.next() == frozenset()


def test_no_file_looks_like_none(tmp_path: Path) -> None:
    assert look(str(tmp_path / "none")) is None
