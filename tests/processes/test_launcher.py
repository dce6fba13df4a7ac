"""The launcher and the worker scaffolding as real processes, around a small server of the tests' own."""

import os
import pickle
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.core.model import Limits, Listener, Snapshot
from gateway.launcher import RESTARTS
from gateway.links.board import Board
from gateway.links.parent import SLOWEST, pause
from gateway.links.rundir import SNAPSHOT, RunDir

HERE = Path(__file__).parent


class Lines:
    """One client of the line server."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)

    def ask(self, line: bytes = b"who\n") -> int:
        """The answering process's id, 0 when the connection ended."""
        self.send(line)
        return self.answer()

    def send(self, line: bytes) -> None:
        self.socket.sendall(line)

    def answer(self) -> int:
        try:
            return int(self.socket.recv(100) or 0)
        except ConnectionError:
            return 0


class Stage:
    """What a test needs to start the launcher with stand-in workers."""

    def __init__(self, start: Callable[..., Any], listener: socket.socket, run_dir: RunDir) -> None:
        self._start = start
        self._clients: list[Lines] = []
        self.listener = listener
        self.run_dir = run_dir
        self.port = listener.getsockname()[1]

    def launch(self, workers: int = 2, *, limits: Limits = Limits(), how: str = "") -> Any:
        snapshot = Snapshot(listen=(Listener("127.0.0.1", self.port),), variants={}, routes={}, limits=limits)
        self.run_dir.write(SNAPSHOT, pickle.dumps(snapshot))
        fd = self.listener.fileno()
        return self._start(
            sys.executable,
            str(HERE / "standin_launcher.py"),
            self.run_dir.path,
            str(fd),
            str(workers),
            str(limits.drain + limits.drain_delay),
            pass_fds=(fd,),
            env={**os.environ, "PYTHONPATH": str(HERE), "STANDIN": how},
        )

    def client(self) -> Lines:
        lines = Lines(self.port)
        self._clients.append(lines)
        return lines

    def board(self, running: Any) -> Board:
        return Board.open(f"/proc/{running.pid}/fd/{running.event('serving')['board']}")

    def close(self) -> None:
        for lines in self._clients:
            lines.socket.close()


@pytest.fixture
def stage(start: Callable[..., Any], tmp_path: Path) -> Iterator[Stage]:
    run_dir = RunDir(str(tmp_path / "run"))
    os.mkdir(run_dir.path)
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        built = Stage(start, listener, run_dir)
        yield built
        built.close()


def total(board: Board, key: bytes) -> int:
    return sum(values[index] for values, index in board.cells(key))


def test_the_pause_before_a_start_begins_at_nothing_and_doubles_to_a_limit() -> None:
    assert [pause(failures) for failures in (0, 1, 2, 3, 4)] == [0.0, 0.0, 0.25, 0.5, 1.0]
    assert pause(50) == pause(8) == SLOWEST


def test_a_killed_worker_is_replaced_and_its_counts_go_on(stage: Stage, until: Callable[..., Any]) -> None:
    """The others serve on, no connection attempt fails, no count falls, and its gauges are cleared."""
    running = stage.launch(2)
    running.event("serving")
    board = stage.board(running)
    for _ in range(50):
        assert stage.client().ask() > 0
    assert total(board, b"open") == 50
    victim = running.children("standin")[0]
    victim.kill()
    replaced = until(lambda: [c for c in running.children("standin") if c != victim][1:], "a replacement")
    until(lambda: total(board, RESTARTS) == 1, "the restart to be counted")
    assert total(board, b"lines") == 50
    assert total(board, b"open") < 50
    answers = {stage.client().ask() for _ in range(50)}
    assert 0 not in answers
    assert victim.pid not in answers
    assert total(board, b"lines") == 100
    assert len(replaced) == 1


def test_connections_wait_while_no_worker_is_there(stage: Stage, until: Callable[..., Any]) -> None:
    """With every worker stopped dead, what waits to be accepted is not reset; the replacement answers it."""
    running = stage.launch(1)
    running.event("serving")
    victim = running.children("standin")[0]
    victim.suspend()
    waiting = [stage.client() for _ in range(40)]
    for client in waiting:
        client.send(b"who\n")
    victim.kill()
    accepted = [client.answer() for client in waiting]
    assert len([pid for pid in accepted if pid == 0]) == 0
    assert victim.pid not in accepted


def test_sigterm_answers_what_is_in_flight_and_ends_with_0(stage: Stage) -> None:
    running = stage.launch(2)
    running.event("serving")
    held = stage.client()
    held.send(b"hold\n")
    stage.client().ask()
    running.signal(signal.SIGTERM)
    running.event("draining")
    held.send(b"go\n")
    assert held.answer() > 0
    assert running.end() == 0
    assert not os.path.exists(stage.run_dir.path)


def test_a_drain_ends_when_its_limit_is_reached(stage: Stage) -> None:
    running = stage.launch(1, limits=Limits(drain=0.3))
    running.event("serving")
    held = stage.client()
    held.send(b"hold\n")
    running.signal(signal.SIGTERM)
    assert running.end() == 0
    assert held.answer() == 0


def test_sigint_cuts_the_delay_of_a_drain(stage: Stage) -> None:
    running = stage.launch(1, limits=Limits(drain_delay=3600.0))
    running.event("serving")
    running.signal(signal.SIGTERM)
    running.event("draining")
    assert stage.client().ask() > 0
    running.signal(signal.SIGINT)
    assert running.end() == 0


def test_a_second_sigint_ends_at_once(stage: Stage) -> None:
    running = stage.launch(2, limits=Limits(drain=3600.0))
    running.event("serving")
    held = [stage.client() for _ in range(4)]
    for client in held:
        client.send(b"hold\n")
    running.signal(signal.SIGINT)
    running.event("draining")
    running.signal(signal.SIGINT)
    assert running.end() == 1
    assert [client.answer() for client in held] == [0, 0, 0, 0]
    assert not os.path.exists(stage.run_dir.path)


def test_a_worker_that_does_not_end_is_killed(stage: Stage) -> None:
    running = stage.launch(1, limits=Limits(drain=0.0), how="stuck")
    running.event("serving")
    running.signal(signal.SIGTERM)
    assert running.end() == 1
    assert running.events("did not end")


def test_nothing_outlives_a_killed_launcher(stage: Stage, until: Callable[..., Any]) -> None:
    """Workers answer what is in flight, end, and remove the run directory."""
    running = stage.launch(2)
    running.event("serving")
    held = stage.client()
    held.send(b"hold\n")
    workers = running.children("standin")
    running.signal(signal.SIGKILL)
    running.end()
    held.send(b"go\n")
    assert held.answer() > 0
    until(lambda: not any(worker.is_running() for worker in workers), "the workers' end")
    assert not os.path.exists(stage.run_dir.path)


def test_a_worker_that_says_why_it_cannot_start_ends_the_start_with_that_line(stage: Stage) -> None:
    running = stage.launch(1, how="start")
    assert running.end() == 1
    assert [line["event"] for line in running.events()] == ["worker 0 cannot start: there is no certificate", "ended"]


def test_a_worker_that_always_crashes_ends_the_start_after_three_tries(stage: Stage) -> None:
    running = stage.launch(1, how="crash")
    assert running.end() == 1
    assert [line["event"] for line in running.events("worker")] == [
        "worker 0 ended",
        "worker 0 ended",
        "worker 0 cannot start: exit code 7",
    ]


def test_signals_during_the_start_end_it_cleanly(stage: Stage) -> None:
    """However early the signal comes after the first log line could be written, no traceback is left."""
    running = stage.launch(2)
    running.children("standin")
    running.signal(signal.SIGTERM)
    assert running.end() in (0, -signal.SIGTERM)
    assert "Traceback" not in running.text()
