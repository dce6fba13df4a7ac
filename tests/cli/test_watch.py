"""`gateway switch --watch`: back again by itself, or not."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import termios
from typing import IO

import pytest

from gateway.cli import watching
from gateway.cli.api import Api
from gateway.cli.watching import End, Watch
from tests.admin.memory import Memory
from tests.cli.standin import StandIn
from tests.support.command import GATEWAY, run

SWITCHED = "route fraud: fraud-3 95, fraud-4 5 -> fraud-4 alone; back with: gateway switch fraud --back\n"
TRIP = ("breaker_tripped", "variant fraud-4", "gateway", "slow 7 of 12 in 10 s, limit 50 %")


class Switching:
    """The command as a process, once it has switched."""

    def __init__(self, *arguments: str, stderr: int | IO[str] = subprocess.PIPE) -> None:
        words = [*GATEWAY, "switch", "fraud", "--to", "fraud-4", *arguments]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=stderr, text=True)

    def switched(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == SWITCHED

    def end(self) -> tuple[int, str, str]:
        try:
            out, errors = self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        return self.process.returncode, out, errors or ""


def tell(memory: Memory, event: tuple[str, str, str, str] = TRIP) -> None:
    memory._tell(*event)


def test_a_trip_takes_it_back(admin: StandIn) -> None:
    switching = Switching("--watch", "1m")
    switching.switched()
    admin.do(tell)
    code, out, errors = switching.end()
    assert (code, out) == (1, "route fraud: back to the split of revision 1\n")
    assert "route fraud: goes back: fraud-4: breaker tripped: slow 7 of 12 in 10 s, limit 50 %\n" in errors
    assert admin.memory.overrides() == []
    assert admin.memory._events[-1].why == "fraud-4: breaker tripped: slow 7 of 12 in 10 s, limit 50 %"


def test_no_healthy_endpoint_takes_it_back_and_machines_are_told(admin: StandIn) -> None:
    switching = Switching("--watch", "1m", "--json")
    while not admin.memory.overrides():
        assert switching.process.poll() is None
    admin.do(lambda memory: tell(memory, ("variant_unavailable", "variant fraud-4", "gateway", "none is well")))
    code, out, _ = switching.end()
    assert code == 1
    assert json.loads(out)["watch"] == {"end": "trouble", "why": "variant unavailable: none is well"}
    assert admin.memory.overrides() == []


def test_a_variant_that_does_well_stays(admin: StandIn) -> None:
    """Whatever happens to others."""
    admin.do(tell)
    switching = Switching("--watch", "2s")
    switching.switched()
    admin.do(lambda memory: tell(memory, ("breaker_tripped", "variant fraud-3", "gateway", "5 errors in a row")))
    code, out, _ = switching.end()
    assert (code, out) == (0, "route fraud: fraud-4 did well, and stays\n")
    assert [each.split for each in admin.memory.overrides()] == [{"fraud-4": 1}]


def test_machines_are_told_once(admin: StandIn) -> None:
    done = run("switch", "fraud", "--to", "fraud-4", "--watch", "1s", "--json")
    assert done.returncode == 0
    answer = json.loads(done.stdout)
    assert (answer["watch"], answer["override"]["split"]) == ({"end": "well", "why": ""}, {"fraud-4": 1})


def test_what_somebody_else_decided_stays(admin: StandIn) -> None:
    switching = Switching("--watch", "1m")
    switching.switched()
    admin.do(lambda memory: tell(memory, ("override_set", "route fraud", "ben", "mine")))
    code, out, _ = switching.end()
    assert (code, out) == (0, "route fraud: the watch ends: override set by ben\n")
    assert len(admin.memory.overrides()) == 1


def test_ctrl_c_leaves_it_as_it_is(admin: StandIn) -> None:
    switching = Switching("--watch", "1m")
    switching.switched()
    switching.process.send_signal(signal.SIGINT)
    code, _, errors = switching.end()
    assert code == 130
    assert "route fraud: not watched any more, fraud-4 stays\n" in errors
    assert [each.split for each in admin.memory.overrides()] == [{"fraud-4": 1}]


def test_a_terminal_shows_what_goes_on(admin: StandIn) -> None:
    """In one line, as wide as the terminal, cleared at the end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    switching = Switching("--watch", "2s", stderr=theirs)
    code, _, _ = switching.end()
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert code == 0
    lines = [line for line in shown.split("\r") if "watching" in line]
    assert lines[0].startswith("\x1b[Kwatching fraud-4: 39.0 requests/s, 25.0 % errors, breaker")
    assert max(map(len, lines)) <= len("\x1b[K") + 59
    assert shown.rstrip("\r\n").endswith("\x1b[K")


def test_a_gateway_that_is_away_for_a_while_is_watched_again(admin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """What happened meanwhile is seen then."""
    monkeypatch.setattr(watching, "LOOK", 0.01)
    monkeypatch.delenv("NO_COLOR", raising=False)
    watch = Watch(Api(admin.url), route="fraud", variant="fraud-4", seconds=20)
    away = 0

    def look(left: float) -> str:
        nonlocal away
        away += 1
        if away == 3:
            admin.memory.is_store_away = False
            admin.do(tell)
        return ""

    monkeypatch.setattr(watch, "_line", look)
    monkeypatch.setattr(watching.terminal, "is_watched", lambda: True)
    monkeypatch.setattr(watching.terminal, "progress", look)
    admin.memory.is_store_away = True
    monkeypatch.setattr(watch, "_newest", lambda: 1)
    assert watch.run() == End("trouble", "breaker tripped: slow 7 of 12 in 10 s, limit 50 %")
    assert away >= 3


def test_nothing_is_switched_where_nothing_can_be_watched(admin: StandIn) -> None:
    admin.memory.is_store_away = True
    done = run("switch", "fraud", "--to", "fraud-4", "--watch", "1m")
    assert (done.returncode, done.stdout, admin.memory.overrides()) == (1, "", [])
    assert "nothing can be watched: events cannot be read now" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--to", "fraud-4", "--watch", "soon"), "a length such as 90s, 2m or 1h is due"),
        (("--to", "fraud-4", "--watch", "0s"), "a length such as 90s, 2m or 1h is due"),
        (("--to", "fraud-4", "--watch", "999999999d"), "a length such as 90s, 2m or 1h is due"),
        (("--back", "--watch", "2m"), "--watch goes with --to VARIANT"),
    ],
)
def test_bad_usage(arguments: tuple[str, ...], says: str, admin: StandIn) -> None:
    done = run("switch", "fraud", *arguments)
    assert (done.returncode, done.stdout, admin.memory.overrides()) == (2, "", [])
    assert says in done.stderr
