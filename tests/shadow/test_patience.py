"""Waits: they end when they have taken too long, and what came while the process did not run has come in time."""

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

import pytest
import uvloop

from gateway.shadow.exchange import Clocks, Reply, exchange
from gateway.shadow.patience import Patience
from gateway.shadow.pools import Pools
from gateway.shadow.requests import Request
from tests.shadow.stage import PATIENCE, variant
from tests.support import http1
from tests.support.origin import Connection, Origin, marked

STILL = 3.0
TICK = 0.05
GET = Request(b"GET", b"/x", (), b"")


class Clock:
    """It runs when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def tick(patience: Patience, clock: Clock, seconds: float) -> None:
    """So much time goes by, in ticks of a twentieth of a second, and whoever has waited too long is told."""
    for _ in range(round(seconds / TICK)):
        clock.now += TICK
        patience.tick()
    await asyncio.sleep(0)


async def ends(*steps: float, then: float | None = None) -> list[bool]:
    """Whether a wait of 10 s has ended after each of these steps; `then` is allowed after the first."""
    clock = Clock()
    patience, ended = Patience(clock), []
    try:
        async with patience.within(10.0) as limit:
            for at, step in enumerate(steps):
                ended.append(True)
                await tick(patience, clock, step)
                ended[-1] = False
                if at == 0 and then is not None:
                    limit.allow(then)
    except TimeoutError:
        pass
    return ended


@pytest.mark.parametrize(
    ("steps", "then", "ended"),
    [
        ([9.9], None, [False]),
        ([10.1], None, [True]),
        ([5.0, 4.9, 0.2], None, [False, False, True]),
        ([5.0, 1.9, 0.2], 2.0, [False, False, True]),
        ([5.0, 4.9, 0.2], 20.0, [False, False, True]),
        ([5.0, 4.9, 0.2], float("inf"), [False, False, True]),
    ],
)
async def test_a_wait_ends_at_the_first_of_its_times(steps: list[float], then: float | None, ended: list[bool]) -> None:
    assert await ends(*steps, then=then) == ended


async def test_a_wait_that_is_over_is_forgotten() -> None:
    """Its end comes too late to end what follows."""
    clock = Clock()
    patience = Patience(clock)
    async with patience.within(1.0):
        pass
    await tick(patience, clock, 2.0)


async def test_a_wait_does_not_begin_before_it_does() -> None:
    """Time between the last tick and its beginning is not its own."""
    clock = Clock()
    patience = Patience(clock)
    clock.now += 0.9 * TICK
    async with patience.within(TICK):
        await tick(patience, clock, TICK)


async def test_after_a_standstill_what_came_is_read_before_anything_is_late() -> None:
    clock = Clock()
    patience = Patience(clock)
    async with patience.within(2 * TICK):
        clock.now += 100.0
        patience.tick()
        await asyncio.sleep(0)


async def hang(patience: Patience, clock: Clock) -> None:
    """In a process that never looks in time."""
    async with patience.within(1.0):
        for _ in range(22):
            clock.now += 10.0
            patience.tick()
            await asyncio.sleep(0)


async def test_who_is_always_slow_still_ends_what_hangs() -> None:
    clock = Clock()
    with pytest.raises(TimeoutError):
        await hang(Patience(clock), clock)


async def read(reply: Reply) -> bytes:
    return b"".join([piece async for piece in reply.pieces()])


async def asked(
    model: Origin,
    clocks: Clocks,
    begun: Callable[[], Awaitable[object]],
    release: threading.Event,
    replied: threading.Event,
) -> bytes:
    """The model's reply, which it gives in time; but the process does nothing until it is too late."""
    loop, patience = asyncio.get_running_loop(), Patience()
    pools, looking = Pools(patience), asyncio.create_task(patience.run())
    near, far = socket.socketpair()

    def stand_still() -> None:
        """Called among what has come, as long work is: when it returns the loop first looks at its timers."""
        loop.remove_reader(near)
        release.set()
        assert replied.wait(PATIENCE)
        time.sleep(STILL)

    with near, far, ExitStack() as stack:
        stack.callback(looking.cancel)
        stack.callback(pools.close)
        task = asyncio.create_task(exchange(pools.of(variant("v", model.url)), GET, clocks, read))
        await begun()
        far.send(b"x")
        loop.add_reader(near, stand_still)
        return await task


def test_a_reply_that_came_in_time_is_not_late(model: Origin) -> None:
    release, replied = threading.Event(), threading.Event()

    def in_time(connection: Connection, seen: http1.Request) -> None:
        assert release.wait(PATIENCE)
        marked(connection, seen)
        replied.set()

    model.answers["/x"] = in_time
    clocks = Clocks(connect=PATIENCE, total=STILL / 2)

    async def begun() -> None:
        await asyncio.to_thread(model.wait_heads, 1)

    assert uvloop.run(asked(model, clocks, begun, release, replied)) == b"answer to /x"


def test_a_connection_that_was_made_in_time_is_not_late(model: Origin) -> None:
    """The model's system took it at once."""
    replied = threading.Event()
    replied.set()
    clocks = Clocks(connect=STILL / 2, total=PATIENCE)

    async def begun() -> None:
        await asyncio.sleep(0)

    assert uvloop.run(asked(model, clocks, begun, threading.Event(), replied)) == b"answer to /x"
