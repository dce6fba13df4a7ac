"""Another gateway that writes to the same store."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.control.following import Following
from gateway.control.naming import digest
from gateway.core.records import Change, Override
from tests.control.places import MOVED, RESPLIT, START, Place

OUT = Override("variant_disabled", "one", "ben", "it is ill", START)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with closing(Place(tmp_path)) as place:
        yield place


@pytest.fixture
def following(place: Place) -> Following:
    return Following(place.gate, place.keeping, place.log)


def said(place: Place) -> str:
    return (place.file.parent / "log").read_text()


def write(place: Place, number: int, text: bytes, *overrides: Override) -> None:
    """What the other one does."""
    revision = replace(place.gate.standing.revision, number=number, text=text, hash=digest(text), author="ben")
    place.store.write(Change(revision=revision, set=overrides))


async def test_what_it_puts_in_force_is_followed(place: Place, following: Following) -> None:
    await following.look()
    assert place.fleet.taken == []
    write(place, 2, RESPLIT, OUT)
    await following.look()
    assert (place.fleet.taken[-1].revision, place.fleet.taken[-1].disabled) == (2, {"one"})
    place.store.write(Change(ended=(OUT.key,)))
    await following.look()
    assert place.fleet.taken[-1].disabled == frozenset()
    await following.look()
    assert len(place.fleet.taken) == 2
    assert said(place) == ""


async def test_what_cannot_be_taken_up_is_said_once_and_the_next_one_taken(place: Place, following: Following) -> None:
    write(place, 2, MOVED)
    await following.look()
    await following.look()
    assert said(place).count("cannot be taken up") == 1
    assert "listen" in said(place)
    assert place.gate.standing.revision.number == 1
    write(place, 3, RESPLIT)
    await following.look()
    assert place.gate.standing.revision.number == 3


async def test_a_store_that_cannot_be_read_is_asked_again(place: Place, following: Following) -> None:
    content = place.database.read_bytes()
    place.database.write_bytes(b"no database")
    await following.look()
    place.database.write_bytes(content)
    write(place, 2, RESPLIT)
    await following.look()
    assert place.gate.standing.revision.number == 2
