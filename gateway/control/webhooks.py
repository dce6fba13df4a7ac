"""Webhooks: each event is sent to those who asked for its kind, however long that takes.

It decides to whom an event goes, and joins the lines (see `line`), the tries (see `posting`) and the store's outbox. An
event arrives at least once; `webhook-id` is the same each time. It holds up nobody: what is to be sent is held in
memory, and the store's outbox follows, so that it is sent as well while the store cannot be used, and after a restart.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Literal

from aiohttp import ClientSession

from gateway.config.settings import Notify
from gateway.control.line import Line
from gateway.control.outbox import Call, Outbox
from gateway.control.posting import Answer, Result, connect, place, post
from gateway.core.records import Delivery, Event
from gateway.links.log import Log

_PLACES = 1 << 16
"""Ids of deliveries for one event: each is the event's, times this, plus the webhook's place."""
_ADDRESSED = 1_000
"""Events that may be addressed and not yet published."""


Counted = Literal["arrived", "failed", "given_up"]
"""What a try came to, and a delivery after its last one."""


class Webhooks:
    """All of them. `call` has the store do something, in its own time; `sleep` and `now` are the clocks."""

    def __init__(  # noqa: PLR0913 - clocks and counters that tests replace
        self,
        notify: tuple[Notify, ...],
        call: Call,
        log: Log,
        *,
        count: Callable[[Counted], None] = lambda result: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._notify = notify
        self._log = log
        self._count = count
        self._now = now
        self._sleep = sleep
        self._outbox = Outbox(call, sleep)
        self._addressed: dict[int, tuple[Delivery, ...]] = {}
        self._lines: dict[str, Line] = {}
        self._busy: set[str] = set()
        self._changed = asyncio.Event()

    # ---- what is to be sent

    def configure(self, notify: tuple[Notify, ...]) -> None:
        """These from now on. What waits for one that is gone is not sent any more."""
        self._notify = notify
        known = {each.url for each in notify}
        for url in self._lines.keys() - known:
            self._forget(self._lines.pop(url))
        self._changed.set()

    def deliveries_for(self, event: Event) -> tuple[Delivery, ...]:
        """To whom the event goes, to be kept with it; sent once it is published."""
        urls = dict.fromkeys(each.url for each in self._notify if event.kind in each.when)
        deliveries = tuple(Delivery(event.id * _PLACES + at, url, event) for at, url in enumerate(urls))
        if deliveries:
            self._addressed[event.id] = deliveries
            if len(self._addressed) > _ADDRESSED:
                del self._addressed[min(self._addressed)]
        return deliveries

    def readdress(self, deliveries: Iterable[Delivery]) -> None:
        """The store has given these, and their events, other ids."""
        for delivery in deliveries:
            known = self._addressed.get(delivery.event.id, ())
            self._addressed[delivery.event.id] = (*known, delivery)

    def publish(self, event: Event) -> None:
        """It has happened: send what was addressed. Events addressed earlier and not published never happened."""
        deliveries = self._addressed.pop(event.id, ())
        for over in [each for each in self._addressed if each < event.id]:
            del self._addressed[over]
        self._add(deliveries)

    def wake(self) -> None:
        """Look into the store again: it is back, or has been given what waited."""
        self._outbox.look()

    def _found(self, deliveries: Iterable[Delivery]) -> None:
        """In the store."""
        for line in self._lines.values():
            line.has_more = False
        self._add(deliveries)

    def _add(self, deliveries: Iterable[Delivery]) -> None:
        known = {each.url for each in self._notify}
        for delivery in deliveries:
            if self._outbox.is_done(delivery):
                continue
            if delivery.url in known:
                self._enqueue(self._lines.setdefault(delivery.url, Line()), delivery)
            else:
                self._outbox.remove(delivery)
        self._changed.set()

    def _enqueue(self, line: Line, delivery: Delivery) -> None:
        had_room = not line.has_more
        if not line.add(delivery) and had_room:
            self._log.warning("too much waits for a webhook; the rest waits in the store", to=place(delivery.url))

    def _forget(self, line: Line) -> None:
        for delivery in line:
            self._outbox.remove(delivery)

    # ---- sending it

    async def run(self) -> None:
        """Sends what is due, until cancelled."""
        self._busy.clear()
        async with connect() as session, asyncio.TaskGroup() as group:
            group.create_task(self._outbox.run(self._found))
            while True:
                self._changed.clear()
                for url, line in self._lines.items():
                    delivery = line.next(self._now()) if url not in self._busy else None
                    if delivery is not None:
                        self._busy.add(url)
                        group.create_task(self._send(session, delivery))
                await self._pause()

    async def _send(self, session: ClientSession, delivery: Delivery) -> None:
        url = delivery.url
        secret = next((each.secret for each in self._notify if each.url == url), None)
        answer = await post(session, url, delivery.event, secret=secret, now=self._now())
        self._busy.discard(url)
        self._changed.set()
        line = self._lines.get(url)
        if line is not None:
            self._settle(line, delivery, answer)

    def _settle(self, line: Line, delivery: Delivery, answer: Answer) -> None:
        if answer.result is Result.ARRIVED:
            line.settled(delivery)
            self._outbox.remove(delivery)
            self._count("arrived")
        else:
            self._failed(line, delivery, answer)
        if not len(line):
            line.has_more = False
            self._outbox.look()

    def _failed(self, line: Line, delivery: Delivery, answer: Answer) -> None:
        self._count("failed")
        again = None
        if answer.result is Result.GONE:
            line.settled(delivery)
        else:
            refused = answer.result is Result.REFUSED
            again = line.failed(delivery, self._now(), refused=refused, draw=random.random())
        if again is not None:
            self._outbox.update(again)
            self._log.warning("a webhook was not taken", to=place(again.url), id=again.event.id, why=answer.why)
            return
        self._outbox.remove(delivery)
        self._count("given_up")
        self._log.error("a webhook is given up", to=place(delivery.url), id=delivery.event.id, why=answer.why)

    async def _pause(self) -> None:
        """Until something has changed, or the next is due."""
        dues = (line.due() for url, line in self._lines.items() if url not in self._busy)
        due = min((each for each in dues if each is not None), default=None)
        changed = asyncio.ensure_future(self._changed.wait())
        waits: set[asyncio.Future[Any]] = {changed}
        if due is not None:
            seconds = max(0.0, (due - self._now()).total_seconds())
            waits.add(asyncio.ensure_future(self._sleep(seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
