"""Pairs recorded as JSON lines."""

import json
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from gateway.core.copies import Asked, Observation
from gateway.core.judgement import Difference, Judgement
from gateway.core.tally import Mismatch
from gateway.links.log import Log
from gateway.shadow.records import Records
from tests.shadow.stage import JSON, PATIENCE, Worker
from tests.support.origin import Origin, canned, reply

DIFFERS = Judgement("mismatched", "", (Difference("$.a", "value", "1", "2"),), frozenset({("$.a", "value")}))


def pair(name: str, size: int = 1) -> Mismatch:
    reply = Observation(200, (), b"x" * size, 0.1)
    return Mismatch(name, 0.0, "a", "1", "v", "2", 1, 1, Asked(b"GET", b"/", b"", (), b"", name), reply, reply, ())


class Said:
    """What the log has, read from a pipe."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self.log = Log("shadow", descriptor=self._write)

    def lines(self) -> list[dict[str, Any]]:
        os.close(self._write)
        with open(self._read, "rb") as file:
            return [json.loads(line) for line in file]


def names(file: Path) -> list[str]:
    return [orjson.loads(line)["request_id"] for line in file.read_bytes().splitlines()]


def test_a_pair_is_one_line(tmp_path: Path) -> None:
    """With its route and what was found; only its owner may read it."""
    said, file = Said(), tmp_path / "pairs.jsonl"
    records = Records(said.log)
    records.put(str(file), "r", pair("one"), DIFFERS)
    records.put(str(file), "r", pair("two"), Judgement("ignored", "too_deep"))
    records.close(PATIENCE)
    one, two = (orjson.loads(line) for line in file.read_bytes().splitlines())
    assert (one["route"], one["outcome"], one["why"], one["request_id"]) == ("r", "mismatched", "", "one")
    assert (two["outcome"], two["why"], two["live"]["body"]) == ("ignored", "too_deep", "x")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert said.lines() == []


def test_a_full_file_is_put_aside(tmp_path: Path) -> None:
    """One of them; none is larger than it may be, and no line is cut."""
    said, file = Said(), tmp_path / "pairs.jsonl"
    records = Records(said.log, largest=3000)
    for number in range(10):
        records.put(str(file), "r", pair(str(number), 200), DIFFERS)
    records.close(PATIENCE)
    assert sorted(os.listdir(tmp_path)) == ["pairs.jsonl", "pairs.jsonl.1"]
    aside = tmp_path / "pairs.jsonl.1"
    kept = names(aside) + names(file)
    assert kept == [str(number) for number in range(10 - len(kept), 10)]
    assert len(names(aside)) > 1
    assert max(aside.stat().st_size, file.stat().st_size) <= 3000
    assert said.lines() == []


def test_a_slow_disk_harms_nobody(tmp_path: Path) -> None:
    """What does not fit into what waits is left out at once, and told."""
    said, pipe = Said(), tmp_path / "pipe"
    os.mkfifo(pipe)
    records = Records(said.log, room=20_000)
    for number in range(10):
        records.put(str(pipe), "r", pair(str(number), 1000), DIFFERS)
    reader = os.open(pipe, os.O_RDWR)
    records.close(PATIENCE)
    written = [orjson.loads(line)["request_id"] for line in os.read(reader, 1 << 16).splitlines()]
    os.close(reader)
    assert written == ["0", "1", "2"]
    (line,) = said.lines()
    assert (line["event"], line["pairs"], line["file"]) == ("pairs are not recorded", 7, str(pipe))


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Now and then, not for each pair; the others are written."""
    said, file = Said(), tmp_path / "pairs.jsonl"
    records = Records(said.log)
    for number in range(5):
        records.put(str(tmp_path / "missing" / "pairs.jsonl"), "r", pair(str(number)), DIFFERS)
    records.put(str(file), "r", pair("other"), DIFFERS)
    records.close(PATIENCE)
    (line,) = said.lines()
    assert (line["pairs"], line["why"]) == (1, "No such file or directory")
    assert names(file) == ["other"]


def test_each_pair_of_replies_is_recorded_without_secrets(
    served: Callable[..., Worker], model: Origin, tmp_path: Path
) -> None:
    """Equal ones too; those that have no two replies are none."""
    file = tmp_path / "pairs.jsonl"
    worker = served(record=str(file), keep=0)
    asked = (JSON, (b"x-api-key", b"s3cret"), (b"x-request-id", b"i"))
    model.answer = canned(reply(b'{"a": 1}', "content-type: application/json", "set-cookie: s3cret"))
    assert worker.outcome(b"\xff", fields=asked) == ("matched", "")
    model.answer = canned(reply(b'{"a": 2}', "content-type: application/json"))
    assert worker.outcome(b"{}", fields=asked) == ("mismatched", "")
    model.answer = canned(reply(b"", status="500 Oops"))
    assert worker.outcome() == ("error", "status")
    waiting = threading.Event()
    while not (file.exists() and len(file.read_bytes().splitlines()) == 2):
        waiting.wait(0.01)
    assert b"s3cret" not in file.read_bytes()
    equal, other = (orjson.loads(line) for line in file.read_bytes().splitlines())
    assert (equal["outcome"], equal["request"]["body_base64"], equal["shadow"]["body"]) == (
        "matched",
        "/w==",
        '{"a": 1}',
    )
    assert [difference["path"] for difference in other["differences"]] == ["$.a"]
