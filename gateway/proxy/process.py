"""A serving process: from the launcher's options to a server that accepts, and to its end.

It decides when serving begins and ends. It must not know how a request is served.

SIGTERM drains after `limits.drain_delay`; SIGINT drains without it; a second SIGINT ends at once. When the launcher is
gone the worker drains and ends as well, so nothing is orphaned. Control may come and go: the link to it is dialled for
ever, and serving needs nothing from it. What it sends while it is there are new snapshots.
"""

import asyncio
import gc
import os
import pickle
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Protocol

import orjson
import uvloop

from gateway.core import descriptors
from gateway.core.model import Snapshot
from gateway.errors import StartError
from gateway.links.board import Board, Slot
from gateway.links.child import Lifeline, handle_signals
from gateway.links.descriptors import raise_limit
from gateway.links.frames import Frames, Redial
from gateway.links.log import Log, describe
from gateway.links.rundir import PERMITS, SNAPSHOT, RunDir
from gateway.proxy.copies import BOUNDS, Copies
from gateway.proxy.events import Told
from gateway.proxy.permits import open_file
from gateway.proxy.pieces import Pieces
from gateway.proxy.reloads import Reloads


class Serving(Protocol):
    """What a worker runs. `listeners` gives each socket's index in the snapshot's `listen`."""

    async def start(self, sockets: list[socket.socket], listeners: list[int]) -> None:
        """Begins to accept; StartError when it cannot."""

    told: Callable[[Told], None]
    """Is told of what control should know."""

    copies: Copies
    """What goes to the shadow process."""

    async def take(self, snapshot: Snapshot, pieces: Pieces) -> None:
        """Serves by another snapshot from now on; StartError when it cannot."""

    def check(self, unhealthy: Mapping[str, frozenset[str]]) -> None:
        """What health checks say: by variant, the endpoints that are not well."""

    def drain(self, delay: bool) -> Awaitable[None]:
        """Ends when nothing is in flight, or the limit is reached. Called again without `delay`, it cuts it short."""

    def abort(self) -> None:
        """Ends everything now."""


class Factory(Protocol):
    """Makes what a worker runs: it writes in `slot`, the one of that `index`, and counts permits to probe by locks on
    the file `permits`."""

    def __call__(self, snapshot: Snapshot, slot: Slot, board: Board, *, index: int, permits: int) -> Serving:
        """Called once."""


_HEALTH = b"H"
"""What a frame with the endpoints that are not well begins with."""
_UNTOLD = 1_000
"""Events that wait for control; beyond them the oldest are dropped."""


class Worker:
    """One serving process; `run` gives its exit code."""

    def __init__(self, arguments: dict[str, str], log: Log) -> None:
        self._run_dir = RunDir(arguments["run-dir"])
        self._index = int(arguments["index"])
        self._board = Board.open(int(arguments["board"]))
        pairs = [pair.split(":") for pair in arguments["fds"].split(",")]
        self._sockets = [socket.socket(fileno=int(number)) for number, _ in pairs]
        self._listeners = [int(listener) for _, listener in pairs]
        self._lifeline = Lifeline(int(arguments["lifeline"]))
        self._log = log
        self._tasks: set[asyncio.Task[None]] = set()
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._untold: deque[Told] = deque(maxlen=_UNTOLD)
        self._short_of = 0
        """The descriptors that the last snapshot needed, so that what is missing is said once."""
        self._draining = False
        self._orphaned = False
        self._interrupts = 0

    async def run(self, factory: Factory) -> int:
        """Serves to the end."""
        snapshot: Snapshot = pickle.loads(self._run_dir.read(SNAPSHOT))  # noqa: S301 - only we can write there
        permits = open_file(os.path.join(self._run_dir.path, PERMITS))
        self._short_of = descriptors.needed(snapshot)
        slot = self._board.slot(self._index)
        self._server = factory(snapshot, slot, self._board, index=self._index, permits=permits)
        self._server.told = self._on_told
        await self._server.start(self._sockets, self._listeners)
        self._reloads = Reloads(snapshot, self._server, acknowledge=self._taken, refuse=self._refuse)
        self._link = Redial(self._run_dir.control_socket, greeting=self._greet, received=self._receive)
        self._spawn(self._reloads.run(), "reloads")
        self._spawn(self._link.run(), "link")
        self._spawn(self._to_shadow().run(), "shadow")
        asyncio.get_running_loop().set_exception_handler(self._on_exception)
        self._lifeline.watch(self._on_orphaned)
        handle_signals(self._on_terminate, self._on_interrupt)
        gc.collect()
        gc.freeze()
        self._lifeline.ready()
        code = await self._code
        if self._orphaned:
            self._run_dir.remove()
        return code

    def _to_shadow(self) -> Redial:
        copies = self._server.copies
        path, greeting = self._run_dir.shadow_socket, partial(copies.greeting, self._index)
        link = Redial(path, greeting=greeting, received=copies.received, lost=copies.lost, bounds=BOUNDS)
        copies.send = link.send
        return link

    def _greet(self) -> bytes:
        self._reloads.begin_afresh()
        asyncio.get_running_loop().call_soon(self._tell_events)
        return self._state()

    def _state(self) -> bytes:
        reloads = self._reloads
        return self._says(
            revision=reloads.snapshot.revision,
            serial=reloads.snapshot.serial,
            draining=self._draining,
            blocked=reloads.blocked,
        )

    def _receive(self, link: Frames, frame: bytes) -> None:
        if frame.startswith(_HEALTH):
            said: dict[str, list[str]] = orjson.loads(frame[len(_HEALTH) :])
            self._server.check({variant: frozenset(urls) for variant, urls in said.items()})
        else:
            self._reloads.receive(link, frame)

    def _on_told(self, event: Told) -> None:
        self._log.info(event["event"], subject=event["subject"], why=event["why"])
        self._untold.append(event)
        self._tell_events()

    def _tell_events(self) -> None:
        while self._untold and self._link.send(self._says(**self._untold[0])):
            self._untold.popleft()

    def _taken(self) -> None:
        """A snapshot is in force that may ask for more connections than the one before."""
        needed = descriptors.needed(self._reloads.snapshot)
        allowed = raise_limit(needed)
        if allowed < needed != self._short_of:
            said = "limits.connections needs more open files than allowed"
            self._log.warning(said, allowed=allowed, needed=needed)
        self._short_of = needed
        self._tell()

    def _tell(self) -> None:
        self._link.send(self._state())

    def _refuse(self, serial: int, why: str) -> None:
        self._log.error("cannot take a snapshot", serial=serial, why=why)
        self._link.send(self._says(serial=serial, refused=why))

    def _says(self, **what: object) -> bytes:
        return orjson.dumps({"index": self._index, "pid": os.getpid(), **what})

    def _spawn(self, work: Any, name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_terminate(self) -> None:
        if not self._draining:
            self._drain(delay=True)

    def _on_interrupt(self) -> None:
        self._interrupts += 1
        if self._interrupts == 1:
            self._drain(delay=False)
        else:
            self._server.abort()
            self._end(1)

    def _on_orphaned(self) -> None:
        self._orphaned = True
        self._drain(delay=False)

    def _drain(self, *, delay: bool) -> None:
        """The first drain ends the process; another one only cuts its delay."""
        ends = not self._draining
        self._draining = True
        self._reloads.stop()
        self._tell()
        self._spawn(self._drained(self._server.drain(delay), ends=ends), "drain")

    async def _drained(self, drain: Awaitable[None], *, ends: bool) -> None:
        code = 0
        try:
            await drain
        except Exception as error:  # whatever fails here must not keep the process alive
            self._log.error("drain failed", error=describe(error))
            code = 1
        if ends or code:
            self._end(code)

    def _end(self, code: int) -> None:
        if not self._code.done():
            self._code.set_result(code)

    def _on_exception(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self._log.error("unexpected", what=str(context.get("message")), error=describe(error) if error else None)


def run(arguments: dict[str, str], factory: Factory) -> int:
    """The process from start to end, with its exit code."""
    lifeline = Lifeline(int(arguments["lifeline"]))

    async def serve() -> int:
        return await Worker(arguments, Log(f"worker {arguments['index']}")).run(factory)

    try:
        return uvloop.new_event_loop().run_until_complete(serve())
    except (StartError, OSError) as error:
        lifeline.fail(str(error))
    except Exception as error:  # a fault of ours, told in one line as well
        lifeline.fail(describe(error))
    return 1
