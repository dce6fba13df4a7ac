"""The gate, with a real store, real configurations, and workers that take everything."""

import asyncio
import pickle
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.admin.operations import RefusedError, StaleError, UnknownError
from gateway.config.faults import ConfigError
from gateway.control.naming import digest
from gateway.control.standing import find
from gateway.core.model import Snapshot
from gateway.core.records import Change, Override
from gateway.links.rundir import SNAPSHOT
from tests.control.places import FAULTY, MOVED, RESPLIT, START, TEXT, Place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with closing(Place(tmp_path)) as place:
        yield place


def disabled(name: str = "one", **more: object) -> Override:
    return Override("variant_disabled", name, "ann", "it is ill", START, **more)  # type: ignore[arg-type]


def split(route: str = "r", **weights: int) -> Override:
    return Override("split_set", route, "ann", "green", START, split=weights)


async def apply(place: Place, text: bytes, expected: int | None = None) -> int:
    outcome = await place.gate.apply(text, author="ann", message="", expected=expected)
    return outcome.revision.number


async def test_a_configuration_is_kept_left_taken_and_told(place: Place) -> None:
    outcome = await place.gate.apply(RESPLIT, author="ann", message="half and half", expected=1)
    assert (outcome.revision.number, outcome.kept, outcome.changed) == (2, True, True)
    kept = place.store.newest()
    assert kept is not None
    assert (kept.number, kept.text, kept.author, kept.message, kept.origin) == (
        2,
        RESPLIT,
        "ann",
        "half and half",
        "api",
    )
    assert place.fleet.taken[-1].routes["r"].split == {"one": 5, "two": 5}
    assert place.fleet.taken[-1].revision == 2
    left: Snapshot = pickle.loads(place.run_dir.read(SNAPSHOT))
    assert left == place.fleet.taken[-1]
    assert find(place.run_dir).revision == outcome.revision
    assert place.happened() == [("reload_applied", "configuration", "ann")]


async def test_what_is_in_force_already_changes_nothing(place: Place) -> None:
    outcome = await place.gate.apply(TEXT, author="ann", message="", expected=None)
    assert (outcome.changed, outcome.revision.number) == (False, 1)
    assert place.fleet.taken == []
    assert place.happened() == []


@pytest.mark.parametrize(("text", "error"), [(FAULTY, ConfigError), (MOVED, RefusedError)])
async def test_what_is_refused_changes_nothing_and_is_told(place: Place, text: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        await apply(place, text)
    assert place.gate.standing.revision.number == 1
    assert place.fleet.taken == []
    assert place.happened() == [("reload_refused", "configuration", "ann")]


async def test_of_two_writers_one_wins(place: Place) -> None:
    tries = (apply(place, RESPLIT, 1), apply(place, TEXT + b"# other\n", 1))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert results[0] == 2
    assert isinstance(results[1], StaleError)
    assert results[1].present == 2


async def test_an_older_revision_is_restored_as_a_new_one(place: Place) -> None:
    await apply(place, RESPLIT)
    outcome = await place.gate.restore(1, author="ben", message="", expected=2)
    assert (outcome.revision.number, outcome.revision.text, outcome.revision.origin) == (3, TEXT, "restore")
    assert place.happened()[-1] == ("revision_restored", "configuration", "ben")
    with pytest.raises(UnknownError):
        await place.gate.restore(9, author="ben", message="", expected=None)


async def test_the_file_makes_a_revision_once(place: Place) -> None:
    assert (await place.gate.take_file(RESPLIT)).revision.number == 2
    await apply(place, TEXT)
    outcome = await place.gate.take_file(RESPLIT)
    assert (outcome.changed, outcome.revision.number) == (False, 3)


async def test_a_text_of_the_file_that_is_in_force_already_is_taken_all_the_same(place: Place) -> None:
    """So that a start knows it was."""
    await apply(place, RESPLIT)
    assert not (await place.gate.take_file(RESPLIT)).changed
    assert place.gate.standing.taken == place.store.taken() == digest(RESPLIT)


async def test_an_override_is_laid_over_the_revision_and_survives_the_next(place: Place) -> None:
    await place.gate.set_override(disabled())
    assert place.fleet.taken[-1].disabled == {"one"}
    await apply(place, RESPLIT)
    assert place.fleet.taken[-1].disabled == {"one"}
    assert [each.key for each in place.store.overrides()] == [("variant_disabled", "one")]
    outcome = await place.gate.end_override(("variant_disabled", "one"), who="ben", why="well again")
    assert outcome.changed
    assert place.fleet.taken[-1].disabled == frozenset()
    assert place.store.overrides() == []
    assert not (await place.gate.end_override(("variant_disabled", "one"), who="ben", why="")).changed


async def test_a_set_split_ends_when_the_revision_changes_that_split(place: Place) -> None:
    await place.gate.set_override(split(two=1))
    assert place.fleet.taken[-1].routes["r"].split == {"two": 1}
    await apply(place, TEXT + b"# a remark\n")
    assert place.fleet.taken[-1].routes["r"].split == {"two": 1}
    await apply(place, RESPLIT)
    assert place.fleet.taken[-1].routes["r"].split == {"one": 5, "two": 5}
    assert place.happened()[-1] == ("override_ended", "route r", "gateway")
    assert place.store.overrides() == []


async def test_a_split_remembers_the_one_before(place: Place) -> None:
    await place.gate.set_override(split(two=1))
    await place.gate.set_override(split(one=1))
    (standing,) = place.gate.standing.overrides
    assert (standing.split, standing.previous) == ({"one": 1}, {"two": 1})


@pytest.mark.parametrize(
    ("override", "error"),
    [
        (disabled("won"), UnknownError),
        (split("q", one=1), UnknownError),
        (split(one=0), RefusedError),
        (split(three=1), RefusedError),
        (disabled(expires=START), RefusedError),
    ],
)
async def test_overrides_that_cannot_be(place: Place, override: Override, error: type[Exception]) -> None:
    with pytest.raises(error):
        await place.gate.set_override(override)
    assert place.fleet.taken == []


async def test_an_override_ends_on_time(place: Place) -> None:
    await place.gate.set_override(disabled(expires=place.later(seconds=10)))
    place.now = place.later(seconds=9)
    await place.gate.expire()
    assert place.fleet.taken[-1].disabled == {"one"}
    place.now = place.later(seconds=1)
    await place.gate.expire()
    assert place.fleet.taken[-1].disabled == frozenset()
    assert place.happened()[-1] == ("override_ended", "variant one", "gateway")


async def test_changes_go_on_while_the_store_does_not(place: Place) -> None:
    with sqlite3.connect(place.database, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        outcome = await place.gate.apply(RESPLIT, author="ann", message="", expected=None)
        other.execute("ROLLBACK")
    assert not outcome.kept
    assert place.fleet.taken[-1].revision == 2
    assert [each.revision and each.revision.number for each in find(place.run_dir).pending] == [2]
    newest = place.store.newest()
    assert newest is not None
    assert newest.number == 1


async def test_what_the_store_knows_beyond_the_run_directory_is_taken(place: Place) -> None:
    """Control died between the two, or another gateway wrote it. Overrides were set on top of the newest revision."""
    revision = replace(place.gate.standing.revision, number=2, text=RESPLIT, hash=digest(RESPLIT), author="ben")
    place.store.write(Change(revision=revision, set=(disabled(), split(two=1))))
    await place.gate.follow()
    assert place.gate.standing.revision == revision
    assert (place.fleet.taken[-1].disabled, place.fleet.taken[-1].routes["r"].split) == ({"one"}, {"two": 1})
    assert len(place.fleet.taken) == 1
    await place.gate.follow()
    assert len(place.fleet.taken) == 1
    place.store.write(Change(ended=(disabled().key,)))
    await place.gate.follow()
    assert place.fleet.taken[-1].disabled == frozenset()


async def test_a_number_that_is_taken_is_told_and_what_took_it_is_in_force(place: Place) -> None:
    """The next try is on top of it."""
    other = replace(place.gate.standing.revision, number=2, text=RESPLIT, hash=digest(RESPLIT), author="ben")
    place.store.write(Change(revision=other))
    with pytest.raises(StaleError) as stale:
        await apply(place, TEXT + b"# mine\n")
    assert stale.value.present == 2
    assert place.gate.standing.revision == other
    assert place.events.last == 1
    assert await apply(place, TEXT + b"# mine\n", 2) == 3


async def test_the_file_comes_after_what_somebody_else_has_put_in_force(place: Place) -> None:
    other = replace(place.gate.standing.revision, number=2, text=TEXT + b"# other\n", origin="api")
    place.store.write(Change(revision=other))
    outcome = await place.gate.take_file(RESPLIT)
    assert (outcome.revision.number, outcome.revision.text) == (3, RESPLIT)


async def test_the_same_file_on_two_machines_makes_one_revision(place: Place) -> None:
    first = place.later(seconds=-1)
    other = replace(place.gate.standing.revision, number=2, text=RESPLIT, hash=digest(RESPLIT), time=first)
    place.store.write(Change(revision=other))
    outcome = await place.gate.take_file(RESPLIT)
    assert (outcome.changed, outcome.revision.number) == (False, 2)


async def test_what_needs_a_restart_is_not_followed(place: Place) -> None:
    other = replace(place.gate.standing.revision, number=2, text=MOVED)
    place.store.write(Change(revision=other))
    with pytest.raises(RefusedError, match="listen"):
        await place.gate.follow()
    assert place.gate.standing.revision.number == 1
    assert place.fleet.taken == []


async def test_a_run_directory_that_cannot_be_written_holds_up_nothing(place: Place) -> None:
    path, place.run_dir.path = place.run_dir.path, "/nowhere"
    assert await apply(place, RESPLIT) == 2
    assert place.fleet.taken[-1].revision == 2
    assert not place.gate.is_left
    place.run_dir.path = path
    place.gate.leave()
    assert place.gate.is_left
    assert find(place.run_dir).revision.number == 2
