"""A worker that stood still (throttled, stopped, or at long work) reads what came meanwhile before it calls it late."""

import asyncio
import os
import socket
import threading
import time

import uvloop

from gateway.core.model import Timeouts
from gateway.links.board import Board
from gateway.proxy.permits import open_file
from gateway.proxy.server import Server
from tests.proxy.standin import snapshot, variant
from tests.support.client import Client, request
from tests.support.http1 import Request
from tests.support.origin import Connection, Origin, marked, marker

FIRST_BYTE = 1.5
PATIENCE = 10.0


async def answered(origin: Origin) -> tuple[int, bytes]:
    """What the client gets whose reply comes in time, while the server's process does nothing until it is too late."""
    board = Board.create(os.memfd_create("board"), 1)
    permits = open_file(os.devnull)
    settings = snapshot(variant("v", origin.url, timeouts=Timeouts(first_byte=FIRST_BYTE)))
    server = Server(settings, board.slot(0), board, index=0, permits=permits)
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
    with socket.create_server(("127.0.0.1", 0)) as listener, near, far:
        listener.setblocking(False)
        await server.start([listener], [0])
        with await asyncio.to_thread(Client, listener.getsockname()[1]) as client:
            client.send(request("GET", "/late"))
            await asyncio.to_thread(origin.wait_heads, 1)
            loop.add_reader(near, stand_still)
            far.send(b"x")
            reply = await asyncio.to_thread(client.reply)
        await server.drain(delay=False)
    os.close(permits)
    return reply.status, reply.body


def test_a_reply_that_came_in_time_is_not_late(origin: Origin) -> None:
    assert uvloop.run(answered(origin)) == (200, marker("/late"))
