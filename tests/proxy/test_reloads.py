"""A worker process that is sent snapshots while clients call: nothing dropped, nothing torn, nothing kept."""

import pickle
import signal
import threading
from collections.abc import Callable
from dataclasses import replace

import psutil

from gateway.core import model
from gateway.core.delta import delta
from gateway.core.model import (
    BreakerSettings,
    Endpoint,
    Fallback,
    Headers,
    Match,
    Route,
    Rule,
    Snapshot,
    Source,
    UpstreamTls,
    Variant,
)
from tests.proxy.standin import Worker, snapshot, variant
from tests.support.client import request
from tests.support.http1 import Reply, Request
from tests.support.origin import Connection, Origin, reply

Start = Callable[[Snapshot], Worker]
ROUTES, VARIANTS = 2_000, 5_000
MOST = 0.020
"""Seconds for which a change of the snapshot may hold up the loop."""


def told(answer: Reply) -> tuple[int, str, str]:
    """The revision, variant and version that an answer names."""
    return int(answer.text("x-gateway-revision")), answer.text("x-gateway-variant"), answer.text("x-gateway-version")


def echo(connection: Connection, asked: Request) -> None:
    """Answers with what the variant's own settings added to the request."""
    connection.read_body(asked)
    connection.send(reply(asked.text("x-settings").encode()))


def revision(number: int, url: str) -> Snapshot:
    """Everything in it tells its number: which variant serves, its version, what it adds to requests."""
    named = {
        name: variant(name, url, version=str(number), headers=Headers((("x-settings", f"{name} {number}"),)))
        for name in ("odd", "even")
    }
    serving = "odd" if number % 2 else "even"
    routes = {"all": Route("all", Match("/*"), {serving: 1}, salt="all")}
    return replace(snapshot(*named.values(), serial=number), routes=routes)


class Callers:
    """Clients that ask without pause, each on one connection that must never end."""

    def __init__(self, worker: Worker, check: Callable[[Reply], None], size: int = 3) -> None:
        self._worker = worker
        self._check = check
        self._stop = threading.Event()
        self.answered = 0
        self.failures: list[BaseException] = []
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(size)]

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(20)

    def _ask(self) -> None:
        try:
            with self._worker.connect() as client:
                while not self._stop.is_set():
                    self._check(client.get("/x"))
                    self._check(client.exchange(request("POST", "/x", "transfer-encoding: chunked") + b"0\r\n\r\n"))
                    self.answered += 2
        except BaseException as error:  # whatever goes wrong is a failure
            self.failures.append(error)


def test_a_hundred_changes_under_load_drop_nothing_and_tear_nothing(start: Start, origin: Origin) -> None:
    """Every answer comes from one snapshot, also that of an upload which outlives all of them, and the connections to
    the model outlive them too."""
    origin.answer = echo

    def check(answer: Reply) -> None:
        number, name, version = told(answer)
        assert answer.status == 200
        assert name == ("odd" if number % 2 else "even")
        assert (version, answer.body.decode()) == (str(number), f"{name} {number}")

    worker = start(revision(1, origin.url))
    with worker.connect() as uploading, Callers(worker, check) as callers:
        uploading.send(request("POST", "/up", "content-length: 100000"))
        origin.wait_heads(1)
        for number in range(2, 102):
            answer = worker.send(revision(number, origin.url))
            assert (answer["revision"], answer["serial"]) == (number, number)
            uploading.send(bytes(1000))
        assert told(uploading.reply("POST")) == (1, "odd", "1")
        assert worker.said.empty()
    assert callers.failures == []
    assert callers.answered > 100
    assert len(origin.connections) <= 7, "one for the upload, and for each caller one to each variant"


def test_a_request_in_flight_ends_under_the_snapshot_it_began_with(start: Start, origin: Origin) -> None:
    """Its answer names the old revision, and the next one on the same connection the new."""
    release = threading.Event()

    def slow(connection: Connection, asked: Request) -> None:
        assert release.wait(20)
        echo(connection, asked)

    worker = start(revision(1, origin.url))
    origin.answer = slow
    with worker.connect() as client:
        client.send(request("GET", "/x"))
        origin.wait_heads(1)
        worker.send(revision(2, origin.url))
        release.set()
        assert told(client.reply()) == (1, "odd", "1")
        assert told(client.get("/x")) == (2, "even", "2")


def test_what_does_not_fit_is_refused_and_nothing_changes(start: Start, origin: Origin) -> None:
    """Another base, a missing part, a file that cannot be used: control is told why, and the old snapshot serves."""
    origin.answer = echo
    worker = start(revision(1, origin.url))
    later, next_ = revision(4, origin.url), revision(5, origin.url)
    why = "it starts from serial 4, and 1 is in force"
    refusal = {"index": 0, "pid": worker.process.pid, "serial": 5, "refused": why}
    assert worker.send_parts(delta(later, next_)) == refusal
    parts = delta(worker.snapshot, later)
    torn = worker.send_parts([parts[0], replace(parts[-1], number=9)])
    assert (torn["serial"], "does not follow" in torn["refused"]) == (4, True)
    tls = variant("odd", f"https://127.0.0.1:{origin.port}", tls=UpstreamTls(ca="/nowhere/ca.pem"))
    without = replace(later, variants={**later.variants, "odd": tls})
    refused = worker.send(without)["refused"]
    assert refused.startswith("variant odd: cannot use the TLS files /nowhere/ca.pem: ")
    with worker.connect() as client:
        assert told(client.get("/x")) == (1, "odd", "1")
        assert worker.send(later)["serial"] == 4
        assert told(client.get("/x")) == (4, "even", "4")


def test_nonsense_is_told_and_survived(start: Start, origin: Origin) -> None:
    """Frames of another kind are none of its business; a part that cannot be read is refused, not fatal."""
    origin.answer = echo
    worker = start(revision(1, origin.url))
    worker.send_frame(b"?")
    worker.send_frame(b"")
    worker.send_frame(b"Dnonsense")
    assert worker.next()["refused"].startswith("UnpicklingError")
    part = delta(worker.snapshot, revision(2, origin.url))[-1]
    broken = worker.send_parts([replace(part, data=b"nonsense", complete=True, number=0)])
    assert "refused" in broken
    assert worker.send(revision(3, origin.url))["serial"] == 3


def test_a_delta_from_nothing_keeps_what_is_the_same(start: Start, origin: Origin) -> None:
    """As control sends it that does not know what the worker has: the objects are new, the connections stay."""
    origin.answer = echo
    worker = start(revision(1, origin.url))
    with worker.connect() as client:
        client.get("/x")
        assert worker.send(revision(3, origin.url), afresh=True)["serial"] == 3
        assert told(client.get("/x")) == (3, "odd", "3")
    assert len(origin.connections) == 1


def test_a_serial_in_force_is_acknowledged_again(start: Start, origin: Origin) -> None:
    """Without taking it twice."""
    worker = start(revision(1, origin.url))
    second = revision(2, origin.url)
    parts = delta(worker.snapshot, second)
    worker.send(second)
    assert worker.send_parts(parts)["serial"] == 2
    assert worker.said.empty()


def test_it_serves_without_control_and_greets_the_next_one_with_what_it_has(start: Start, origin: Origin) -> None:
    """And half a delta that the lost link had brought is void."""
    origin.answer = echo
    worker = start(revision(1, origin.url))
    worker.send(revision(2, origin.url))
    worker.send_frame(b"D" + pickle.dumps(delta(worker.snapshot, revision(9, origin.url))[0]))
    worker.close()
    with worker.connect() as client:
        assert told(client.get("/x"))[0] == 2
        worker.open()
        greeting = worker.next()
        assert (greeting["serial"], greeting["revision"], greeting["draining"]) == (2, 2, False)
        assert worker.send(revision(3, origin.url))["serial"] == 3


def test_a_worker_that_ends_takes_nothing_more(start: Start, origin: Origin) -> None:
    """It says that it drains, and what it has."""
    release = threading.Event()

    def slow(connection: Connection, asked: Request) -> None:
        assert release.wait(20)
        echo(connection, asked)

    origin.answer = slow
    worker = start(revision(1, origin.url))
    with worker.connect() as client:
        client.send(request("GET", "/x"))
        origin.wait_heads(1)
        worker.signal(signal.SIGTERM)
        assert worker.next()["draining"]
        answer = worker.send(revision(2, origin.url))
        assert (answer["draining"], answer["serial"]) == (True, 1)
        release.set()
        assert told(client.reply()) == (1, "odd", "1")
    assert worker.process.wait(20) == 0


def test_a_worker_killed_within_a_change_begins_with_the_new_snapshot(start: Start, origin: Origin) -> None:
    """It stands in the run directory before the first part is sent."""
    worker = start(revision(1, origin.url))
    second = revision(2, origin.url)
    worker.leave(second)
    worker.send_frame(b"D" + pickle.dumps(delta(worker.snapshot, second)[0]))
    worker.kill()
    worker.start()
    assert worker.next()["serial"] == 2
    origin.answer = echo
    with worker.connect() as client:
        assert told(client.get("/x")) == (2, "even", "2")


def test_sighup_is_none_of_its_business(start: Start, origin: Origin) -> None:
    """Also where a supervisor signals every process."""
    origin.answer = echo
    worker = start(revision(1, origin.url))
    worker.signal(signal.SIGHUP)
    with worker.connect() as client:
        assert told(client.get("/x"))[0] == 1


def test_a_disabled_variant_falls_back_and_without_a_fallback_says_so(start: Start, origin: Origin) -> None:
    """And answers again once it is enabled."""
    origin.answer = echo
    first = revision(1, origin.url)
    route = replace(first.routes["all"], fallback=Fallback(("even",)))
    worker = start(replace(first, routes={"all": route}))
    with worker.connect() as client:
        assert told(client.get("/x"))[1] == "odd"
        worker.send(replace(worker.snapshot, serial=2, disabled=frozenset({"odd"})))
        answer = client.get("/x")
        assert (told(answer)[:2], answer.text("x-gateway-reason")) == ((1, "even"), "fallback:disabled")
        worker.send(replace(worker.snapshot, serial=3, disabled=frozenset({"odd", "even"})))
        answer = client.get("/x")
        assert answer.status == 503
        error = answer.json()["error"]
        assert isinstance(error, dict)
        assert error["code"] == "no_available_variant"
        assert error["message"].endswith("odd is disabled")
        assert int(answer.text("retry-after")) >= 1
        worker.send(replace(worker.snapshot, serial=4, disabled=frozenset()))
        assert told(client.get("/x"))[1] == "odd"


def large(number: int, url: str) -> Snapshot:
    """Where nothing is as in another one."""
    variants = {
        f"v{i}": Variant(
            f"v{i}",
            (Endpoint(f"http://127.0.0.1:{1000 + i}", "http", "127.0.0.1", 1000 + i),),
            version=str(number),
            breaker=BreakerSettings(window=10.0 + i),
        )
        for i in range(VARIANTS - 1)
    }
    routes = {
        f"r{i}": Route(
            f"r{i}",
            Match(f"/r{i}/*" if i % 2 else f"/r{i}", host=None if i % 3 else f"h{i}.example"),
            {f"v{i}": 95, f"v{i + 1}": 5},
            salt=f"r{i} {number}",
            rules=(Rule("gold", f"s{i % 100}", {f"v{i + 2}": 1}),),
        )
        for i in range(ROUTES - 1)
    }
    small = revision(number, url)
    segments = {f"s{i}": model.Test(Source("header", "x-tier"), "eq", f"{i} {number}") for i in range(100)}
    return replace(small, variants={**variants, **small.variants}, routes={**routes, **small.routes}, segments=segments)


def test_a_change_of_everything_holds_up_the_loop_for_moments_only(start: Start, origin: Origin) -> None:
    """2,000 routes and 5,000 variants, none as before. Of five tries the best counts, since other programs take their
    share of the processor within a piece."""
    origin.answer = echo
    worker = start(large(1, origin.url))
    with worker.connect() as client:
        blocked = []
        for number in range(2, 7):
            blocked.append(worker.send(large(number, origin.url))["blocked"])
            assert told(client.get("/x"))[0] == number
    assert 0 < min(blocked) < MOST
    assert len(origin.connections) == 2, "one for each variant that was called"


def test_what_is_gone_leaves_nothing(start: Start, origin: Origin) -> None:
    """Memory, descriptors and threads after 600 changes are those after the first hundred."""
    origin.answer = echo
    worker = start(revision(1, origin.url))
    held = []
    with worker.connect() as client:
        for number in range(2, 602):
            url = origin.url if number % 3 else origin.url.replace("127.0.0.1", "localhost")
            worker.send(revision(number, url))
            assert told(client.get("/x"))[0] == number
            if number in (97, 601):
                process = psutil.Process(worker.process.pid)
                held.append((process.memory_info().rss, process.num_fds(), process.num_threads()))
    assert held[-1][0] - held[0][0] < 2 << 20
    assert held[-1][1:] == held[0][1:]
