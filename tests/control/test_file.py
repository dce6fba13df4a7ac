"""The configuration file beside what is in force."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.admin.operations import FileStatus, Outcome, RefusedError
from gateway.config.faults import WHOLE_FILE, ConfigError, Fault
from gateway.control.file import File
from gateway.control.naming import digest
from gateway.control.watch import EVERY
from gateway.core.records import Revision

FAULT = Fault(3, 1, "routes", "what is wrong")


def revision(text: bytes) -> Revision:
    return Revision(1, text, "ann", "", datetime(2026, 1, 2, tzinfo=UTC), origin="file", hash=digest(text))


@dataclass
class Gate:
    """Takes texts, but for those that are refused."""

    taken: list[bytes] = field(default_factory=list)
    unreadable: list[ConfigError] = field(default_factory=list)
    error: Exception | None = None

    async def take(self, text: bytes) -> Outcome:
        if self.error is not None:
            raise self.error
        self.taken.append(text)
        return Outcome(revision(text), kept=True)

    async def retake(self) -> Outcome:
        return await self.take(b"in force")

    async def refuse(self, error: ConfigError) -> None:
        self.unreadable.append(error)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def file(tmp_path: Path, gate: Gate) -> File:
    (tmp_path / "gateway.yaml").write_bytes(b"one")
    return File(tmp_path / "gateway.yaml", take=gate.take, retake=gate.retake, unreadable=gate.refuse)


async def test_its_text_is_taken(file: File, gate: Gate) -> None:
    outcome = await file.read()
    assert outcome is not None
    assert gate.taken == [b"one"]
    assert file.status(revision(b"one")) == FileStatus(differs=False, faults=())
    assert file.status(revision(b"two")) == FileStatus(differs=True, faults=())


@pytest.mark.parametrize(
    ("error", "faults"),
    [(ConfigError([FAULT]), (FAULT,)), (RefusedError("no"), (Fault(1, 1, WHOLE_FILE, "no"),))],
)
async def test_what_is_wrong_is_remembered_until_it_is_right(
    file: File, gate: Gate, error: Exception, faults: tuple[Fault, ...]
) -> None:
    gate.error = error
    assert await file.read() is None
    assert file.status(revision(b"zero")) == FileStatus(differs=True, faults=faults)
    gate.error = None
    await file.read()
    assert file.status(revision(b"one")) == FileStatus(differs=False, faults=())


async def test_what_is_wrong_with_other_files_is_remembered_as_well(file: File, gate: Gate) -> None:
    gate.error = ConfigError([FAULT])
    assert await file.reread() is None
    assert file.status(revision(b"one")).faults == (FAULT,)
    gate.error = None
    await file.reread()
    assert gate.taken == [b"in force"]
    assert file.status(revision(b"one")).faults == ()


async def test_other_files_that_are_right_do_not_make_its_text_right(file: File, gate: Gate) -> None:
    gate.error = ConfigError([FAULT])
    await file.read()
    gate.error = None
    await file.reread()
    assert file.status(revision(b"in force")) == FileStatus(differs=True, faults=(FAULT,))


async def test_other_files_that_are_right_make_its_text_right_where_that_is_in_force(file: File, gate: Gate) -> None:
    file.path.write_bytes(b"in force")
    gate.error = ConfigError([FAULT])
    await file.read()
    await file.reread()
    assert file.status(revision(b"in force")) == FileStatus(differs=False, faults=(FAULT,))
    gate.error = None
    await file.reread()
    assert file.status(revision(b"in force")) == FileStatus(differs=False, faults=())


async def test_a_text_that_is_taken_has_no_faults_of_other_files_left(file: File, gate: Gate) -> None:
    gate.error = ConfigError([FAULT])
    await file.reread()
    gate.error = None
    await file.read()
    assert file.status(revision(b"one")).faults == ()


async def test_a_file_that_is_being_written_at_a_start_is_waited_for(file: File, gate: Gate) -> None:
    begun = asyncio.ensure_future(file.begin(digest(b"zero")))
    await asyncio.sleep(EVERY / 2)
    file.path.write_bytes(b"one and more")
    await begun
    assert gate.taken == [b"one and more"]


async def test_no_file_is_a_fault(file: File, gate: Gate) -> None:
    file.path.unlink()
    assert await file.read() is None
    assert [error.faults for error in gate.unreadable] == [file.status(revision(b"one")).faults]
    assert file.status(revision(b"one")).differs


@pytest.mark.parametrize(("taken", "expected"), [(b"one", []), (b"zero", [b"one"])])
async def test_after_a_start_it_is_taken_where_it_has_changed(
    file: File, gate: Gate, taken: bytes, expected: list[bytes]
) -> None:
    await file.begin(digest(taken))
    assert gate.taken == expected
    assert not file.status(revision(b"one")).differs


async def test_after_a_start_no_file_is_only_noted(file: File, gate: Gate) -> None:
    file.path.unlink()
    await file.begin(digest(b"one"))
    assert gate.unreadable == []
    assert file.status(revision(b"one")).faults
