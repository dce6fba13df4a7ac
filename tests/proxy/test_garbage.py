"""A request leaves nothing behind that only the collector finds: until then its body would stay in memory."""

import asyncio
import gc
import os
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import uvloop

from gateway.config.load import load
from gateway.core.model import Snapshot
from gateway.links.board import Board
from gateway.proxy.permits import open_file
from gateway.proxy.server import Server
from tests.support import http1, kernel
from tests.support.client import Client
from tests.support.faulty import Faulty

CALLS = 5
PATIENCE = 10.0
BODY = b'{"user": "u", "model": "m", "padding": "%b"}' % bytes(300_000).replace(b"\0", b"x")
"""Comes in several pieces."""
PATHS = ("falls", "alone", "asked", "copied", "chat")
FAULTS = ("ok", "long", "large", "500", "503", "429", "reset", "close", "garbage", "cut", "hang")
CONFIGURATION = """
listen: 127.0.0.1:8080
variants:
  bad: {{endpoints: ["{bad}"], breaker: {{mode: disabled}}, timeouts: {{total: 300ms}}, retry: {{extra: 1}}}}
  named: {{endpoints: ["{bad}"], breaker: {{mode: disabled}}, timeouts: {{total: 300ms}}, model: other}}
  good: {{endpoints: ["{good}"], timeouts: {{total: 300ms}}}}
routes:
  falls: {{match: {{path: /falls}}, split: {{bad: 1}}, fallback: {{variants: [good]}}}}
  alone: {{match: {{path: /alone}}, split: {{bad: 1}}}}
  asked: {{match: {{path: /asked}}, targeting_key: [{{json: $.user}}], split: {{bad: 1}}}}
  copied: {{match: {{path: /copied}}, split: {{bad: 1}}, shadow: [{{variant: good}}]}}
  chat: {{match: {{path: /chat}}, protocol: openai, split: {{named: 1}}}}
"""


@pytest.fixture(scope="module")
def models() -> Iterator[Snapshot]:
    """A configuration before two models, of which one does as it is asked to."""
    with Faulty("bad") as bad, Faulty("good") as good:
        text = CONFIGURATION.format(bad=bad.url, good=good.url)
        yield load(text.encode(), name="test", folder=Path()).snapshot


def request(path: str, fault: str) -> bytes:
    head = (
        b"POST /%b HTTP/1.1\r\nhost: x\r\nx-fault: %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    )
    return head % (path.encode(), fault.encode(), len(BODY)) + BODY


def call(port: int, path: str, fault: str) -> None:
    """Some that wait for their replies."""
    for _ in range(CALLS):
        with Client(port) as client, suppress(http1.TruncatedError, http1.ClosedError):
            client.send(request(path, fault))
            client.reply("POST")


def leave(port: int, path: str, fault: str) -> None:
    """Some whose clients leave in the middle of the body, or without waiting for the reply."""
    for size in [len(BODY) // 3, None] * CALLS:
        with Client(port) as client:
            client.send(request(path, fault)[:size])


async def collected(snapshot: Snapshot, act: Callable[[int], None]) -> Counter[str]:
    """What the collector finds of a worker's server after that was done through it and all has ended, by type."""
    board = Board.create(os.memfd_create("board"), 1)
    permits = open_file(os.devnull)
    server = Server(snapshot, board.slot(0), board, index=0, permits=permits)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        await server.start([listener], [0])
        gc.collect()
        gc.disable()
        port = listener.getsockname()[1]
        await asyncio.to_thread(come, port)
        before = kernel.descriptors(os.getpid())
        await asyncio.to_thread(act, port)
        await asyncio.to_thread(come, port)
        await server.drain(delay=False)
    async with asyncio.timeout(PATIENCE):
        while kernel.descriptors(os.getpid()) > before:
            await asyncio.sleep(0.01)
    os.close(permits)
    return unreachable()


def come(port: int) -> None:
    """Once this is answered all who came before have been accepted."""
    with Client(port) as client:
        client.send(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
        client.reply("GET")


def unreachable() -> Counter[str]:
    """What only the collector finds, of ours."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        return Counter(type(one).__qualname__ for one in gc.garbage if type(one).__module__.startswith("gateway."))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("path", PATHS)
def test_a_call_leaves_none(models: Snapshot, path: str, fault: str) -> None:
    assert uvloop.run(collected(models, lambda port: call(port, path, fault))) == {}


@pytest.mark.parametrize("fault", ["ok", "hang", "large"])
@pytest.mark.parametrize("path", PATHS)
def test_callers_who_leave_leave_none(models: Snapshot, path: str, fault: str) -> None:
    assert uvloop.run(collected(models, lambda port: leave(port, path, fault))) == {}
