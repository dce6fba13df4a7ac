"""The installed gateway's processes, killed and ended in every way while real clients are served."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.support import kernel
from tests.support.client import Client, request
from tests.support.gateway import Gateway, config
from tests.support.http1 import Request
from tests.support.origin import Connection, Origin, marked

T = TypeVar("T")
Until = Callable[[Callable[[], T], str], T]


class Crowd:
    """Clients that ask without pause until they are told to stop; each on connections of its own, kept alive."""

    def __init__(self, port: int, size: int = 4) -> None:
        self._port = port
        self._stop = threading.Event()
        self.answered = 0
        self.failed = 0
        """Requests that got no answer: the connection ended instead."""
        self.refused = 0
        """Connections that could not be made."""
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(size)]

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._stop.is_set():
            try:
                client = Client(self._port)
            except OSError:
                self.refused += 1
                return
            with client:
                self._converse(client)

    def _converse(self, client: Client) -> None:
        while not self._stop.is_set():
            try:
                assert client.get("/x").status == 200
            except (OSError, EOFError):
                self.failed += 1
                return
            self.answered += 1

    def wait_answers(self, count: int, until: Until[bool]) -> None:
        """Until so many more were answered."""
        goal = self.answered + count
        until(lambda: self.answered >= goal, f"{count} answers")


class Gate:
    """An origin's script that holds requests to `/held` until it is opened."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self.waiting = threading.Semaphore(0)

    def __call__(self, connection: Connection, asked: Request) -> None:
        if asked.path == "/held":
            self.waiting.release()
            assert self._open.wait(30)
        marked(connection, asked)

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as server:
        yield server


@pytest.fixture
def gate(origin: Origin) -> Iterator[Gate]:
    origin.answer = gate = Gate()
    yield gate
    gate.open()


def hold(gateway: Gateway, gate: Gate) -> Client:
    """A client whose request is in flight."""
    client = gateway.connect()
    client.send(request("GET", "/held"))
    assert gate.waiting.acquire(timeout=20)
    return client


def module(gateway: Gateway, name: str) -> list[int]:
    return sorted(pid for pid, line in kernel.children(gateway.process.pid).items() if name in line)


def run_dirs(gateway: Gateway) -> list[Path]:
    lines = kernel.children(gateway.process.pid).values()
    return [Path(word) for line in lines for word in line.split() if "/gateway-" in word and "test" not in word]


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_killed_workers_cost_their_own_requests_alone(origin: Origin, until: Until[bool]) -> None:
    """Each kill ends the requests of that worker, at most one of each client; no client is turned away; the counters of
    the dead go on."""
    with Gateway(config(origin.url, workers=2)) as gateway, Crowd(gateway.port) as crowd:
        crowd.wait_answers(200, until)
        for kills in range(1, 4):
            before = gateway.total("gateway_requests_total")
            victim = gateway.workers[0]
            os.kill(victim, signal.SIGKILL)
            crowd.wait_answers(200, until)
            until(lambda dead=victim: dead not in gateway.workers and len(gateway.workers) == 2, "a replacement")
            until(
                lambda kills=kills: gateway.metrics()["gateway_worker_restarts_total"] == kills, "the restart counted"
            )
            assert gateway.total("gateway_requests_total") >= before + 200
        assert crowd.refused == 0
        assert crowd.failed <= 3 * 4


def test_no_count_is_lost_with_its_worker(origin: Origin, until: Until[bool]) -> None:
    with Gateway(config(origin.url)) as gateway:
        with gateway.connect() as client:
            for _ in range(30):
                assert client.get("/x").status == 200
        asked = gateway.total("gateway_request_duration_seconds_count")
        assert asked == gateway.total("gateway_requests_total") == 30
        victim = gateway.worker
        os.kill(victim, signal.SIGKILL)
        with gateway.connect() as client:
            assert client.get("/x").status == 200
        until(lambda: gateway.total("gateway_requests_total") == 31, "31 requests")
        assert gateway.worker != victim


def test_gauges_of_a_dead_worker_are_cleared(origin: Origin, gate: Gate, until: Until[bool]) -> None:
    with Gateway(config(origin.url)) as gateway:
        held = [hold(gateway, gate) for _ in range(3)]
        until(lambda: gateway.total("gateway_in_flight_requests") == 3, "3 in flight")
        os.kill(gateway.worker, signal.SIGKILL)
        until(lambda: gateway.total("gateway_in_flight_requests") == 0, "none in flight")
        until(lambda: gateway.total("gateway_connections") == 0, "no connection")
        for client in held:
            client.close()


def test_connections_waiting_to_be_accepted_are_not_reset(origin: Origin) -> None:
    """The only worker stands still and is killed: those who came meanwhile are answered by its replacement."""
    with Gateway(config(origin.url)) as gateway:
        os.kill(gateway.worker, signal.SIGSTOP)
        waiting = [gateway.connect() for _ in range(50)]
        for client in waiting:
            client.send(request("GET", "/x"))
        os.kill(gateway.worker, signal.SIGKILL)
        assert [client.reply().status for client in waiting] == [200] * 50
        for client in waiting:
            client.close()


def test_control_comes_and_goes_without_a_request_lost(origin: Origin, until: Until[bool]) -> None:
    """Workers serve on, are the same afterwards, and their counts are all there."""
    with Gateway(config(origin.url, workers=2)) as gateway, Crowd(gateway.port) as crowd:
        workers = gateway.workers
        crowd.wait_answers(100, until)
        before = gateway.total("gateway_requests_total")
        (control,) = module(gateway, "gateway.control")
        os.kill(control, signal.SIGKILL)
        crowd.wait_answers(100, until)
        assert gateway.total("gateway_requests_total") > before
        with Client(gateway.admin_port) as probe:
            assert probe.get("/readyz").status == 200
        until(lambda: gateway.stderr.count("worker adopted") == 4, "both workers to be adopted again")
        assert gateway.workers == workers
        assert (crowd.failed, crowd.refused) == (0, 0)


def test_control_comes_back_although_the_file_is_broken_by_then(origin: Origin, until: Until[bool]) -> None:
    with Gateway(config(origin.url)) as gateway:
        gateway.file.write_text("routes: [")
        (control,) = module(gateway, "gateway.control")
        os.kill(control, signal.SIGKILL)
        assert gateway.metrics()["gateway_revision"] == 1
        os.kill(gateway.worker, signal.SIGKILL)
        with gateway.connect() as client:
            assert client.get("/x").status == 200


def test_a_killed_launcher_leaves_nothing_and_frees_its_addresses(
    origin: Origin, gate: Gate, until: Until[bool]
) -> None:
    """What is in flight is answered; nobody else is accepted; the next gateway can start on the same addresses."""
    gateway = Gateway(config(origin.url, workers=2))
    held = hold(gateway, gate)
    directories = run_dirs(gateway)
    until(lambda: len(kernel.children(gateway.process.pid)) == 4, "two workers, control and the shadow process")
    everybody = list(kernel.children(gateway.process.pid))
    assert directories
    gateway.process.kill()
    gateway.process.wait()
    until(lambda: is_refused(gateway.port) and is_refused(gateway.admin_port), "the addresses to be free")
    gate.open()
    assert held.reply().status == 200
    held.close()
    until(lambda: not any(map(is_alive, everybody)), "all processes to end")
    assert not any(directory.exists() for directory in directories)
    gateway.kill()
    with Gateway(config(origin.url), port=gateway.port) as after, after.connect() as client:
        assert client.get("/x").status == 200


def is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_sigterm_answers_what_is_in_flight_and_turns_others_away(
    origin: Origin, gate: Gate, until: Until[bool]
) -> None:
    with Gateway(config(origin.url, workers=2)) as gateway:
        held, idle = hold(gateway, gate), gateway.connect()
        assert idle.get("/x").status == 200
        gateway.process.send_signal(signal.SIGTERM)
        until(lambda: is_refused(gateway.port), "new clients to be refused")
        idle.expect_end()
        with Client(gateway.admin_port) as probe:
            assert probe.get("/readyz").status == 503
        gate.open()
        assert held.reply().status == 200
        held.expect_end()
        assert gateway.process.wait(20) == 0
        held.close()
        idle.close()


def test_the_drain_delay_still_accepts_and_says_so(origin: Origin) -> None:
    """A load balancer that asks /readyz turns away before connections are refused."""
    with Gateway(config(origin.url, limits={"drain_delay": "1500ms"})) as gateway:
        begun = time.monotonic()
        gateway.process.send_signal(signal.SIGTERM)
        statuses = []
        while not statuses or statuses[-1] == 200:
            with gateway.connect() as client:
                statuses.append(client.get("/readyz").status)
        assert statuses[-1] == 503
        with gateway.connect() as client:
            assert client.get("/x").status == 200
        assert gateway.process.wait(20) == 0
        assert time.monotonic() - begun >= 1.5


def test_sigint_drains_without_the_delay_and_a_second_one_ends_at_once(
    origin: Origin, gate: Gate, until: Until[bool]
) -> None:
    gateway = Gateway(config(origin.url, workers=2, limits={"drain_delay": "1h", "drain": "1h"}))
    held = hold(gateway, gate)
    everybody = list(kernel.children(gateway.process.pid))
    gateway.process.send_signal(signal.SIGINT)
    until(lambda: is_refused(gateway.port), "new clients to be refused")
    assert held.is_open()
    gateway.process.send_signal(signal.SIGINT)
    assert gateway.process.wait(20) == 1
    held.expect_end()
    assert not any(map(is_alive, everybody))
    assert "Traceback" not in gateway.stderr
    held.close()
    gateway.kill()


def test_a_drain_ends_at_its_limit(origin: Origin, gate: Gate) -> None:
    with Gateway(config(origin.url, limits={"drain": "300ms"})) as gateway:
        held = hold(gateway, gate)
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(20) == 0
        held.expect_end()
        held.close()


def test_two_addresses_serve_alike(origin: Origin) -> None:
    first, second = kernel.free_port(), kernel.free_port()
    settings = config(origin.url, listen=[f"127.0.0.1:{first}", f"[::1]:{second}"])
    with Gateway(settings, port=first), Client(first) as over4, Client(second, host="::1") as over6:
        assert [client.get("/x").status for client in (over4, over6)] == [200, 200]


def test_the_log_is_json_and_says_where_it_serves(origin: Origin) -> None:
    with Gateway(config(origin.url)) as gateway:
        said = gateway.stderr
    assert '"event": "serving"' in said
    assert f'"http://127.0.0.1:{gateway.port}"' in said
    assert f'"http://127.0.0.1:{gateway.admin_port}"' in said


def test_a_gateway_at_rest_uses_no_processor_and_little_memory(origin: Origin) -> None:
    """Launcher, worker and control; measured over the processes' own clocks."""
    with Gateway(config(origin.url)) as gateway:
        pids = {"launcher": gateway.process.pid, "worker": gateway.worker}
        (pids["control"],) = module(gateway, "gateway.control")
        wait_until_at_rest(pids["control"])
        before = {name: ticks(pid) for name, pid in pids.items()}
        time.sleep(2)
        used = {name: ticks(pid) - before[name] for name, pid in pids.items()}
        resident = {name: resident_mib(pid) for name, pid in pids.items()}
    assert used["launcher"] == 0
    assert used["control"] <= 8
    assert used["worker"] <= 6
    assert resident["launcher"] < 20
    assert resident["worker"] < 40


def wait_until_at_rest(pid: int) -> None:
    """What a process does once, after it has said that it is ready, is over."""
    give_up = time.monotonic() + 20
    before = -10
    while (now := ticks(pid)) - before > 1:
        assert time.monotonic() < give_up, "it never rests"
        before = now
        time.sleep(0.5)


def ticks(pid: int) -> int:
    """Hundredths of a second of processor time so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / (1 << 20)
