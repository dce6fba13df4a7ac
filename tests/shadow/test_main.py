"""The process: its beginning and end, and what becomes of workers and control that come and go."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gateway.core.copies import Observation
from gateway.core.periods import Pair
from gateway.links.rundir import RunDir
from gateway.shadow.main import NICENESS
from tests.shadow.stage import JSON, PAIR, PATIENCE, Control, ShadowProcess, snapshot, variant
from tests.support.origin import Origin, canned, reply

SAME = canned(reply(b'{"a": 1}', "content-type: application/json"))
OTHER = canned(reply(b'{"a": 2}', "content-type: application/json"))


@pytest.fixture
def pair(shadow: ShadowProcess, model: Origin, request: pytest.FixtureRequest) -> tuple[str, str]:
    """The only route of the process that all tests share, which is the test's own, and its shadow."""
    model.answer = SAME
    shadow.use(snapshot(variant("live", model.url), variant("candidate", model.url), route=request.node.name))
    return request.node.name, "candidate"


@pytest.fixture
def own(tmp_path: Path, model: Origin) -> Iterator[ShadowProcess]:
    """A process of the test's own; its candidate answers what the live variant answered."""
    model.answer = SAME
    process = ShadowProcess(tmp_path / "run", snapshot(variant("live", model.url), variant("candidate", model.url)))
    yield process
    process.close()


def test_it_gives_way_to_all_others(shadow: ShadowProcess, pair: Pair) -> None:
    """By its priority, also where the system shares out the processor by sessions."""
    assert psutil.Process(shadow.process.pid).nice() == psutil.Process().nice() + NICENESS
    assert os.sched_getscheduler(shadow.process.pid) == os.SCHED_BATCH, "its wake-ups take no core from a worker"
    group = Path(f"/proc/{shadow.process.pid}/autogroup")
    if group.exists():
        assert group.read_text().split()[1:] == ["nice", str(NICENESS)]


def test_workers_come_and_go(shadow: ShadowProcess, pair: Pair) -> None:
    """Many at once; one that leaves in the middle, or says nonsense, harms nobody."""
    with shadow.worker() as one, shadow.worker(index=1) as other:
        numbers = [(worker, worker.copy()) for _ in range(50) for worker in (one, other)]
        with shadow.worker() as leaving:
            for _ in range(50):
                leaving.copy()
        with shadow.worker() as lying:
            lying.socket.sendall(b"\xff" * 100)
            with pytest.raises((EOFError, ConnectionError)):
                lying.receive()
        with shadow.worker() as strange:
            strange.send(b"?")
        told = [worker.told(number).outcome for worker, number in numbers]
    assert set(told) <= {"matched", "dropped"}
    assert "matched" in told
    with shadow.worker() as later:
        assert later.outcome() == ("matched", "")


def found(control: Control, batches: int = 1) -> int:
    """Pairs in so many batches, each acknowledged."""
    pairs = 0
    for _ in range(batches):
        batch, tally = control.next()
        control.acknowledge(batch)
        pairs += tally.compared.pairs
    return pairs


def test_what_is_found_while_control_is_away_is_kept_for_it(shadow: ShadowProcess, pair: Pair) -> None:
    """A batch that was not acknowledged comes again, the same one; what came later comes once."""
    with shadow.worker() as worker:
        assert worker.outcome() == ("matched", "")
        with shadow.control() as first:
            first.tell({pair: 3})
            lost, _ = first.next()
        for _ in range(5):
            assert worker.outcome() == ("matched", "")
        with shadow.control() as control:
            control.tell({pair: 3})
            again, _ = control.next()
            assert again == lost
            control.acknowledge(again)
            assert found(control) == 5
            worker.outcome()
            assert found(control) == 1


def test_a_mismatch_is_sent_whole_and_without_secrets(shadow: ShadowProcess, pair: Pair, model: Origin) -> None:
    """With who answered, and what differs."""
    model.answer = OTHER
    variants = variant("live", model.url, version="1"), variant("candidate", model.url, version="2")
    with shadow.worker(snapshot(*variants, route=pair[0])) as worker, shadow.control() as control:
        control.tell({pair: 3})
        fields = (JSON, (b"x-api-key", b"s3cret"))
        live = Observation(200, (JSON, (b"set-cookie", b"s3cret")), b'{"a": 1}', 0.01)
        assert worker.outcome(b"{}", fields=fields, reply=live, path=b"/p", query=b"q") == ("mismatched", "")
        ((route, name, period, mismatch),) = control.next()[0].mismatches
    assert (route, name, period) == (*pair, 3)
    assert (mismatch.live_variant, mismatch.live_version) == ("live", "1")
    assert (mismatch.shadow_variant, mismatch.shadow_version) == ("candidate", "2")
    assert (mismatch.asked.path, mismatch.asked.query, mismatch.asked.fields) == (b"/p", b"q", (JSON,))
    assert (mismatch.live.fields, mismatch.shadow.body) == ((JSON,), b'{"a": 2}')
    assert [difference.path for difference in mismatch.differences] == ["$.a"]


def test_a_new_period_begins_with_nothing(shadow: ShadowProcess, pair: Pair, model: Origin) -> None:
    """What was not sent by then is thrown away."""
    with shadow.worker() as worker, shadow.control() as control:
        control.tell({pair: 3})
        assert worker.outcome() == ("matched", "")
        held, _ = control.next()
        model.answer = OTHER
        worker.outcome()
        control.tell({pair: 4})
        control.acknowledge(held)
        model.answer = SAME
        tally = None
        while tally is None:
            worker.outcome()
            batch, _ = control.next()
            control.acknowledge(batch)
            tally = batch.tallies.get((*pair, 4))
        assert tally.mismatched == 0


@pytest.mark.parametrize("how", ["signal", "interrupt", "lifeline"])
def test_it_ends_within_a_second_and_sends_what_it_found(own: ShadowProcess, model: Origin, how: str) -> None:
    """Though copies are under way; who still waits for them sees its link end."""
    with own.worker() as worker, own.control() as control:
        control.tell({PAIR: 3})
        assert worker.outcome() == ("matched", "")
        lost = control.batch()
        worker.outcome()
        model.answer = lambda connection, request: connection.wait_gone()
        worker.copy()
        model.wait_heads(3)
        begun = time.monotonic()
        if how == "lifeline":
            own.lifeline.close()
        else:
            own.process.send_signal(signal.SIGTERM if how == "signal" else signal.SIGINT)
        rest = control.batch()
        assert (rest.number, [tally.compared.pairs for tally in rest.tallies.values()]) == (lost.number + 1, [1])
        with pytest.raises(EOFError):
            control.receive()
        with pytest.raises((EOFError, ConnectionError)):
            worker.receive()
        assert own.process.wait(PATIENCE) == 0
        assert time.monotonic() - begun < 1.0


def test_a_control_that_does_not_read_does_not_hold_up_the_end(own: ShadowProcess, model: Origin) -> None:
    """Nor does a worker."""
    model.answer = canned(reply(b"x" * (1 << 20)))
    with own.worker() as worker, own.control() as control:
        control.tell({PAIR: 3})
        for _ in range(7):
            assert worker.outcome() == ("mismatched", "")
        assert own.end() < 1.0


def test_a_hangup_asks_it_for_nothing(shadow: ShadowProcess, pair: Pair) -> None:
    """It is for control."""
    shadow.process.send_signal(signal.SIGHUP)
    with shadow.worker() as worker:
        assert worker.outcome() == ("matched", "")


def test_one_that_was_stopped_goes_on_where_it_was(shadow: ShadowProcess, pair: Pair) -> None:
    """All copies that it was given in the meantime are told of."""
    with shadow.worker() as worker:
        shadow.process.send_signal(signal.SIGSTOP)
        try:
            numbers = [worker.copy() for _ in range(20)]
        finally:
            shadow.process.send_signal(signal.SIGCONT)
        told = [worker.told(number) for number in numbers]
    assert {each.outcome for each in told} == {"matched"}


def test_one_that_was_killed_leaves_its_socket_to_the_next(own: ShadowProcess) -> None:
    """Which names another instance."""
    instances = []
    for _ in range(2):
        with own.worker() as worker, own.control() as control:
            control.tell({PAIR: 3})
            worker.outcome()
            instances.append(control.batch().instance)
        own.end(signal.SIGKILL)
        own.start()
    assert instances[0] != instances[1]


def test_one_that_cannot_begin_says_why(tmp_path: Path) -> None:
    """To the launcher, in one line."""
    ours, theirs = socket.socketpair()
    board = os.memfd_create("board")
    command = ["--run-dir", RunDir(str(tmp_path)).path, "--board", str(board), "--lifeline", str(theirs.fileno())]
    with ours, theirs:
        ended = subprocess.run(
            [sys.executable, "-P", "-m", "gateway.shadow.main", *command],
            pass_fds=(board, theirs.fileno()),
            check=False,
        )
        said = ours.recv(1000)
    os.close(board)
    assert (ended.returncode, said[:1]) == (1, b"E")
    assert b"board" in said


def test_a_fault_of_ours_is_told_and_accounted_for(own: ShadowProcess) -> None:
    """A copy that cannot be worked on is an error, in the log with where it came from."""
    with own.worker() as worker:
        assert worker.outcome(path=None) == ("error", "internal")  # type: ignore[arg-type]
        assert worker.outcome(route=[]) == ("error", "internal")
        assert worker.outcome(route=[], reply=None) == ("released", "internal")
        assert worker.outcome() == ("matched", "")
    first, *others = own.said()
    assert {line["what"] for line in (first, *others)} == {"work on a copy failed"}
    assert "requests.py" in first["error"]
    assert len(others) == 2
