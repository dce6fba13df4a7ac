"""A stream of chat that broke off is no whole answer: it is compared with nothing."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gateway.core import model
from gateway.core.model import Match, Route, Snapshot
from tests.proxy.shadow import Shadow
from tests.proxy.standin import PATIENCE, Worker, snapshot, variant
from tests.support import kernel
from tests.support.http1 import Request
from tests.support.origin import Connection, Origin

Start = Callable[[Snapshot], Worker]
EVENT = b'data: {"choices": [{"delta": {"content": "hi"}}]}\n\n'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def break_off(connection: Connection, seen: Request) -> None:
    """One event, and no end."""
    connection.read_body(seen)
    connection.send(HEAD + b"%x\r\n%b\r\n" % (len(EVENT), EVENT))
    kernel.wait_read_by_peer(connection.sock)
    connection.reset()


def shadowed(url: str) -> Snapshot:
    """Chat is served by `a`, and copied to `b`."""
    route = Route("r", Match("/*"), {"a": 1}, "openai", salt="r", shadow=(model.Shadow("b"),))
    return replace(snapshot(variant("a", url), variant("b", url)), routes={"r": route})


def wait_ignored(worker: Worker, why: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while worker.cell("shadow_ignored", "r", "b", why) != 1:
        assert time.monotonic() < give_up, f"not ignored as {why}"
        time.sleep(0.01)


def test_a_stream_that_broke_off_is_not_compared(origin: Origin, start: Start, tmp_path: Path) -> None:
    worker = start(shadowed(origin.url))
    with Shadow(tmp_path) as shadow, worker.connect() as client, origin.answering(break_off):
        answer = client.post("/v1/chat/completions", b'{"model": "m", "stream": true, "messages": []}')
        assert answer.body.startswith(EVENT)
        wait_ignored(worker, "live_broken")
        assert shadow.copies.empty()
