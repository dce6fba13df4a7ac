"""The outbox: what the store is told, in which order, and what is not taken from it again."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar

from gateway.control import outbox
from gateway.control.outbox import Deliveries, Outbox
from gateway.core.records import Delivery, Event
from gateway.store.errors import StoreError

WHEN = datetime(2026, 1, 2, tzinfo=UTC)
EVENT = Event(1, WHEN, "store_back", "store", "gateway", "")
Result = TypeVar("Result")


def delivery(number: int, tries: int = 0) -> Delivery:
    return Delivery(number, "http://h/", EVENT, tries=tries)


class Shelf:
    """A store in memory, which may be away for some calls."""

    def __init__(self, *kept: Delivery, away: int = 0) -> None:
        self.kept = {each.id: each for each in kept}
        self.away = away
        self.calls = 0
        self.pauses = 0

    def deliveries(self, limit: int) -> Sequence[Delivery]:
        return [self.kept[number] for number in sorted(self.kept)][:limit]

    def update_delivery(self, delivery: Delivery) -> None:
        self.kept[delivery.id] = delivery

    def remove_delivery(self, number: int) -> None:
        self.kept.pop(number, None)

    async def call(self, ask: Callable[[Deliveries], Result], /) -> Result:
        self.calls += 1
        await asyncio.sleep(0)
        if self.away:
            self.away -= 1
            raise StoreError("locked")
        return ask(self)

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.pauses += 1


async def settle(made: Outbox) -> list[int]:
    """Runs it until it has found what there is; answers the ids."""
    found = list[int]()
    done = asyncio.Event()

    def take(deliveries: Iterable[Delivery]) -> None:
        found.extend(each.id for each in deliveries)
        done.set()

    made.look()
    running = asyncio.get_running_loop().create_task(made.run(take))
    await asyncio.wait_for(done.wait(), 10)
    for _ in range(100):
        await asyncio.sleep(0)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    return found


async def test_what_is_there_is_found() -> None:
    shelf = Shelf(delivery(1), delivery(2))
    assert await settle(Outbox(shelf.call, shelf.sleep)) == [1, 2]


async def test_what_is_done_is_removed_and_not_found() -> None:
    shelf = Shelf(delivery(1), delivery(2))
    made = Outbox(shelf.call, shelf.sleep)
    made.remove(delivery(1))
    assert await settle(made) == [2]
    assert set(shelf.kept) == {2}


async def test_what_the_store_is_given_after_it_was_done_is_removed_as_well() -> None:
    shelf = Shelf()
    made = Outbox(shelf.call, shelf.sleep)
    made.remove(delivery(1))
    assert await settle(made) == []
    shelf.kept[1] = delivery(1)
    assert await settle(made) == []
    assert shelf.kept == {}


async def test_only_the_last_word_on_a_delivery_is_written() -> None:
    shelf = Shelf(delivery(1), delivery(2))
    made = Outbox(shelf.call, shelf.sleep)
    for tries in range(1, 50):
        made.update(delivery(1, tries=tries))
    made.update(delivery(2, tries=1))
    made.remove(delivery(2))
    assert await settle(made) == [1]
    assert shelf.kept == {1: delivery(1, tries=49)}
    assert shelf.calls == 3


async def test_it_is_tried_again_until_the_store_is_back() -> None:
    shelf = Shelf(delivery(1), delivery(2), away=7)
    made = Outbox(shelf.call, shelf.sleep)
    made.remove(delivery(1))
    assert await settle(made) == [2]
    assert (set(shelf.kept), shelf.pauses) == ({2}, 7)


async def test_what_is_done_is_remembered_up_to_a_limit() -> None:
    shelf = Shelf()
    made = Outbox(shelf.call, shelf.sleep)
    for number in range(outbox.DONE + 2):
        made.remove(delivery(number))
    assert [made.is_done(delivery(number)) for number in (0, 1, 2, outbox.DONE + 1)] == [False, False, True, True]
    shelf.kept = {number: delivery(number) for number in (1, 2)}
    assert await settle(made) == [1]
    assert set(shelf.kept) == {1}
