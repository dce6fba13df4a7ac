"""The store as control uses it, on both databases."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.core.records import Change, Event
from gateway.store.errors import ConflictError, StoreError
from gateway.store.store import Store
from tests.store.samples import NOW, delivery, event, full_change, override, revision


def test_an_empty_store(store: Store) -> None:
    assert (store.newest(), store.taken(), store.revision(1)) == (None, "", None)
    assert (*store.revisions(10), *store.overrides(), *store.events(None, 10), *store.deliveries(10)) == ()
    assert store.last_event_id() == 0


def test_a_change_is_found_again_as_it_was(store: Store, url: str) -> None:
    """By the same store, and by another one after it was closed."""
    change = full_change(1)
    assert store.write(change) == change
    store.close()
    for reader in (store, Store(url)):
        assert reader.newest() == reader.revision(1) == change.revision
        assert tuple(reader.overrides()) == change.set
        assert tuple(reader.events(None, 10)) == change.events
        assert tuple(reader.deliveries(10)) == change.deliveries
        reader.close()


ANY_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)))
ANY_TIME = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
    max_leaves=5,
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.builds(Event, st.just(0), ANY_TIME, *[ANY_TEXT] * 4, st.dictionaries(st.text(), ANY_JSON)), st.binary())
def test_whatever_a_record_holds_is_kept(store: Store, happened: Event, text: bytes) -> None:
    """Any text, any bytes, any time to the microsecond, any JSON."""
    last, newest = store.last_event_id(), store.newest()
    happened = replace(happened, id=last + 1)
    made = revision(newest.number + 1 if newest else 1, text, author=happened.who, message=happened.why)
    store.write(Change(revision=made, events=(happened,)))
    assert store.newest() == made
    assert store.events(last, 10) == [happened]


def test_texts_that_cannot_be_kept_are_kept_in_part(store: Store) -> None:
    """PostgreSQL has no NUL, and UTF-8 no half of a surrogate pair: refusing them would hold up all that follows."""
    odd = "a\0b\ud800c"
    store.write(Change(revision=revision(1, message=odd), events=(event(1, why=odd, detail={odd: odd}),)))
    found = store.newest()
    assert found is not None
    assert found.message == "a\N{REPLACEMENT CHARACTER}b?c"
    assert store.events(None, 1)[0].why == found.message
    assert store.events(None, 1)[0].detail == {odd: odd}


def test_times_come_back_in_utc(store: Store) -> None:
    """Whatever zone they were given in, also where a clock is set back."""
    away = timezone(timedelta(hours=5, minutes=45))
    store.write(Change(set=(override(expires=NOW.astimezone(away)),)))
    (found,) = store.overrides()
    assert found.expires == NOW
    assert found.expires.tzinfo == UTC


def test_a_large_text(store: Store) -> None:
    """As a configuration of thousands of routes is; lists do not read it."""
    text = bytes(range(256)) * 32_768
    store.write(Change(revision=revision(1, text)))
    assert store.revision(1) == revision(1, text)
    assert [each.text for each in store.revisions(1)] == [b""]


def test_revisions_are_listed_newest_first(store: Store) -> None:
    store.write_all(Change(revision=revision(number)) for number in range(1, 6))
    assert [each.number for each in store.revisions(2)] == [5, 4]
    assert [each.number for each in store.revisions(2, before=4)] == [3, 2]
    assert [each.number for each in store.revisions(9, before=2)] == [1]
    assert store.revisions(1) == [replace(revision(5), text=b"")]


def test_the_text_last_taken_from_the_file_is_not_the_newest(store: Store) -> None:
    """It may have made no revision, since it was in force already."""
    origins = ["file", "file", "api", "restore"]
    store.write_all(Change(revision=revision(at, origin=each)) for at, each in enumerate(origins, 1))
    assert store.newest() == revision(4, origin="restore")
    assert store.taken() == revision(2).hash
    store.write(Change(taken="of no revision"))
    assert store.taken() == "of no revision"
    store.write(Change(revision=revision(5, origin="file")))
    assert store.taken() == revision(5).hash


def test_one_override_of_a_kind_for_a_subject(store: Store) -> None:
    """A second one takes its place; ending one leaves the others; ending none is nothing."""
    first, second = override(), override(why="still")
    split = override("split_set", "fraud-3", split={"b": 1, "a": 2}, previous={"a": 3}, rules="keep")
    forced = override("breaker_forced", "fraud-4", state="open", expires=NOW)
    store.write(Change(set=(first, split, forced)))
    store.write(Change(set=(second,)))
    assert store.overrides() == [forced, split, second]
    found = store.overrides()[1].split
    assert found is not None
    assert list(found) == ["b", "a"]
    store.write(Change(ended=(split.key, ("split_set", "nobody"))))
    assert store.overrides() == [forced, second]


def test_an_override_that_is_ended_and_set_at_once_is_set(store: Store) -> None:
    store.write(Change(set=(override(),)))
    store.write(Change(set=(override(why="anew"),), ended=(override().key,)))
    assert store.overrides() == [override(why="anew")]


def test_events_are_read_the_oldest_first(store: Store) -> None:
    store.write(Change(events=tuple(event(number) for number in range(1, 8))))
    assert [each.id for each in store.events(None, 3)] == [5, 6, 7]
    assert [each.id for each in store.events(2, 3)] == [3, 4, 5]
    assert [each.id for each in store.events(7, 3)] == []
    assert [each.id for each in store.events(0, 100)] == [1, 2, 3, 4, 5, 6, 7]
    assert store.last_event_id() == 7


def test_the_outbox(store: Store) -> None:
    first, second, third = delivery(1), delivery(2), delivery(3)
    assert store.add_deliveries((first, second, third)) == (first, second, third)
    assert store.deliveries(2) == [first, second]
    later = replace(first, tries=4, due=NOW + timedelta(minutes=1))
    store.update_delivery(later)
    store.remove_delivery(2)
    store.remove_delivery(2)
    assert store.deliveries(9) == [later, third]
    store.update_delivery(second)
    assert store.deliveries(9) == [later, third]


def test_a_number_that_is_taken_is_a_conflict(store: Store, url: str) -> None:
    """Nothing of the change is kept then, and the next number may be tried."""
    other = Store(url)
    other.write(Change(revision=revision(1, b"theirs")))
    with pytest.raises(ConflictError, match="revision 1 ") as caught:
        store.write(replace(full_change(1), ended=(("split_set", "r"),)))
    assert caught.value.number == 1
    assert (store.overrides(), store.events(None, 9), store.deliveries(9)) == ([], [], [])
    store.write(full_change(2))
    assert [each.number for each in other.revisions(9)] == [2, 1]
    other.close()


def test_a_number_below_the_newest_is_a_conflict(store: Store) -> None:
    """Even one that was never given: it would not be the newest."""
    store.write(Change(revision=revision(5)))
    with pytest.raises(ConflictError):
        store.write(Change(revision=revision(3)))
    assert store.revision(3) is None


def test_the_same_change_again_changes_nothing(store: Store) -> None:
    """A writer whose connection broke writes it again, and others may have written meanwhile."""
    change = full_change(1)
    store.write(change)
    assert store.write(change) == change
    store.write(Change(revision=revision(2, b"theirs"), events=(event(2),)))
    assert store.write(change) == change
    assert [each.number for each in store.revisions(9)] == [2, 1]
    assert store.events(None, 9) == [event(1), event(2)]
    assert tuple(store.deliveries(9)) == change.deliveries


def test_an_id_that_is_taken_becomes_the_next_free_one(store: Store) -> None:
    """The answer says so, for the event and its delivery; again, it is known again."""
    store.write(Change(events=(event(1), event(2)), deliveries=(delivery(7, event(1)),)))
    mine = event(1, why="mine"), event(2, why="mine as well")
    change = Change(events=mine, deliveries=(delivery(7, mine[0]),))
    moved = replace(mine[0], id=3), replace(mine[1], id=4)
    expected = Change(events=moved, deliveries=(delivery(8, moved[0]),))
    assert store.write(change) == expected
    assert store.write(change) == expected
    assert store.events(None, 9) == [event(1), event(2), *moved]
    assert [each.id for each in store.deliveries(9)] == [7, 8]


def test_several_changes_are_kept_together_or_not_at_all(store: Store) -> None:
    store.write(Change(revision=revision(3)))
    with pytest.raises(ConflictError):
        store.write_all([Change(events=(event(1),)), Change(revision=revision(3, b"other"))])
    assert store.events(None, 9) == []
    changes = [full_change(4), Change(events=(event(5),))]
    assert store.write_all(changes) == changes


def test_events_beyond_the_newest_hundred_thousand_go(store: Store) -> None:
    """In steps of a thousand, by their ids; revisions stay."""
    store.write(Change(revision=revision(1), events=(event(1), event(1_000), event(1_001))))
    store.write(Change(events=(event(100_999),)))
    assert [each.id for each in store.events(0, 9)] == [1, 1_000, 1_001, 100_999]
    store.write(Change(events=(event(101_000),)))
    assert [each.id for each in store.events(0, 9)] == [1_001, 100_999, 101_000]
    assert store.newest() == revision(1)


def test_threads_take_turns(store: Store) -> None:
    """As asyncio.to_thread gives them."""
    for number in range(1, 9):
        thread = threading.Thread(target=store.write, args=(full_change(number),))
        thread.start()
        thread.join()
    assert [each.number for each in store.revisions(9)] == [8, 7, 6, 5, 4, 3, 2, 1]


def test_closing_twice_and_going_on(store: Store) -> None:
    store.close()
    store.close()
    store.open()
    store.open()
    store.write(full_change(1))
    store.close()
    assert store.newest() == revision(1)


@pytest.mark.parametrize(
    "url", ["mysql://u:s3cret@h/d", "s3cret", "", "sqlite://", "postgresql+psycopg://u:s3cret@h/d"]
)
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///FILE or postgresql://USER@HOST/DATABASE") as caught:
        Store(url)
    assert "s3cret" not in str(caught.value)
