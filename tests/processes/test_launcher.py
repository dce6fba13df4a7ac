"""The launcher and the worker scaffolding as real processes, around a small server of the tests' own."""

import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.config.secret import Secret
from gateway.config.settings import Admin, Settings
from gateway.control.standing import Standing
from gateway.core.metrics import key
from gateway.core.model import Endpoint, Limits, Listener, Snapshot, Variant
from gateway.core.records import Revision
from gateway.launcher import GRACE, LINGER, RESTARTS, Plan, drain_limit
from gateway.links.board import Board
from gateway.links.parent import SLOWEST, pause
from gateway.links.rundir import LIMIT, PLAN, RunDir

HERE = Path(__file__).parent
LIMITS = Limits()
PATIENCE = 20.0
LINES = key("gateway_unkeyed_requests_total", "lines")
OPEN = key("gateway_connections", "client")


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

    def __init__(
        self, start: Callable[..., Any], *, public: socket.socket, admin: socket.socket, run_dir: RunDir
    ) -> None:
        self._start = start
        self._clients: list[Lines] = []
        self._public = public
        self._admin = admin
        self._port = public.getsockname()[1]
        self._admin_port = admin.getsockname()[1]
        self.run_dir = run_dir

    def launch(self, workers: int = 2, *, limits: Limits = LIMITS, how: str = "") -> Any:
        variants = {"v1": Variant("v1", (Endpoint("http://127.0.0.1:1", "http", "127.0.0.1", 1),))}
        snapshot = Snapshot(listen=(Listener("127.0.0.1", 1),), variants=variants, routes={}, limits=limits, revision=7)
        revision = Revision(7, b"", "file", "", datetime.now(UTC), origin="file", hash="")
        store = Secret(f"sqlite:///{self.run_dir.path}.db")
        settings = Settings(snapshot.listen, workers, Admin("127.0.0.1", self._admin_port), store)
        Standing(revision, snapshot, settings, started=settings, file=f"{self.run_dir.path}.yaml").leave(self.run_dir)
        plan = Plan(
            workers=workers,
            listeners={str(self._public.fileno()): 0},
            admin=[self._admin.fileno()],
            admin_tokens=False,
            limit=limits.drain + limits.drain_delay,
            serving={},
        )
        self.run_dir.write(PLAN, json.dumps(plan).encode())
        running = self._start(
            sys.executable,
            str(HERE / "standin_launcher.py"),
            self.run_dir.path,
            pass_fds=(self._public.fileno(), self._admin.fileno()),
            env={**os.environ, "PYTHONPATH": str(HERE), "STANDIN": how},
        )
        self._public.close()
        self._admin.close()
        return running

    def client(self) -> Lines:
        lines = Lines(self._port)
        self._clients.append(lines)
        return lines

    def is_refused(self) -> bool:
        try:
            self.client()
        except ConnectionRefusedError:
            return True
        return False

    def admin(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._admin_port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()

    def board(self, running: Any) -> Board:
        return Board.open(f"/proc/{running.pid}/fd/{running.event('serving')['board']}")

    def close(self) -> None:
        for lines in self._clients:
            lines.socket.close()


@pytest.fixture
def stage(start: Callable[..., Any], tmp_path: Path) -> Iterator[Stage]:
    run_dir = RunDir(str(tmp_path / "run"))
    os.mkdir(run_dir.path)
    loopback = ("127.0.0.1", 0)
    with socket.create_server(loopback, backlog=100) as public, socket.create_server(loopback) as admin:
        built = Stage(start, public=public, admin=admin, run_dir=run_dir)
        yield built
        built.close()


def total(board: Board, key: bytes) -> int:
    return sum(values[index] for values, index in board.cells(key))


def test_the_launcher_counts_restarts_under_the_metrics_key() -> None:
    assert key("gateway_worker_restarts_total") == RESTARTS


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
    assert total(board, OPEN) == 50
    victim = running.children("standin")[0]
    victim.kill()
    replaced = until(lambda: [c for c in running.children("standin") if c != victim][1:], "a replacement")
    until(lambda: total(board, RESTARTS) == 1, "the restart to be counted")
    assert total(board, LINES) == 50
    assert total(board, OPEN) < 50
    answers = {stage.client().ask() for _ in range(50)}
    assert 0 not in answers
    assert victim.pid not in answers
    assert total(board, LINES) == 100
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


def test_sigterm_answers_what_is_in_flight_and_ends_with_0(stage: Stage, until: Callable[..., Any]) -> None:
    running = stage.launch(2)
    running.event("serving")
    held = stage.client()
    held.send(b"hold\n")
    stage.client().ask()
    running.signal(signal.SIGTERM)
    until(stage.is_refused, "new clients to be refused")
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
    """Workers answer what is in flight and end, control ends, and the run directory is removed."""
    running = stage.launch(2)
    running.event("serving")
    held = stage.client()
    held.send(b"hold\n")
    below = running.children("standin") + running.children("gateway.control.main")
    assert len(below) == 3
    running.signal(signal.SIGKILL)
    running.end()
    held.send(b"go\n")
    assert held.answer() > 0
    until(lambda: not any(child.is_running() for child in below), "the end of all")
    assert not os.path.exists(stage.run_dir.path)


def test_a_killed_control_costs_no_request_and_adopts_the_workers_again(
    stage: Stage, until: Callable[..., Any]
) -> None:
    running = stage.launch(2)
    running.event("serving")
    running.event("worker adopted", 2)
    assert stage.admin("/readyz") == (200, "ok\n")
    workers = running.children("standin")
    (control,) = running.children("gateway.control.main")
    held = stage.client()
    held.send(b"hold\n")
    control.kill()
    assert 0 not in {stage.client().ask() for _ in range(50)}
    adopted = [running.event("worker adopted", count) for count in (3, 4)]
    assert {line["pid"] for line in adopted} == {worker.pid for worker in workers}
    assert {line["revision"] for line in adopted} == {7}
    held.send(b"go\n")
    assert held.answer() > 0
    assert running.children("standin") == workers
    assert stage.admin("/readyz") == (200, "ok\n")


def test_signals_to_all_processes_drain_as_one_to_the_launcher_does(stage: Stage, until: Callable[..., Any]) -> None:
    """Some supervisors signal every process of a service; control stays until the end all the same."""
    running = stage.launch(1)
    running.event("serving")
    held = stage.client()
    held.send(b"hold\n")
    everybody = [*running.children("standin"), *running.children("gateway.control.main")]
    assert len(everybody) == 2
    for child in everybody:
        child.terminate()
    running.signal(signal.SIGTERM)
    until(lambda: stage.admin("/readyz")[0] == 503, "readiness to end")
    held.send(b"go\n")
    assert held.answer() > 0
    assert running.end() == 0


def test_sighup_asks_control_to_reload_and_troubles_no_worker(stage: Stage) -> None:
    """Whoever holds a connection keeps it, also where a supervisor signals the workers themselves."""
    running = stage.launch(2, how="hangup")
    running.event("serving")
    workers = running.children("standin")
    client = stage.client()
    before = client.ask()
    for count in (1, 2):
        running.signal(signal.SIGHUP)
        running.event("asked to reload", count)
    for worker in workers:
        worker.send_signal(signal.SIGHUP)
    assert client.ask() == before
    assert running.children("standin") == workers
    for child in running.children("standin_control"):
        child.terminate()
    running.signal(signal.SIGTERM)
    assert running.end() == 0


def test_a_reload_leaves_word_of_how_long_a_drain_may_take(tmp_path: Path) -> None:
    """Until one does, or where its word cannot be read, it is as long as at the start."""
    run_dir = RunDir(str(tmp_path))
    assert drain_limit(run_dir, 30.0) == 30.0
    run_dir.write(LIMIT, b"90.5")
    assert drain_limit(run_dir, 30.0) == 90.5
    run_dir.write(LIMIT, b"long")
    assert drain_limit(run_dir, 30.0) == 30.0


def test_no_scrape_is_refused_while_control_comes_back(stage: Stage, until: Callable[..., Any]) -> None:
    """The launcher holds the admin socket: who asks meanwhile waits for the answer."""
    running = stage.launch(1)
    running.event("serving")
    (control,) = running.children("gateway.control.main")
    control.suspend()
    control.kill()
    status, text = stage.admin("/metrics")
    assert status == 200
    assert "gateway_revision 7.0" in text


def test_the_admin_side_tells_of_a_drain_until_its_end(stage: Stage, until: Callable[..., Any]) -> None:
    running = stage.launch(1)
    running.event("serving")
    assert stage.admin("/readyz")[0] == 200
    held = stage.client()
    held.send(b"hold\n")
    running.signal(signal.SIGTERM)
    running.event("draining")
    until(lambda: stage.admin("/readyz")[0] == 503, "readiness to end")
    assert stage.admin("/livez")[0] == 200
    assert stage.admin("/metrics")[0] == 200
    held.send(b"go\n")
    assert held.answer() > 0
    assert running.end() == 0


def test_a_worker_that_says_why_it_cannot_start_ends_the_start_with_that_line(stage: Stage) -> None:
    running = stage.launch(1, how="start")
    assert running.end() == 1
    first, *_, last = [line["event"] for line in running.events()]
    assert (first, last) == ("worker 0 cannot start: there is no certificate", "ended")


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


def test_a_shadow_process_that_is_killed_comes_back_and_nobody_notices(stage: Stage, until: Callable[..., Any]) -> None:
    """Again and again; it is no worker, so its restarts are not counted as theirs."""
    running = stage.launch(1)
    running.event("serving")
    board = stage.board(running)
    workers = running.children("standin")
    for _ in range(4):
        (shadow,) = until(lambda: running.children("gateway.shadow.main"), "a shadow process")
        shadow.kill()
        shadow.wait(PATIENCE)
        assert stage.client().ask() == workers[0].pid
    until(lambda: running.children("gateway.shadow.main"), "another one")
    assert running.children("standin") == workers
    assert total(board, RESTARTS) == 0
    running.signal(signal.SIGTERM)
    assert running.end() == 0


def test_neither_the_start_nor_the_end_waits_for_a_shadow_process(stage: Stage, until: Callable[..., Any]) -> None:
    """One that cannot be started is tried for ever, ever more slowly."""
    running = stage.launch(1, how="shadowless")
    running.event("serving")
    running.event("shadow ended", 4)
    assert stage.client().ask() > 0
    running.signal(signal.SIGTERM)
    assert running.end() == 0


def test_a_shadow_process_that_hangs_is_killed_soon(stage: Stage, until: Callable[..., Any]) -> None:
    """Long before the end of the time that others may take."""
    running = stage.launch(1)
    running.event("serving")
    (shadow,) = until(lambda: running.children("gateway.shadow.main"), "a shadow process")
    shadow.suspend()
    running.signal(signal.SIGTERM)
    begun = time.monotonic()
    assert running.end() == 0
    assert time.monotonic() - begun < LINGER + GRACE
    assert running.events("shadow did not end, killed")
    assert not shadow.is_running()
