"""A short soak with every trouble, and an accountant who would notice."""

import json
import os
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from loadtests.models.faults import read_faults
from loadtests.soak.book import Book, missing, number_of
from loadtests.soak.gauges import YOUNG, Point, grown, slope
from loadtests.soak.plan import LIVE, SHADOW
from loadtests.soak.seen import Seen, Series
from loadtests.soak.troubles import FAULTS, client_ports
from loadtests.soak.verdict import Accounts, Counted, close

ROOT = Path(__file__).parent.parent.parent
SERIES = Series("calls", "stable", "split", "200")


@pytest.mark.timeout(180)
def test_a_short_soak_leaves_no_request_unexplained(tmp_path: Path) -> None:
    """Some 25 seconds of a few hundred requests a second, and each trouble in turn; `make soak` is the long one."""
    file = tmp_path / "soak.json"
    options = ["--minutes", "0.4", "--rate", "400", "--lines", "48", "--trouble-every", "0.4", "--report", str(file)]
    command = [sys.executable, "-m", "loadtests.soak", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(file.read_text())
    assert found["unexplained"] == 0
    assert found["requests"] > 2000
    wanted = {"worker killed", "shadow process killed", "control killed", "database away"}
    assert found["troubles"].keys() >= wanted
    assert found["reloads"]["kept"] > 0
    assert len(found["accounts"]) == 11


# ---- the accountant


def counted(**changes: Any) -> Counted:
    """What goes with one good answer to the first request."""
    metrics = {
        'gateway_requests_total{route="calls",variant="stable",reason="split",code="200"}': 1.0,
        'gateway_attempts_total{variant="stable",outcome="success"}': 1.0,
        'gateway_shadow_comparisons_total{route="calls",variant="next",outcome="matched"}': 1.0,
        'gateway_connections{side="client"}': 0.0,
        'gateway_connections{side="upstream"}': 1.0,
    }
    models = {name: Counter[str]() for name in (*LIVE, "patient", SHADOW)}
    models["stable"].update(received=1, good=1)
    shadow = {"sampled": 1, "compared": 1, "mismatched": 0, "ignored": 0, "errors": {}, "dropped": {}}
    usual = {
        "metrics": metrics | changes.pop("metrics", {}),
        "models": models,
        "book": bytes([17, 0]),
        "kills": 0,
        "refusals": 0,
        "versions": {"1": {"stable": "r1"}},
        "descriptors": 20,
        "workers": 1,
        "shadow": [shadow],
    }
    return Counted(**(usual | changes))


def seen() -> Seen:
    """One request, answered well."""
    found = Seen(2)
    found.sent = 1
    found.answers[SERIES] = 1
    found.version("1", "stable", "r1")
    found.good(0, SERIES, None)
    return found


def judged(saw: Seen, others: Counted) -> Accounts:
    """Without what depends on how users are split: there are none."""
    accounts = close(saw, others)
    accounts.faults = [fault for fault in accounts.faults if "are split" not in fault]
    return accounts


def test_what_balances_has_no_fault() -> None:
    accounts = judged(seen(), counted())
    assert (accounts.unexplained, accounts.faults) == (0, [])


REQUESTS = 'gateway_requests_total{route="calls",variant="stable",reason="split",code="200"}'
ATTEMPTS = 'gateway_attempts_total{variant="stable",outcome="success"}'


@pytest.mark.parametrize(
    "changes",
    [
        {"metrics": {REQUESTS: 2.0}},
        {"metrics": {REQUESTS: 0.0}},
        {"metrics": {ATTEMPTS: 0.0}},
        {"metrics": {ATTEMPTS: 2.0}},
        {"metrics": {'gateway_client_disconnects_total{route="leavers"}': 1.0}},
        {"metrics": {'gateway_shadow_dropped_total{route="calls",variant="next",reason="queue"}': 1.0}},
        {"book": bytes([16, 0])},
        {"book": bytes([34, 0])},
        {"book": bytes([17, 17])},
        {"shadow": [{"sampled": 2, "compared": 1, "mismatched": 0, "ignored": 0, "errors": {}, "dropped": {}}]},
    ],
    ids=[
        "the gateway counted more",
        "the gateway counted fewer",
        "an attempt was not counted",
        "an attempt reached no model",
        "one was counted as gone who stayed",
        "a drop is not in the report",
        "the model did not answer it well",
        "another model answered it",
        "a model got what nobody sent",
        "a copy was lost",
    ],
)
def test_what_does_not_balance_is_unexplained(changes: dict[str, Any]) -> None:
    assert judged(seen(), counted(**changes)).unexplained > 0


def test_a_request_without_an_end_is_unexplained() -> None:
    found = seen()
    found.sent = 2
    assert judged(found, counted()).unexplained == 1


def test_a_kill_explains_what_its_connections_lost_and_no_more() -> None:
    found = seen()
    found.sent, found.killed = 2, 1
    one_more = counted(kills=1, metrics={REQUESTS: 2.0})
    assert judged(found, one_more).unexplained == 0
    assert judged(found, counted(kills=1, metrics={REQUESTS: 3.0})).unexplained == 1


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"versions": {"1": {"stable": "r2"}}}, "revision 1 of stable is r1"),
        ({"metrics": {'gateway_in_flight_requests{variant="stable"}': 1.0}}, "1 requests are in flight at the end"),
        ({"metrics": {'gateway_connections{side="client"}': 2.0}}, "2 connections of callers are open"),
        ({"descriptors": 99}, "98 descriptors that are no connections"),
        (
            {"shadow": [{"sampled": 1, "compared": 1, "mismatched": 1, "ignored": 0, "errors": {}, "dropped": {}}]},
            "1 answers differ",
        ),
    ],
)
def test_what_must_not_be_is_a_fault(changes: dict[str, Any], fault: str) -> None:
    (only,) = judged(seen(), counted(**changes)).faults
    assert only.startswith(fault)


def test_a_user_who_is_moved_is_a_fault() -> None:
    found = Seen(3)
    for number, variant in enumerate(("stable", "stable", "candidate")):
        found.good(number, Series("calls", variant, "split", "200"), 7)
    assert found.faults == {"a user was moved": 1}


# ---- its parts


def test_the_book_is_shared(tmp_path: Path) -> None:
    one, other = Book(tmp_path / "book", 8), Book(tmp_path / "book", 8)
    one.received(3, 1)
    one.answered(3, 1)
    assert bytes(other.bytes) == bytes([0, 0, 0, 34, 0, 0, 0, 0])


def test_missing_bits_are_counted_by_byte() -> None:
    assert missing(bytes([1, 2, 3, 0]), bytes([1, 0, 1, 255])) == 2


@pytest.mark.parametrize(("text", "number"), [("soak-00000000042", 42), ("soak-x", None), ("other", None)])
def test_ids_tell_their_number(text: str, number: int | None) -> None:
    assert number_of(text) == number


def test_the_slope_is_not_moved_by_peaks() -> None:
    points = [(float(at), 2.0 * at + (1000.0 if at % 10 == 0 else 0.0)) for at in range(100)]
    assert slope(points) == pytest.approx(2.0, abs=0.2)


@pytest.mark.parametrize(("each", "is_flat"), [(0, True), (1 << 10, True), (64 << 10, False)])
def test_a_process_that_grows_is_found(each: int, is_flat: bool) -> None:
    points = [Point(float(at), (50 << 20) + at * each, 20, 1) for at in range(int(YOUNG) + 60)]
    assert grown("worker", 1, points).is_flat is is_flat


def test_a_young_process_is_not_judged() -> None:
    assert grown("worker", 1, [Point(0.0, 1, 1, 1), Point(9.0, 1 << 30, 1, 1)]).growth is None


def test_connections_of_a_process_are_listed_by_their_callers_ports() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as caller:
            accepted, _ = listener.accept()
            with accepted:
                assert client_ports(os.getpid(), port) == {caller.getsockname()[1]}


def test_every_fault_is_one_that_models_know() -> None:
    assert all(read_faults(faults, name) for name, faults in FAULTS.items())
