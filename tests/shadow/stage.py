"""A shadow process for tests, and those who link to it: a worker that hands in copies, a control that takes batches."""

import json
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import psutil

from gateway.core.copies import Asked, Copy, Fields, Observation, Told
from gateway.core.model import Endpoint, Match, Protocol, Route, Shadow, Snapshot, Timeouts, Variant
from gateway.core.tally import Batch, Present, Tally
from gateway.links.board import Board
from gateway.links.rundir import SNAPSHOT, RunDir

PATIENCE = 10.0
PAIR = ("r", "candidate")
JSON = (b"content-type", b"application/json")
LIVE = Observation(200, (JSON,), b'{"a": 1}', 0.01)
"""What the live variant answered, unless told otherwise."""


def endpoint(url: str) -> Endpoint:
    """Of the models' URLs."""
    if url.startswith("unix:"):
        return Endpoint(url, "unix", path=url.removeprefix("unix:"))
    scheme, _, rest = url.partition("://")
    host, _, port = rest.rpartition(":")
    return Endpoint(url, "https" if scheme == "https" else "http", host.strip("[]"), int(port))


def variant(name: str, *urls: str, **settings: Any) -> Variant:
    """One with those endpoints; a second is its longest time to connect."""
    return Variant(name, tuple(endpoint(url) for url in urls), **settings)


def snapshot(*variants: Variant, protocol: Protocol = "http", route: str = "r", **settings: Any) -> Snapshot:
    """One route that the first variant answers and the last, `candidate`, shadows; no noise unless told."""
    live, *_, candidate = variants
    shadow = Shadow(candidate.name, **{"noise": 0.0, **settings})
    only = Route(route, Match("/*"), {live.name: 1}, protocol, salt="r", shadow=(shadow,))
    return Snapshot(listen=(), variants={each.name: each for each in variants}, routes={route: only})


class Link:
    """One connection to the process, frame by frame."""

    def __init__(self, path: str, greeting: bytes) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.send(greeting)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def send(self, frame: bytes) -> None:
        self.socket.sendall(struct.pack(">I", len(frame)) + frame)

    def receive(self) -> bytes:
        (size,) = struct.unpack(">I", self._exactly(4))
        return self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise EOFError
            data += piece
        return bytes(data)


class Worker(Link):
    """A worker: `copy` hands one in, `told` waits for what came of it."""

    def __init__(self, path: str, serial: int, *, route: str = "r", index: int = 0) -> None:
        super().__init__(path, b"worker %d" % index)
        self.serial = serial
        self._route = route
        self._number = 0
        self._told: dict[int, Told] = {}

    def copy(
        self,
        body: bytes = b"",
        *,
        reply: Observation | None = LIVE,
        path: bytes = b"/v1/x",
        query: bytes = b"",
        fields: Fields = (JSON,),
        method: bytes = b"POST",
        **settings: Any,
    ) -> int:
        """Hand one in; its number."""
        self._number += 1
        asked = Asked(method, path, query, fields, body, f"id-{self._number}")
        copy = Copy(
            self._number, self.serial, self._route, "candidate", "live" if reply else "", asked, reply, time.time()
        )
        self.send(b"C" + pickle.dumps(copy._replace(**settings)))
        return self._number

    def told(self, number: int) -> Told:
        """What came of that copy."""
        while number not in self._told:
            frame = self.receive()
            assert frame[:1] == b"T"
            for each in pickle.loads(frame[1:]):
                assert each.number not in self._told, "told twice"
                self._told[each.number] = each
        return self._told[number]

    def outcome(self, body: bytes = b"", **settings: Any) -> tuple[str, str]:
        """Of one copy, at once."""
        told = self.told(self.copy(body, **settings))
        return told.outcome, told.why


class Control(Link):
    """Control: tells periods, takes batches. What was found of other routes is another test's business."""

    def __init__(self, path: str, route: str) -> None:
        super().__init__(path, b"control")
        self._route = route

    def tell(self, periods: dict[tuple[str, str], int]) -> None:
        self.send(b"P" + pickle.dumps({pair: Present(period) for pair, period in periods.items()}))

    def batch(self) -> Batch:
        """The next one; it is not acknowledged."""
        frame = self.receive()
        assert frame[:1] == b"R"
        found: Batch = pickle.loads(frame[1:])
        return found

    def acknowledge(self, batch: Batch) -> None:
        self.send(b"A" + pickle.dumps(batch.number))

    def next(self) -> tuple[Batch, Tally]:
        """The next batch that tells of the route, and what it tells; those before it are acknowledged."""
        while True:
            batch = self.batch()
            tallies = [tally for (route, _, _), tally in batch.tallies.items() if route == self._route]
            if tallies:
                return batch, tallies[0]
            self.acknowledge(batch)


class ShadowProcess:
    """The real process, with a run directory and a board, as the launcher starts it."""

    def __init__(self, folder: Path, first: Snapshot) -> None:
        self.run_dir = RunDir(str(folder))
        os.makedirs(folder, exist_ok=True)
        self._log = folder.parent / "log"
        self.serial = 0
        self.use(first)
        self.board_file = os.memfd_create("board")
        self.board = Board.create(self.board_file, 3, names=1 << 16, cells=1 << 14)
        self.process: subprocess.Popen[bytes]
        self.lifeline: socket.socket
        self.start()

    def start(self) -> None:
        """Start it, or start it again."""
        self.lifeline, theirs = socket.socketpair()
        self.lifeline.settimeout(PATIENCE)
        options = {"--run-dir": self.run_dir.path, "--board": self.board_file, "--lifeline": theirs.fileno()}
        command = [str(word) for pair in options.items() for word in pair]
        run = [sys.executable, "-P", "-m", "gateway.shadow.main", *command]
        with theirs, self._log.open("ab") as log:
            self.process = subprocess.Popen(
                run, pass_fds=(self.board_file, theirs.fileno()), stderr=log, start_new_session=True
            )
        assert self.lifeline.recv(1000) == b"R"

    def use(self, settings: Snapshot) -> int:
        """Put a snapshot in force; its serial."""
        self.serial += 1
        (self.route,) = settings.routes
        self.run_dir.write(SNAPSHOT, pickle.dumps(replace(settings, serial=self.serial)))
        return self.serial

    def worker(self, settings: Snapshot | None = None, *, index: int = 0) -> Worker:
        """A worker's link, whose copies are of the only route; by that snapshot, where one is given."""
        if settings is not None:
            self.use(settings)
        return Worker(self.run_dir.shadow_socket, self.serial, route=self.route, index=index)

    def control(self) -> Control:
        return Control(self.run_dir.shadow_socket, self.route)

    @property
    def memory(self) -> int:
        """Bytes of its own."""
        found: int = psutil.Process(self.process.pid).memory_full_info().uss
        return found

    def said(self) -> list[dict[str, Any]]:
        """The lines of its log."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def end(self, number: signal.Signals = signal.SIGTERM) -> float:
        """End it by a signal; how many seconds that took."""
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(PATIENCE)
        self.lifeline.close()
        return time.monotonic() - begun

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.lifeline.close()
        os.close(self.board_file)


FAST = Timeouts(connect=1.0, first_byte=5.0, idle=5.0, total=5.0)
