"""What is in force when a gateway begins."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.config.faults import ConfigError
from gateway.control.naming import digest
from gateway.control.start import Start, begin
from gateway.core.records import Change, Override, Revision
from gateway.errors import StartError
from gateway.store.store import Store
from tests.control.places import FAULTY, RESPLIT, START, TEXT

LATER = START + timedelta(days=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yaml"
    path.write_bytes(TEXT)
    return path


def start(file: Path, *, last_good: bool = False) -> Start:
    return begin(file, None, last_good=last_good, now=LATER)


def store(file: Path) -> Store:
    return Store(f"sqlite:///{file.parent}/gateway.db")


def revise(file: Path, text: bytes, number: int) -> None:
    revision = Revision(number, text, "ann", "", START, origin="api", hash=digest(text))
    store(file).write(Change(revision=revision))


def test_the_first_start_makes_the_first_revision(file: Path) -> None:
    standing = start(file).standing
    assert (standing.revision.number, standing.revision.author, standing.taken) == (1, "file", digest(TEXT))
    assert store(file).newest() == standing.revision
    assert [event.kind for event in store(file).events(0, 9)] == ["reload_applied"]


def test_the_same_file_makes_no_other(file: Path) -> None:
    first = start(file).standing
    again = start(file).standing
    assert (again.revision, again.event, again.taken) == (first.revision, first.event, first.taken)


def test_a_changed_file_makes_another(file: Path) -> None:
    start(file)
    file.write_bytes(RESPLIT)
    standing = start(file).standing
    assert (standing.revision.number, standing.revision.text) == (2, RESPLIT)


def test_the_newest_revision_is_in_force_while_the_file_is_as_it_was(file: Path) -> None:
    start(file)
    revise(file, RESPLIT, 2)
    begun = start(file)
    assert (begun.standing.revision.number, begun.standing.taken) == (2, digest(TEXT))
    assert begun.standing.base.routes["r"].split == {"one": 5, "two": 5}
    assert begun.told


def test_a_file_that_was_taken_without_a_revision_counts_as_taken(file: Path) -> None:
    """Its text was put in force by somebody first, and then something else: a restart does not bring it back."""
    start(file)
    revise(file, RESPLIT, 2)
    file.write_bytes(RESPLIT)
    begun = start(file)
    assert (begun.standing.revision.number, begun.standing.taken) == (2, digest(RESPLIT))
    revise(file, TEXT, 3)
    assert start(file).standing.revision.number == 3


def test_a_changed_file_goes_before_the_newest_revision(file: Path) -> None:
    start(file)
    revise(file, RESPLIT, 2)
    file.write_bytes(TEXT + b"# changed\n")
    assert start(file).standing.revision.number == 3


def test_a_revision_that_no_longer_holds_gives_way_to_the_file(file: Path) -> None:
    start(file)
    revise(file, FAULTY, 2)
    begun = start(file)
    assert (begun.standing.revision.number, begun.standing.revision.text) == (3, TEXT)
    assert "revision 2 no longer holds" in begun.told[0]


def test_faults_end_the_start(file: Path) -> None:
    start(file)
    file.write_bytes(FAULTY)
    with pytest.raises(ConfigError):
        start(file)


def test_with_last_good_the_newest_revision_serves(file: Path) -> None:
    start(file)
    file.write_bytes(FAULTY)
    begun = start(file, last_good=True)
    assert begun.standing.revision.number == 1
    assert any("splt" in line for line in begun.told)


def test_last_good_needs_one(file: Path) -> None:
    file.write_bytes(FAULTY)
    with pytest.raises(ConfigError):
        start(file, last_good=True)


def test_last_good_needs_the_store(file: Path) -> None:
    file.write_bytes(FAULTY)
    (file.parent / "gateway.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StartError):
        start(file, last_good=True)


def test_a_store_that_cannot_be_used_is_no_reason_not_to_serve(file: Path) -> None:
    (file.parent / "gateway.db").write_bytes(b"no database" * 1000)
    begun = start(file)
    assert begun.standing.revision.number == 1
    assert not begun.standing.is_read
    assert len(begun.standing.pending) == 1
    assert "nothing is kept" in begun.told[0]


def test_a_store_that_is_locked_is_no_reason_either(file: Path) -> None:
    start(file)
    file.write_bytes(RESPLIT)
    with sqlite3.connect(file.parent / "gateway.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        begun = start(file)
        other.execute("ROLLBACK")
    assert begun.standing.revision.number == 2
    assert [each.revision and each.revision.number for each in begun.standing.pending] == [2]


def test_overrides_go_on_but_for_those_whose_time_is_over(file: Path) -> None:
    start(file)
    lasting = Override("variant_disabled", "one", "ann", "", START)
    over = Override("variant_disabled", "two", "ann", "", START, expires=START)
    gone = Override("variant_disabled", "three", "ann", "", START)
    store(file).write(Change(set=(lasting, over, gone)))
    standing = start(file).standing
    assert standing.overrides == (lasting,)
    assert standing.in_force.disabled == {"one"}
    assert store(file).overrides() == [lasting]
    assert [event.kind for event in store(file).events(1, 9)] == ["override_ended", "override_ended"]


def test_a_set_split_ends_where_the_file_changes_that_split(file: Path) -> None:
    start(file)
    store(file).write(Change(set=(Override("split_set", "r", "ann", "", START, split={"two": 1}),)))
    assert start(file).standing.in_force.routes["r"].split == {"two": 1}
    file.write_bytes(RESPLIT)
    assert start(file).standing.in_force.routes["r"].split == {"one": 5, "two": 5}
    assert store(file).overrides() == []
