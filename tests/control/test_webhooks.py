"""Webhooks, sent to a receiver on a real server, from a real store; only the clock is the test's."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import orjson
import pytest
from aiohttp import web

from gateway.config.secret import Secret
from gateway.config.settings import Notify
from gateway.control.line import MOST
from gateway.control.signing import sign
from gateway.control.webhooks import Webhooks
from gateway.core.records import Change, Delivery, Event
from gateway.links.log import Log
from gateway.store.errors import StoreError
from gateway.store.store import Store

WHEN = datetime(2026, 1, 2, tzinfo=UTC)
KINDS = ("reload_applied", "store_back")
Result = TypeVar("Result")


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.time = WHEN
        self._sleepers: dict[asyncio.Future[None], datetime] = {}
        self._changed = asyncio.Event()

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        self._sleepers[woken] = self.time + timedelta(seconds=seconds)
        self._changed.set()
        self._wake()
        try:
            await woken
        finally:
            del self._sleepers[woken]

    async def asleep(self) -> float:
        """Waits until somebody sleeps; answers for how long at least."""
        while not (left := [until for woken, until in self._sleepers.items() if not woken.done()]):
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), 10)
        return (min(left) - self.time).total_seconds()

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        self._wake()

    def _wake(self) -> None:
        for woken, until in self._sleepers.items():
            if until <= self.time and not woken.done():
                woken.set_result(None)


class Receiver:
    """Somebody who takes webhooks; answers the statuses of `script` first, then 204."""

    def __init__(self) -> None:
        self.script: list[int] = []
        self.location = ""
        self.answers = asyncio.Event()
        self.answers.set()
        self._posts: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/hook/SECRET"

    async def open(self) -> None:
        app = web.Application()
        app.router.add_post("/hook/SECRET", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        listening = socket.create_server(("127.0.0.1", self._port))
        self._port = listening.getsockname()[1]
        await web.SockSite(self._runner, listening).start()

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = None

    async def _take(self, request: web.Request) -> web.Response:
        self._posts.put_nowait((dict(request.headers), await request.read()))
        status = self.script.pop(0) if self.script else 204
        await self.answers.wait()
        return web.Response(status=status, headers={"Location": self.location} if self.location else {})

    async def post(self) -> tuple[dict[str, str], bytes]:
        return await asyncio.wait_for(self._posts.get(), 10)

    async def ids(self, count: int) -> list[int]:
        return [orjson.loads((await self.post())[1])["id"] for _ in range(count)]

    def is_idle(self) -> bool:
        return self._posts.empty()


class Gate:
    """The store as control reaches it, and what control does with an event."""

    def __init__(self, store: Store) -> None:
        self.is_lost = False
        self._store = store
        self._thread = ThreadPoolExecutor(1)

    async def call(self, ask: Callable[[Store], Result]) -> Result:
        if self.is_lost:
            raise StoreError("the disk is full")
        return await asyncio.get_running_loop().run_in_executor(self._thread, ask, self._store)

    async def happen(self, webhooks: Webhooks, *numbers: int, kind: str = "reload_applied", old: float = 0) -> None:
        for number in numbers:
            event = Event(number, WHEN - timedelta(seconds=old), kind, "configuration", "ada", f"why {number}")
            deliveries = webhooks.deliveries_for(event)
            with contextlib.suppress(StoreError):
                await self.call(lambda store, kept=(event, deliveries): write(store, *kept))  # type: ignore[misc]
            webhooks.publish(event)

    async def kept(self) -> list[Delivery]:
        return list(await self.call(lambda store: store.deliveries(10_000)))

    async def emptied(self) -> None:
        while await self.kept():
            await asyncio.sleep(0.01)

    def close(self) -> None:
        self._thread.submit(self._store.close)
        self._thread.shutdown()


def write(store: Store, event: Event, deliveries: tuple[Delivery, ...]) -> None:
    store.write(Change(events=(event,), deliveries=deliveries))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def other() -> AsyncIterator[Receiver]:
    made = Receiver()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Gate]:
    made = Gate(Store(f"sqlite:///{tmp_path}/gateway.db"))
    await made.call(lambda store: store.open())
    yield made
    made.close()


class Made:
    """Makes webhooks that run until the test ends, and keeps what they count and log."""

    def __init__(self, gate: Gate, clock: Clock, log: Path) -> None:
        self._gate, self._clock, self._log = gate, clock, log
        self.counted: list[str] = []
        self._running: list[asyncio.Task[None]] = []
        self._descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def __call__(self, *notify: Notify) -> Webhooks:
        log = Log("control", descriptor=self._descriptor)
        webhooks = Webhooks(
            notify, self._gate.call, log, count=self.counted.append, now=self._clock.now, sleep=self._clock.sleep
        )
        self._running.append(asyncio.get_running_loop().create_task(webhooks.run()))
        return webhooks

    async def end(self) -> None:
        for task in self._running:
            task.cancel()
        ended = await asyncio.gather(*self._running, return_exceptions=True)
        self._running.clear()
        assert all(isinstance(each, asyncio.CancelledError) for each in ended)

    def lines(self) -> list[dict[str, object]]:
        return [orjson.loads(line) for line in self._log.read_text().splitlines()]


@pytest.fixture
async def made(gate: Gate, clock: Clock, tmp_path: Path) -> AsyncIterator[Made]:
    maker = Made(gate, clock, tmp_path / "log")
    yield maker
    await maker.end()
    assert "SECRET" not in (tmp_path / "log").read_text()


def to(receiver: Receiver, *when: str, secret: str | None = None) -> Notify:
    return Notify(receiver.url, when or KINDS, None if secret is None else Secret(secret))


# ---- arriving


async def test_an_event_arrives_signed(made: Made, gate: Gate, receiver: Receiver) -> None:
    await gate.happen(made(to(receiver, secret="whsec_c2VjcmV0")), 7)
    fields, content = await receiver.post()
    said = orjson.loads(content)
    assert (said["type"], said["id"], said["subject"]) == ("reload_applied", 7, "configuration")
    assert fields["webhook-id"] == "evt_7"
    timestamp = int(fields["webhook-timestamp"])
    assert timestamp == WHEN.timestamp()
    assert fields["webhook-signature"] == sign("whsec_c2VjcmV0", "evt_7", timestamp=timestamp, body=content)
    assert fields["Content-Type"] == "application/json"
    await gate.emptied()
    assert made.counted == ["arrived"]
    assert made.lines() == []


async def test_without_a_secret_it_is_not_signed(made: Made, gate: Gate, receiver: Receiver) -> None:
    await gate.happen(made(to(receiver)), 7)
    fields, _ = await receiver.post()
    assert "webhook-signature" not in fields
    assert fields["webhook-id"] == "evt_7"


async def test_only_those_who_asked_are_sent_it(made: Made, gate: Gate, receiver: Receiver, other: Receiver) -> None:
    webhooks = made(to(receiver, "store_back"), to(other))
    await gate.happen(webhooks, 1)
    await gate.happen(webhooks, 2, kind="store_back")
    assert await receiver.ids(1) == [2]
    assert await other.ids(2) == [1, 2]
    await gate.emptied()
    assert receiver.is_idle()


async def test_a_url_that_is_named_twice_is_sent_an_event_once(made: Made, gate: Gate, receiver: Receiver) -> None:
    webhooks = made(to(receiver), to(receiver, "reload_applied", "store_lost"))
    assert len(webhooks.deliveries_for(Event(9, WHEN, "reload_applied", "", "", ""))) == 1
    assert len(webhooks.deliveries_for(Event(10, WHEN, "store_lost", "", "", ""))) == 1


async def test_what_was_addressed_and_never_happened_is_not_sent(made: Made, gate: Gate, receiver: Receiver) -> None:
    """Such as an event of a change that the store refused."""
    webhooks = made(to(receiver))
    never = Event(1, WHEN, "reload_applied", "", "", "")
    assert webhooks.deliveries_for(never) != ()
    await gate.happen(webhooks, 2)
    webhooks.publish(never)
    await gate.happen(webhooks, 3)
    assert await receiver.ids(2) == [2, 3]


# ---- trying again


async def test_it_is_tried_again_after_a_failure(made: Made, gate: Gate, receiver: Receiver, clock: Clock) -> None:
    receiver.script = [500, 503, 429]
    await gate.happen(made(to(receiver, secret="s")), 7)
    posts = [await receiver.post()]
    for longest in (5, 10, 20):
        seconds = await clock.asleep()
        assert longest / 2 < seconds <= longest
        clock.advance(seconds)
        posts.append(await receiver.post())
    await gate.emptied()
    assert len({content for _, content in posts}) == 1
    assert {fields["webhook-id"] for fields, _ in posts} == {"evt_7"}
    assert [int(fields["webhook-timestamp"]) for fields, _ in posts][-1] == int(clock.time.timestamp())
    assert len({fields["webhook-signature"] for fields, _ in posts}) == 4
    assert made.counted == ["failed"] * 3 + ["arrived"]
    assert [(line["level"], line["to"], line["why"]) for line in made.lines()] == [
        ("warning", "http://127.0.0.1", f"it answered {status}") for status in (500, 503, 429)
    ]


async def test_it_is_tried_again_after_refused_connections(
    made: Made, gate: Gate, receiver: Receiver, clock: Clock
) -> None:
    await receiver.close()
    await gate.happen(made(to(receiver)), 7)
    clock.advance(await clock.asleep())
    seconds = await clock.asleep()
    await receiver.open()
    clock.advance(seconds)
    assert await receiver.ids(1) == [7]
    await gate.emptied()
    assert made.counted == ["failed", "failed", "arrived"]
    assert [str(line["why"]).split(":")[0] for line in made.lines()] == ["ClientConnectorError"] * 2


async def test_others_wait_behind_one_that_fails(made: Made, gate: Gate, receiver: Receiver, clock: Clock) -> None:
    receiver.script = [500]
    await gate.happen(made(to(receiver)), 1, 2, 3)
    assert await receiver.ids(1) == [1]
    clock.advance(await clock.asleep())
    assert await receiver.ids(3) == [1, 2, 3]


async def test_others_go_ahead_of_one_that_is_refused(made: Made, gate: Gate, receiver: Receiver, clock: Clock) -> None:
    receiver.script = [400]
    await gate.happen(made(to(receiver)), 1, 2, 3)
    assert await receiver.ids(3) == [1, 2, 3]
    clock.advance(await clock.asleep())
    assert await receiver.ids(1) == [1]


async def test_a_receiver_that_fails_holds_up_no_other(
    made: Made, gate: Gate, receiver: Receiver, other: Receiver
) -> None:
    await receiver.close()
    await gate.happen(made(to(receiver), to(other)), *range(1, 21))
    assert await other.ids(20) == list(range(1, 21))
    assert {each.event.id for each in await gate.kept() if each.url == receiver.url} == set(range(1, 21))


async def test_a_redirection_is_not_followed(
    made: Made, gate: Gate, receiver: Receiver, other: Receiver, clock: Clock
) -> None:
    receiver.script, receiver.location = [307], other.url
    await gate.happen(made(to(receiver)), 1)
    await receiver.post()
    await clock.asleep()
    assert other.is_idle()
    assert made.counted == ["failed"]


# ---- giving up


async def test_a_receiver_that_is_gone_is_not_asked_again(made: Made, gate: Gate, receiver: Receiver) -> None:
    receiver.script = [410]
    await gate.happen(made(to(receiver)), 1, 2)
    assert await receiver.ids(2) == [1, 2]
    await gate.emptied()
    assert made.counted == ["failed", "given_up", "arrived"]
    assert [(line["level"], line["id"], line["why"]) for line in made.lines()] == [("error", 1, "it answered 410")]


async def test_after_a_day_it_is_given_up(made: Made, gate: Gate, receiver: Receiver, clock: Clock) -> None:
    receiver.script = [500, 500]
    await gate.happen(made(to(receiver)), 1, old=24 * 3600 - 1)
    assert await receiver.ids(1) == [1]
    clock.advance(await clock.asleep())
    assert await receiver.ids(1) == [1]
    await gate.emptied()
    assert made.counted == ["failed", "failed", "given_up"]
    assert [line["level"] for line in made.lines()] == ["warning", "error"]


# ---- the configuration changes


async def test_what_waits_for_a_url_that_is_gone_is_not_sent(
    made: Made, gate: Gate, receiver: Receiver, other: Receiver, clock: Clock
) -> None:
    receiver.script = [500]
    webhooks = made(to(receiver))
    await gate.happen(webhooks, 1, 2)
    assert await receiver.ids(1) == [1]
    await clock.asleep()
    webhooks.configure((to(other),))
    await gate.emptied()
    await gate.happen(webhooks, 3)
    assert await other.ids(1) == [3]
    clock.advance(3600)
    webhooks.configure((to(receiver), to(other)))
    await gate.happen(webhooks, 4)
    assert await receiver.ids(1) == [4]


async def test_a_url_that_goes_while_it_is_asked(made: Made, gate: Gate, receiver: Receiver, other: Receiver) -> None:
    """Its answer no longer matters."""
    receiver.answers.clear()
    webhooks = made(to(receiver), to(other))
    await gate.happen(webhooks, 1)
    assert await receiver.ids(1) == await other.ids(1) == [1]
    webhooks.configure((to(other),))
    receiver.answers.set()
    await gate.happen(webhooks, 2)
    assert await other.ids(1) == [2]
    await gate.emptied()
    assert made.counted == ["arrived", "arrived"]


# ---- restarts, and a store that cannot be used


async def test_what_waits_survives_a_restart(made: Made, gate: Gate, receiver: Receiver, clock: Clock) -> None:
    receiver.script = [500]
    await gate.happen(made(to(receiver)), 1, 2)
    assert await receiver.ids(1) == [1]
    seconds = await clock.asleep()
    while [each.tries for each in await gate.kept()] != [1, 0]:
        await asyncio.sleep(0.01)
    await made.end()
    made(to(receiver))
    assert await clock.asleep() == pytest.approx(seconds)
    clock.advance(seconds)
    assert await receiver.ids(2) == [1, 2]
    await gate.emptied()


async def test_what_waits_for_nobody_is_removed_at_the_start(
    made: Made, gate: Gate, receiver: Receiver, other: Receiver
) -> None:
    await receiver.close()
    await gate.happen(made(to(receiver)), 1, 2)
    await made.end()
    assert len(await gate.kept()) == 2
    made(to(other))
    await gate.emptied()


async def test_events_are_sent_while_the_store_cannot_be_used(
    made: Made, gate: Gate, receiver: Receiver, clock: Clock
) -> None:
    """And not once more when the store is given them after all."""
    gate.is_lost = True
    webhooks = made(to(receiver))
    event = Event(1, WHEN, "reload_applied", "configuration", "ada", "")
    deliveries = webhooks.deliveries_for(event)
    webhooks.publish(event)
    await gate.happen(webhooks, 2)
    assert await receiver.ids(2) == [1, 2]
    await clock.asleep()
    gate.is_lost = False
    await gate.call(lambda store: write(store, event, deliveries))
    clock.advance(await clock.asleep())
    await gate.emptied()
    await gate.happen(webhooks, 3)
    assert await receiver.ids(1) == [3]


async def test_what_the_store_is_given_later_is_sent_when_it_is_back(
    made: Made, gate: Gate, receiver: Receiver
) -> None:
    """Such as what waited for it when control died."""
    webhooks = made(to(receiver))
    await gate.happen(webhooks, 9)
    assert await receiver.ids(1) == [9]
    await gate.emptied()
    event = Event(10, WHEN, "reload_applied", "configuration", "ada", "")
    await gate.call(lambda store: write(store, event, (Delivery(10 << 16, receiver.url, event),)))
    webhooks.wake()
    assert await receiver.ids(1) == [10]
    await gate.emptied()


async def test_what_was_found_in_the_store_is_not_sent_again_when_it_is_published(
    made: Made, gate: Gate, receiver: Receiver
) -> None:
    webhooks = made(to(receiver))
    event = Event(1, WHEN, "reload_applied", "configuration", "ada", "")
    deliveries = webhooks.deliveries_for(event)
    await gate.call(lambda store: write(store, event, deliveries))
    webhooks.wake()
    assert await receiver.ids(1) == [1]
    await gate.emptied()
    webhooks.publish(event)
    await gate.happen(webhooks, 2)
    assert await receiver.ids(1) == [2]


async def test_more_than_a_line_holds_waits_in_the_store(
    made: Made, gate: Gate, receiver: Receiver, clock: Clock
) -> None:
    await receiver.close()
    webhooks = made(to(receiver))
    events = [Event(number, WHEN, "reload_applied", "c", "ada", "") for number in range(1, MOST + 4)]
    deliveries = list[Delivery]()
    for event in events:
        deliveries += webhooks.deliveries_for(event)
        webhooks.publish(event)
    await gate.call(lambda store: store.add_deliveries(deliveries))
    seconds = await clock.asleep()
    assert "the rest waits in the store" in str(made.lines()[0]["event"])
    await receiver.open()
    clock.advance(seconds)
    assert await receiver.ids(MOST + 3) == [event.id for event in events]
    await gate.emptied()


async def test_addressed_events_are_forgotten_in_the_end(made: Made, gate: Gate, receiver: Receiver) -> None:
    webhooks = made(to(receiver))
    events = [Event(number, WHEN, "reload_applied", "c", "ada", "") for number in range(1, 1_002)]
    for event in events:
        webhooks.deliveries_for(event)
    webhooks.publish(events[0])
    webhooks.publish(events[1])
    assert await receiver.ids(1) == [2]


async def test_ids_are_never_the_same(gate: Gate) -> None:
    notify = tuple(Notify(f"http://h/{number}", KINDS) for number in range(500))
    webhooks = Webhooks(notify, gate.call, Log("control"))
    events = (Event(number, WHEN, "store_back", "", "", "") for number in (1, 2, 3))
    ids = [each.id for event in events for each in webhooks.deliveries_for(event)]
    assert len(set(ids)) == 1_500
    assert ids == sorted(ids)


async def test_what_the_store_has_numbered_anew_is_sent_and_removed_by_its_new_number(
    made: Made, gate: Gate, receiver: Receiver
) -> None:
    """Another gateway that shares the store was first with that id; its own delivery stays."""
    theirs = Event(1, WHEN, "override_set", "variant v", "ben", "theirs")
    await gate.call(lambda store: write(store, theirs, (Delivery(1 << 16, "http://other.example", theirs),)))
    webhooks = made(to(receiver), Notify("http://other.example", ("store_lost",)))
    event = Event(1, WHEN, "reload_applied", "configuration", "ada", "ours")
    change = Change(events=(event,), deliveries=webhooks.deliveries_for(event))
    kept = await gate.call(lambda store: store.write(change))
    webhooks.readdress(kept.deliveries)
    webhooks.publish(kept.events[0])
    assert await receiver.ids(1) == [2]
    while len(left := await gate.kept()) > 1:
        await asyncio.sleep(0.01)
    assert [each.event.why for each in left] == ["theirs"]
