"""The access log: where its lines go when its settings or its file change, and what happens where it cannot be."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.core.model import AccessLog, Snapshot
from gateway.errors import StartError
from gateway.proxy.access import File
from tests.proxy.standin import Worker, snapshot, variant
from tests.support.client import Client
from tests.support.origin import Origin

Start = Callable[[Snapshot], Worker]


def paths(file: Path) -> list[str]:
    """Of the requests logged there so far."""
    return [json.loads(line)["path"] for line in file.read_text().splitlines()] if file.exists() else []


def wait_paths(file: Path, expected: list[str]) -> None:
    """Until they are the ones expected."""
    deadline = time.monotonic() + 10
    while paths(file) != expected:
        assert time.monotonic() < deadline, paths(file)
        time.sleep(0.01)


def test_lines_go_where_the_snapshot_in_force_says(start: Start, origin: Origin, tmp_path: Path) -> None:
    """Off, to a file, to another one, off again: no line is lost on the way, and no descriptor is left open."""
    one, other = tmp_path / "one.log", tmp_path / "other.log"
    worker = start(snapshot(variant("a", origin.url)))
    settings = [AccessLog(), AccessLog(str(one)), AccessLog(str(other)), AccessLog(str(other), sample=0.0), AccessLog()]
    with worker.connect() as client:
        client.get("/start")
        before = len(os.listdir(f"/proc/{worker.process.pid}/fd"))
        for serial, setting in enumerate(settings, 2):
            assert worker.send(replace(worker.snapshot, access_log=setting, serial=serial))["serial"] == serial
            client.get(f"/{serial}")
        wait_paths(one, ["/3"])
        wait_paths(other, ["/4"])
        wait_descriptors(worker, before)


def wait_descriptors(worker: Worker, expected: int) -> None:
    deadline = time.monotonic() + 10
    while len(os.listdir(f"/proc/{worker.process.pid}/fd")) != expected:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_file_that_was_renamed_is_opened_again(start: Start, origin: Origin, tmp_path: Path) -> None:
    """As log rotation does it; nobody has to tell the gateway."""
    file, rotated = tmp_path / "access.log", tmp_path / "access.log.1"
    worker = start(snapshot(variant("a", origin.url), access_log=AccessLog(str(file))))
    with worker.connect() as client:
        client.get("/1")
        wait_paths(file, ["/1"])
        file.rename(rotated)
        ask_until(client, file)
    assert paths(rotated)[0] == "/1"
    assert set(paths(file)) == {"/again"}


def ask_until(client: Client, file: Path) -> None:
    deadline = time.monotonic() + 10
    while not file.exists():
        assert time.monotonic() < deadline
        client.get("/again")
        time.sleep(0.05)
    client.get("/again")
    wait_lines(file)


def wait_lines(file: Path) -> None:
    deadline = time.monotonic() + 10
    while not paths(file):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_file_that_cannot_be_written_refuses_the_change(start: Start, origin: Origin, tmp_path: Path) -> None:
    """In words, and without waiting for a pipe's reader; the old log goes on."""
    file, pipe = tmp_path / "access.log", tmp_path / "pipe"
    os.mkfifo(pipe)
    worker = start(snapshot(variant("a", origin.url), access_log=AccessLog(str(file))))
    for serial, path in enumerate([tmp_path, tmp_path / "none" / "x.log", pipe], 2):
        answer = worker.send(replace(worker.snapshot, access_log=AccessLog(str(path)), serial=serial))
        assert answer["refused"].startswith(f"cannot write the access log {path}: "), answer
    with worker.connect() as client:
        client.get("/1")
    wait_paths(file, ["/1"])


def test_a_file_is_written_whole_and_closed(tmp_path: Path) -> None:
    """One line after the other, at its end."""
    path = tmp_path / "x.log"
    path.write_bytes(b"before\n")
    file = File(str(path))
    file.write(b"a\n")
    file.write(b"b\n")
    file.close()
    assert path.read_bytes() == b"before\na\nb\n"
    with pytest.raises(StartError, match="cannot write the access log"):
        File(str(tmp_path))
