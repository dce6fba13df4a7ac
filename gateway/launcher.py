"""The launcher: holds the listening sockets and the board, starts the other processes and watches each alone.

It decides when a process is started, started again, or told to end. It must not know what any of them does: each is one
row of a table. It needs the standard library only, so there is nearly nothing in it that could fail.

Start: a row that ends `TRIES` times before it was ready once, or says itself why it cannot start, ends the whole start.
Again: once all were ready a row is started again for ever: at once when it had been up for `STEADY` seconds, else after
a pause that doubles, up to `SLOWEST`. An optional row is so from the beginning; nothing waits for it.
Stop: SIGTERM and SIGINT are passed on to the serving rows, which end by themselves within the time the configuration
gives them; then the others are let go. A second SIGINT ends everything now. SIGHUP is passed on to the others: it asks
for a reload.

Every process holds one end of a socket pair, its lifeline: it says there that it is ready (`R`) or why it cannot be
(`E` and the reason), and ends when the launcher's end is closed, however the launcher died.
"""

import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import FrameType
from typing import TypedDict

from gateway.links.board import Board
from gateway.links.log import Field, Log
from gateway.links.parent import STEADY, Child, Row, pause
from gateway.links.rundir import LIMIT, PLAN, RunDir
from gateway.links.signals import SIGNALS, hold_back, let_in

TRIES = 3
GRACE = 5.0
"""Seconds a process may take beyond its own time limit to end, before it is killed."""
LINGER = 1.5
"""Seconds an optional row may take to end."""

RESTARTS = b'["gateway_worker_restarts_total"]'
"""Its key on the board."""


class Launcher:
    """The rows, from their first start to the end of all. `limit` tells the seconds a drain may take."""

    def __init__(
        self, rows: Iterable[Row], board: Board, *, slot: int, limit: Callable[[], float], serving: Mapping[str, Field]
    ) -> None:
        self._children = [Child(row) for row in rows]
        self._board = board
        self._slot = board.slot(slot)
        self._restarts = self._slot.index(RESTARTS)
        self._limit = limit
        self._serving = serving
        self._log = Log("launcher")
        self._was_ready = False
        self._failed = False
        self._interrupts = 0
        self._stop_at: float | None = None
        """When what still runs is killed; None while nothing stops."""
        self._optional_stop_at = float("inf")
        """The same of optional rows, once they were let go."""
        self._wake, self._waker = socket.socketpair()

    def run(self) -> int:
        """Runs everything to its end and gives the exit code."""
        self._catch_signals()
        while True:
            now = time.monotonic()
            self._look_at_children(now)
            if self._stop_at is None:
                self._start_due(now)
            elif self._has_stopped(now):
                return self._exit_code()
            self._wait(now)

    def _catch_signals(self) -> None:
        for end in (self._wake, self._waker):
            end.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        for number in SIGNALS:
            signal.signal(number, self._on_signal)
        let_in()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self._hang_up()
            return
        self._interrupts += number == signal.SIGINT
        now = self._interrupts > 1
        self._log.info("ending now" if now else "draining", signal=signal.Signals(number).name)
        self._stop(signal.Signals(number), time.monotonic() + (0.0 if now else self._limit()) + GRACE)

    def _hang_up(self) -> None:
        self._log.info("asking for a reload", signal="SIGHUP")
        for child in self._children:
            if not child.row.serves:
                child.send(signal.SIGHUP)

    def _stop(self, number: signal.Signals, latest: float) -> None:
        is_first = self._stop_at is None
        self._stop_at = latest if self._stop_at is None else min(latest, self._stop_at)
        if is_first:  # known by now: the next signal may come while they are closed
            self._close_listeners()
        for child in self._children:
            if child.row.serves:
                child.send(number)

    def _close_listeners(self) -> None:
        """So that nobody is accepted any more once the last worker has closed its own."""
        serving = {number for child in self._children if child.row.serves for number in child.row.descriptors}
        others = {number for child in self._children if not child.row.serves for number in child.row.descriptors}
        for number in serving - others:
            os.close(number)

    def _look_at_children(self, now: float) -> None:
        for child in self._children:
            child.listen()
            if child.has_ended():
                self._after_end(child, now)
        if not self._was_ready and all(child.ready or child.row.optional for child in self._children):
            self._was_ready = True
            self._log.info("serving", **self._serving)

    def _after_end(self, child: Child, now: float) -> None:
        self._board.clear_gauges(child.row.slot)
        if self._stop_at is not None:
            return
        child.failures = 1 if child.ready and now - child.begun >= STEADY else child.failures + 1
        child.due = now + pause(child.failures)
        is_due = not self._was_ready and not child.row.optional
        if is_due and not child.ready and (child.reason or child.failures >= TRIES):
            self._fail(f"{child.row.name} cannot start: {child.how_it_ended}")
        else:
            self._log.error(f"{child.row.name} ended", reason=child.how_it_ended)

    def _fail(self, message: str) -> None:
        self._failed = True
        self._log.error(message)
        self._stop(signal.SIGINT, time.monotonic() + GRACE)

    def _start_due(self, now: float) -> None:
        for child in self._children:
            if child.lifeline is None and child.due <= now:
                self._slot.values[self._restarts] += child.row.serves and child.starts > 0
                self._start(child, now)

    def _start(self, child: Child, now: float) -> None:
        """A process begins with the signals blocked, until it has its own handlers."""
        hold_back()
        try:
            child.start(now)
        finally:
            let_in()

    def _has_stopped(self, now: float) -> bool:
        """Lets the others go when no serving row is left, kills what takes too long."""
        if not any(child.is_running for child in self._children if child.row.serves):
            self._optional_stop_at = min(self._optional_stop_at, now + LINGER)
            for child in self._children:
                child.let_go()
        running = [child for child in self._children if child.is_running]
        for child in running:
            if now >= self._latest(child):
                self._log.error(f"{child.row.name} did not end, killed")
                child.send(signal.SIGKILL)
        return not running

    def _latest(self, child: Child) -> float:
        """When it is killed if it still runs."""
        assert self._stop_at is not None
        return min(self._stop_at, self._optional_stop_at) if child.row.optional else self._stop_at

    def _exit_code(self) -> int:
        ends = [child.process.returncode for child in self._children if child.row.serves and child.process is not None]
        clean = not self._failed and self._interrupts < 2 and not any(ends)
        self._log.info("ended", clean=clean)
        return 0 if clean else 1

    def _wait(self, now: float) -> None:
        """Until a signal, a word on a lifeline, or the next thing that is due."""
        if self._stop_at is None:
            times = [child.due for child in self._children if child.lifeline is None]
        else:
            times = [max(self._latest(child), now + 0.05) for child in self._children if child.is_running]
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        for child in self._children:
            if child.lifeline is not None and not child.ready:
                poll.register(child.lifeline, select.POLLIN)
        poll.poll(max(0.0, min(times) - now) * 1000 + 1 if times else None)
        try:
            self._wake.recv(4096)
        except BlockingIOError:
            pass


class Plan(TypedDict):
    """What `gateway serve` leaves for the launcher."""

    workers: int
    listeners: dict[str, int]
    """Descriptor of each listening socket to the index of its address in the configuration."""
    admin: list[int]
    """Descriptors of the admin side's listening sockets."""
    admin_tokens: bool
    """Whether callers of the admin side must show one."""
    limit: float
    """Seconds a drain may take, until a reload changes them."""
    serving: dict[str, Field]
    """For the log line that says the gateway serves."""


def table(plan: Plan, run_dir: str, board: int) -> list[Row]:
    """The rows: the workers, control, and the shadow process."""
    common = ("--run-dir", run_dir, "--board", str(board))
    fds = ",".join(f"{number}:{listener}" for number, listener in plan["listeners"].items())
    sockets = (board, *map(int, plan["listeners"]))
    workers = [
        Row(
            f"worker {index}",
            "gateway.proxy.worker",
            (*common, "--index", str(index), "--fds", fds),
            sockets,
            index,
            True,
        )
        for index in range(plan["workers"])
    ]
    admin = ("--fds", ",".join(map(str, plan["admin"])), "--tokens", str(int(plan["admin_tokens"])))
    arguments = (*common, *admin, "--workers", str(len(workers)))
    control = Row("control", "gateway.control.main", arguments, (board, *plan["admin"]), len(workers), False)
    shadow = Row("shadow", "gateway.shadow.main", common, (board,), len(workers) + 1, False, optional=True)
    return [*workers, control, shadow]


def open_board(run_dir: RunDir) -> int:
    """A descriptor to put the board in: memory without a file, where there is such a thing, so that no disk can fill
    up or stall under it."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("gateway-board")
    return os.open(os.path.join(run_dir.path, "board"), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)


def drain_limit(run_dir: RunDir, first: float) -> float:
    """The seconds a drain may take: as at the start, `first`, or as the last reload left word."""
    try:
        return float(run_dir.read(LIMIT))
    except (OSError, ValueError):
        return first


def main() -> int:
    """`python -m gateway.launcher RUN_DIR`."""
    hold_back()
    run_dir = RunDir(sys.argv[1])
    try:
        plan: Plan = json.loads(run_dir.read(PLAN))
        descriptor = open_board(run_dir)
        rows = table(plan, run_dir.path, descriptor)
        board = Board.create(descriptor, len(rows) + 1)
        limit = partial(drain_limit, run_dir, plan["limit"])
        return Launcher(rows, board, slot=len(rows), limit=limit, serving=plan["serving"]).run()
    finally:
        run_dir.remove()


if __name__ == "__main__":
    sys.exit(main())
