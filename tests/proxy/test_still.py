"""A worker that stood still (throttled, stopped, or at long work) reads what came meanwhile before it calls it late."""

import asyncio
import itertools
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest
import uvloop

from gateway.core.model import Timeouts
from gateway.links.board import Board
from gateway.proxy.permits import open_file
from gateway.proxy.server import Server
from gateway.wire.turns import Turns
from tests.proxy.standin import snapshot, variant
from tests.support.client import Client, request
from tests.support.http1 import Request, TruncatedError
from tests.support.origin import Connection, Origin, canned, marked, marker, reply

FIRST_BYTE = 1.0
LARGE_BODY = bytes(range(256)) * 400
PATIENCE = 10.0


@asynccontextmanager
async def serving(origin: Origin, total: float = 60.0) -> AsyncIterator[tuple[Server, Client]]:
    """A worker in this process before the origin, which has `FIRST_BYTE` to begin each reply and `total` for all of it,
    and a client."""
    board = Board.create(os.memfd_create("board"), 1)
    permits = open_file(os.devnull)
    timeouts = Timeouts(first_byte=FIRST_BYTE, idle=FIRST_BYTE, total=total)
    server = Server(
        snapshot(variant("v", origin.url, timeouts=timeouts)), board.slot(0), board, index=0, permits=permits
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        await server.start([listener], [0])
        with await asyncio.to_thread(Client, listener.getsockname()[1]) as client:
            yield server, client
        await server.drain(delay=False)
    os.close(permits)


async def answered(origin: Origin) -> tuple[int, bytes]:
    """What the client gets whose reply comes in time, while the server's process does nothing until it is too late."""
    release, replied = threading.Event(), threading.Event()

    def in_time(connection: Connection, seen: Request) -> None:
        assert release.wait(PATIENCE)
        marked(connection, seen)
        replied.set()

    def stand_still() -> None:
        """Called among what has come, as long work is: when it returns the loop first looks at its timers."""
        loop.remove_reader(near)
        release.set()
        assert replied.wait(PATIENCE)
        time.sleep(FIRST_BYTE + 0.5)

    origin.answers["/late"] = in_time
    loop = asyncio.get_running_loop()
    near, far = socket.socketpair()
    async with serving(origin) as (_, client):
        with near, far:
            client.send(request("GET", "/late"))
            await asyncio.to_thread(origin.wait_heads, 1)
            loop.add_reader(near, stand_still)
            far.send(b"x")
            got = await asyncio.to_thread(client.reply)
    return got.status, got.body


def test_a_reply_that_came_in_time_is_not_late(origin: Origin) -> None:
    assert uvloop.run(answered(origin)) == (200, marker("/late"))


class Full:
    """A loop so full that nobody has a turn before it is late."""

    def call_soon(self, callback: Callable[[], object]) -> None: ...


def fill(server: Server) -> None:
    """From here on nothing large has a turn."""
    turns = Turns(cast(asyncio.AbstractEventLoop, Full()), clock=itertools.count(1.0).__next__)
    server._service.outbox.turns = turns
    assert not turns.is_over()


async def answered_late(origin: Origin) -> tuple[int, bytes]:
    """What the client gets whose reply is large, in a worker that has no turn for it."""
    origin.answers["/large"] = canned(reply(LARGE_BODY))
    async with serving(origin) as (server, client):
        fill(server)
        client.send(request("GET", "/large"))
        whole = await asyncio.to_thread(client.reply)
    return whole.status, whole.body


def test_a_reply_that_waits_for_its_turn_is_not_late(origin: Origin) -> None:
    assert uvloop.run(answered_late(origin)) == (200, LARGE_BODY)


async def endless(origin: Origin) -> None:
    """A large reply without end, in a worker that has no turn for it."""
    ended = threading.Event()

    def without_end(connection: Connection, seen: Request) -> None:
        connection.send(reply(length=1 << 30))
        while not ended.wait(0.02):
            connection.send(LARGE_BODY)

    origin.answers["/endless"] = without_end
    async with serving(origin, total=FIRST_BYTE) as (server, client):
        fill(server)
        client.send(request("GET", "/endless"))
        try:
            await asyncio.to_thread(client.reply)
        finally:
            ended.set()


def test_what_waits_for_its_turn_prolongs_nothing(origin: Origin) -> None:
    """It is cut off after `total`, long before anybody else gives up."""
    begun = time.monotonic()
    with pytest.raises((TruncatedError, ConnectionResetError)):
        uvloop.run(endless(origin))
    assert time.monotonic() - begun < PATIENCE / 2
