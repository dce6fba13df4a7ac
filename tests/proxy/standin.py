"""A real worker process with a stand-in for control: what it is sent, and what it says of it."""

import asyncio
import json
import os
import pickle
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from gateway.core.delta import Part, delta
from gateway.core.metrics import key
from gateway.core.model import Endpoint, Listener, Match, Route, Snapshot, Variant
from gateway.links.board import Board
from gateway.links.frames import Frames
from gateway.links.rundir import SNAPSHOT, RunDir
from tests.support.client import Client

PATIENCE = 20.0
State = dict[str, Any]


def endpoint(url: str) -> Endpoint:
    """The endpoint of `http://host:port` or `https://host:port`."""
    scheme, _, authority = url.partition("://")
    host, _, port = authority.rpartition(":")
    assert scheme in ("http", "https")
    return Endpoint(url, "https" if scheme == "https" else "http", host, int(port))


def variant(name: str, *urls: str, **settings: Any) -> Variant:
    return Variant(name, tuple(map(endpoint, urls)), **settings)


def snapshot(*variants: Variant, serial: int = 1, **settings: Any) -> Snapshot:
    """Every path goes to the first variant, and there is a path for each of the others."""
    first, *others = variants
    routes = {"all": Route("all", Match("/*"), {first.name: 1}, salt="all")}
    routes |= {one.name: Route(one.name, Match(f"/{one.name}"), {one.name: 1}, salt=one.name) for one in others}
    names = {one.name: one for one in variants}
    listen = (Listener("127.0.0.1", 0),)
    return replace(Snapshot(listen, names, routes, revision=serial, serial=serial), **settings)


class Worker:
    """One worker process that serves a snapshot and is sent others. `said` are the frames it sends."""

    def __init__(self, first: Snapshot, folder: Path) -> None:
        self._run_dir = RunDir(str(folder))
        self._board = os.memfd_create("board")
        Board.create(self._board, 2)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = int(self._listener.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._links: list[Frames] = []
        self._server: asyncio.Server | None = None
        self.said: queue.Queue[State] = queue.Queue()
        self.state: State = {}
        self.snapshot = first
        self.leave(first)

    def __enter__(self) -> Self:
        self._thread.start()
        self.open()
        self.start()
        self.state = self.next()
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        self.close()
        self._listener.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()
        os.close(self._board)

    def start(self) -> None:
        """Start the process, as the launcher does."""
        self._lifeline, theirs = socket.socketpair()
        self._lifeline.settimeout(PATIENCE)
        descriptors = (self._board, self._listener.fileno(), theirs.fileno())
        options = {"run-dir": self._run_dir.path, "board": self._board, "index": 0}
        options |= {"fds": f"{self._listener.fileno()}:0", "lifeline": theirs.fileno()}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        command = [sys.executable, "-P", "-m", "gateway.proxy.worker", *words]
        self.process = subprocess.Popen(command, pass_fds=descriptors)
        theirs.close()
        assert self._lifeline.recv(1000) == b"R"

    def kill(self) -> None:
        """End the process at once."""
        self.process.kill()
        self.process.wait()
        self._lifeline.close()

    def leave(self, snapshot: Snapshot) -> None:
        """The snapshot that a process begins with."""
        self._run_dir.write(SNAPSHOT, pickle.dumps(snapshot))

    def read_board(self) -> Iterator[tuple[int, bytes, tuple[int, ...]]]:
        """What it counted, under each name."""
        return Board.open(os.dup(self._board)).read()

    def cell(self, *series: str) -> int:
        """One count."""
        return sum(cells[0] for _, name, cells in self.read_board() if name == key(*series))

    def open(self) -> None:
        """Control is there."""
        self._server = self._run(self._listen())

    def close(self) -> None:
        """Control is gone, and its socket with it."""
        self._run(self._end())

    def connect(self) -> Client:
        return Client(self.port)

    def send(self, after: Snapshot, *, afresh: bool = False) -> State:
        """Have it take that snapshot; what it says then."""
        answer = self.send_parts(delta(None if afresh else self.snapshot, after))
        if "refused" not in answer:
            self.snapshot = after
        return answer

    def send_parts(self, parts: list[Part]) -> State:
        for part in parts:
            self.send_frame(b"D" + pickle.dumps(part))
        return self.next()

    def send_frame(self, frame: bytes) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._run(self._send(frame)):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def next(self) -> State:
        """The next frame it sends."""
        return self.said.get(timeout=PATIENCE)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def _listen(self) -> asyncio.Server:
        def linked() -> Frames:
            link = Frames(lambda _, frame: self.said.put(json.loads(frame)), self._links_without)
            self._links.append(link)
            return link

        return await self._loop.create_unix_server(linked, self._run_dir.control_socket)

    def _links_without(self, link: Frames) -> None:
        self._links.remove(link)

    async def _send(self, frame: bytes) -> bool:
        return bool(self._links) and self._links[-1].send(frame)

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for link in list(self._links):
            link.close()
        Path(self._run_dir.control_socket).unlink(missing_ok=True)

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)
