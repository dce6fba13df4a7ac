"""The outbox: what is to be sent, as the store has it. It follows what happens in memory, and never holds that up.

It decides what is still to be written, and that what is done is not taken from the store again. It must not know how
anything is sent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from gateway.core.records import Delivery
from gateway.errors import GatewayError

_AGAIN = 5.0
"""Seconds between two tries while the store cannot be used."""
_LOOK = 10_000
"""Deliveries read at once."""
DONE = 20_000
"""Ids remembered of what is done: while the store cannot be used, it may be given the delivery after the fact."""
Result = TypeVar("Result")


class Deliveries(Protocol):
    """The store, as far as it is needed here; its errors are GatewayErrors."""

    def deliveries(self, limit: int) -> Sequence[Delivery]:
        """The oldest first."""

    def update_delivery(self, delivery: Delivery) -> None:
        """Its tries, and when it is due."""

    def remove_delivery(self, number: int) -> None:
        """The one with that id."""


class Call(Protocol):
    """Has the store do something, where that holds up nobody."""

    def __call__(self, ask: Callable[[Deliveries], Result], /) -> Awaitable[Result]:
        """What it answers, or its error."""


class Outbox:
    """What the store is yet to be told, and asked."""

    def __init__(self, call: Call, sleep: Callable[[float], Awaitable[object]]) -> None:
        self._call = call
        self._sleep = sleep
        self._unwritten: dict[int, Delivery | None] = {}
        self._done: dict[int, None] = {}
        self._is_asked = True
        self._wake = asyncio.Event()
        self._wake.set()

    def update(self, delivery: Delivery) -> None:
        """It waits on."""
        self._unwritten[delivery.id] = delivery
        self._wake.set()

    def remove(self, delivery: Delivery) -> None:
        """It is done with."""
        self._unwritten[delivery.id] = None
        self._done[delivery.id] = None
        if len(self._done) > DONE:
            oldest = next(iter(self._done))
            del self._done[oldest]
            self._unwritten.pop(oldest, None)
        self._wake.set()

    def is_done(self, delivery: Delivery) -> bool:
        """Whether it was removed."""
        return delivery.id in self._done

    def look(self) -> None:
        """Read what is there, when that is possible."""
        self._is_asked = True
        self._wake.set()

    async def run(self, found: Callable[[Iterable[Delivery]], None]) -> None:
        """Writes what is to be written, and passes on what is read, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._write()
                if self._is_asked:
                    self._is_asked = False
                    found(await self._read())
            except GatewayError:
                self._is_asked = True
                self._wake.set()
                await self._sleep(_AGAIN)

    async def _write(self) -> None:
        while self._unwritten:
            number, delivery = next(iter(self._unwritten.items()))
            await self._call(_writing(number, delivery))
            if self._unwritten.get(number) is delivery:
                del self._unwritten[number]

    async def _read(self) -> list[Delivery]:
        """Without what is done, which is removed once more."""
        read = await self._call(lambda store: store.deliveries(_LOOK))
        for delivery in read:
            if delivery.id in self._done:
                self.remove(delivery)
        return [self._unwritten.get(each.id) or each for each in read if each.id not in self._done]


def _writing(number: int, delivery: Delivery | None) -> Callable[[Deliveries], None]:
    if delivery is None:
        return lambda store: store.remove_delivery(number)
    return lambda store: store.update_delivery(delivery)
