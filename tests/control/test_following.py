"""Another gateway that writes to the same store."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.control.following import Following
from gateway.control.naming import digest
from gateway.core.records import Change, Event, Override
from tests.control.places import MOVED, RESPLIT, START, Place

OUT = Override("variant_disabled", "one", "ben", "it is ill", START)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with closing(Place(tmp_path)) as place:
        yield place


@pytest.fixture
def following(place: Place) -> Following:
    return Following(place.gate, place.keeping, place.events, place.log)


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


def event(number: int, why: str = "of another") -> Event:
    return Event(number, START, "override_set", "variant one", "ben", why)


async def test_its_events_are_told_in_their_order(place: Place, following: Following) -> None:
    """To those who follow; webhooks are its own business."""
    with place.events.followed() as follower:
        place.store.write(Change(events=(event(2),)))
        await following.look()
        await following.look()
        await place.gate.set_override(OUT)
    ids = [(each.id, each.why) for each in place.events.recent(1, 10) or ()]
    assert ids == [(2, "of another"), (3, "it is ill")]
    assert [follower.get_nowait() for _ in ids] == place.events.recent(1, 10)
    assert "of another" not in said(place)


async def test_events_that_happen_at_the_same_time_are_numbered_by_the_store(place: Place) -> None:
    place.store.write(Change(events=(event(2), event(3))))
    await place.gate.set_override(OUT)
    ids = [(each.id, each.why) for each in place.events.recent(1, 10) or ()]
    assert ids == [(2, "of another"), (3, "of another"), (4, "it is ill")]
    assert [each.id for each in place.store.events(1, 10)] == [2, 3, 4]
    await place.gate.end_override(OUT.key, who="ann", why="well again")
    assert place.events.last == 5


async def test_a_store_that_cannot_be_read_is_asked_again(place: Place, following: Following) -> None:
    content = place.database.read_bytes()
    place.database.write_bytes(b"no database")
    await following.look()
    place.database.write_bytes(content)
    write(place, 2, RESPLIT)
    await following.look()
    assert place.gate.standing.revision.number == 2
