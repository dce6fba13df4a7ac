"""Log lines: their shape, and that nobody waits for their reader."""

import fcntl
import json
import os
import pty
import re
from collections.abc import Iterator
from datetime import datetime

import pytest

from gateway.links.log import Log, describe


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_a_line_is_one_json_object_with_time_level_process_and_event(pipe: tuple[int, int]) -> None:
    Log("worker 1", descriptor=pipe[1]).warning("late", seconds=1.5, hosts=["a", "b"], note='quote " and\nline')
    line = os.read(pipe[0], 9999)
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    said = json.loads(line)
    assert datetime.fromisoformat(said.pop("time")).utcoffset() is not None
    assert said == {
        "level": "warning",
        "process": "worker 1",
        "event": "late",
        "seconds": 1.5,
        "hosts": ["a", "b"],
        "note": 'quote " and\nline',
    }


def test_a_reader_that_does_not_keep_up_costs_lines_not_time(pipe: tuple[int, int]) -> None:
    """With the pipe full a line is dropped; the first that fits again says how many were."""
    log = Log("worker 0", descriptor=pipe[1])
    os.set_blocking(pipe[0], False)
    capacity = fcntl.fcntl(pipe[1], fcntl.F_GETPIPE_SZ)
    lines = capacity // 100
    for number in range(lines):
        log.info("again", number=number)
    while chunk := read_some(pipe[0]):
        assert chunk.endswith(b"}\n")
    log.error("at last")
    assert json.loads(os.read(pipe[0], 9999))["lines_dropped"] > 0


def read_some(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 20)
    except BlockingIOError:
        return b""


def test_a_line_that_is_too_long_for_one_write_loses_its_fields(pipe: tuple[int, int]) -> None:
    Log("control", descriptor=pipe[1]).error("broken", what="x" * 10_000)
    said = json.loads(os.read(pipe[0], 99_999))
    assert said["event"] == "broken"
    assert said["fields_dropped"] == "what"


def test_a_closed_log_is_no_fault(pipe: tuple[int, int]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    log = Log("worker 0", descriptor=writing)
    log.error("nobody reads this")
    os.close(writing)
    log.error("nobody reads this")
    Log("worker 0", descriptor=writing).error("nor this")


def on_terminal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> bytes:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ours, theirs = pty.openpty()
    try:
        Log("launcher", descriptor=theirs).error("worker 0 ended", reason="killed by\x1b[2J SIGKILL", absent=None)
        return os.read(ours, 9999)
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_person_at_a_terminal_gets_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    line = on_terminal(monkeypatch, NO_COLOR="1")
    assert re.fullmatch(rb'\d\d:\d\d:\d\d launcher  error worker 0 ended  reason="killed by\?\[2J SIGKILL"\r\n', line)


def test_colours_only_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert b"\x1b[31merror" in on_terminal(monkeypatch, TERM="xterm")
    assert b"\x1b" not in on_terminal(monkeypatch, TERM="dumb")


def test_an_error_is_described_in_one_line_with_its_place() -> None:
    try:
        int("x")
    except ValueError as error:
        described = describe(error)
    assert described.startswith("ValueError: invalid literal")
    assert "test_log.py:" in described
    assert describe(KeyError("k")) == "KeyError: 'k'"
