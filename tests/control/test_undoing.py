"""What follows a change that no worker can take."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.admin.operations import RefusedError
from gateway.control.fleet import RejectedError
from gateway.control.undoing import undo
from gateway.core.model import Snapshot
from gateway.core.records import Change, Override, Revision
from tests.control.places import RESPLIT, START, TEXT, Place

LATER = START + timedelta(minutes=1)
OUT = Override("variant_disabled", "one", "ann", "it is ill", START)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with closing(Place(tmp_path)) as place:
        yield place


def reject(place: Place) -> None:
    """From now on no worker takes anything, until what it has comes again."""

    async def swap(before: Snapshot, after: Snapshot) -> Sequence[str]:
        place.fleet.taken.append(after)
        raise RejectedError("no such folder")

    place.fleet.swap = swap  # type: ignore[method-assign]


def test_a_revision_comes_back_under_a_new_number(place: Place) -> None:
    before = place.gate.standing
    bad = place.load(RESPLIT)
    revision = Revision(2, RESPLIT, "ann", "", START, origin="api", hash="x")
    after = before.follow(revision, bad.snapshot, bad.settings)
    back, change = undo(before, after, now=LATER)
    assert (back.revision.number, back.revision.text, back.revision.origin) == (3, TEXT, "restore")
    assert (back.revision.author, back.revision.time) == ("gateway", LATER)
    assert back.revision.message == "takes back revision 2"
    assert (back.base.revision, back.base.serial) == (3, after.base.serial + 1)
    assert back.base.routes == before.base.routes
    assert change == Change(revision=back.revision)


def test_overrides_come_back_as_they_were(place: Place) -> None:
    first = place.gate.standing.override(given=(OUT,))
    split = Override("split_set", "r", "ann", "", START, split={"two": 1})
    after = first.override(given=(split,), ended=(OUT.key,))
    back, change = undo(first, after, now=LATER)
    assert back.overrides == (OUT,)
    assert back.revision is first.revision
    assert change == Change(set=(OUT,), ended=(split.key,))


async def test_a_configuration_that_no_worker_takes_is_refused_and_taken_back(place: Place) -> None:
    reject(place)
    with pytest.raises(RefusedError, match="no worker can take it, so it was taken back: no such folder"):
        await place.gate.apply(RESPLIT, author="ann", message="", expected=1)
    assert (place.gate.standing.revision.number, place.gate.standing.revision.text) == (3, TEXT)
    assert [each.revision for each in place.fleet.taken] == [2, 3]
    newest = place.store.newest()
    assert newest is not None
    assert (newest.number, newest.text) == (3, TEXT)
    assert place.happened() == [
        ("reload_applied", "configuration", "ann"),
        ("revision_restored", "configuration", "gateway"),
        ("reload_refused", "configuration", "ann"),
    ]


async def test_an_override_that_no_worker_takes_ends_again(place: Place) -> None:
    reject(place)
    with pytest.raises(RefusedError):
        await place.gate.set_override(OUT)
    assert place.gate.standing.overrides == ()
    assert place.store.overrides() == []
    assert place.happened()[-1] == ("override_ended", "variant one", "gateway")


async def test_an_override_that_could_not_end_stands_again(place: Place) -> None:
    await place.gate.set_override(OUT)
    reject(place)
    with pytest.raises(RefusedError):
        await place.gate.end_override(OUT.key, who="ben", why="well again")
    assert place.gate.standing.overrides == (OUT,)
    assert [each.key for each in place.store.overrides()] == [OUT.key]
    assert place.happened()[-1] == ("override_set", "variant one", "gateway")
