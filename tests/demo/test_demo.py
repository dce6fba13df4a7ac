"""`gateway demo` as a person meets it: one process, real models, a line to copy, an end that leaves nothing."""

import json
import math
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from gateway.demo import callers
from tests.support import kernel, mlserver

START, STOP = 100.0, 10.0


class Demo:
    """The running command; its temporary files are in a folder of ours, so that what is left can be seen."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self.output = folder / "output"
        self.port = kernel.free_port()
        command = [sys.executable, "-m", "gateway", "demo", "--port", str(self.port), *options]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, "--mlserver-python", str(mlserver.PYTHON)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=folder,
                env={**os.environ, "TMPDIR": str(self.scratch), "XDG_CACHE_HOME": str(mlserver.CACHE.parent)},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pid in [*kernel.descendants(self.process.pid), self.process.pid] if self.process.poll() is None else []:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def wait_for(self, pattern: str) -> re.Match[str]:
        """What it printed that matches."""
        give_up = time.monotonic() + START
        while not (found := re.search(pattern, self.said, re.MULTILINE)):
            assert self.process.poll() is None, self.said
            assert time.monotonic() < give_up, self.said
            time.sleep(0.05)
        return found

    @property
    def said(self) -> str:
        return self.output.read_text()

    @property
    def left(self) -> list[str]:
        """Temporary files that are still there."""
        return os.listdir(self.scratch)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for the tests of this file, in their order: the last one ends it."""
    with Demo(tmp_path_factory.mktemp("demo"), "--plain", "--rate", "100") as running:
        yield running


def spread(share: float, calls: float) -> float:
    """Four standard deviations of a share in percent: of the draw of the users, and of the draw of their calls."""
    others = 1 - 1 / callers.GOLD_EVERY
    return 400 * math.sqrt(share * (1 - share) / others * (1 / callers.USERS + 1 / calls))


def test_the_curl_line_works_as_it_stands(demo: Demo) -> None:
    """Copied and run by a shell, it is answered by the version that the printed user meets, with the right digit."""
    command = demo.wait_for(r"^curl .*$").group()
    digit = demo.wait_for(r"; an? (\d), asked of the gateway").group(1)
    answer = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=30, check=True).stdout
    assert answer.startswith("HTTP/1.1 200 OK")
    assert "\nx-gateway-variant: digits-1" in answer
    assert f'"data":[{digit}]' in answer


def test_a_gold_caller_meets_the_segments_variant(demo: Demo) -> None:
    """What the demo says about x-tier is so."""
    command = demo.wait_for(r"^curl .*$").group() + " -H 'x-tier: gold'"
    answer = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=30, check=True).stdout
    assert "\nx-gateway-variant: digits-2" in answer
    assert "\nx-gateway-reason: rule:gold" in answer


def test_the_traffic_is_split_as_configured_and_the_worst_model_is_seen(demo: Demo) -> None:
    """Near 80, 15 and 5 percent; gold callers to version 2 alone; version 3 wrong far more often; nobody moves."""
    seen = demo.wait_for(
        r"^(\d{4,}) calls answered in \d+ s; "
        r"digits-1 ([\d.]+)% \(gold 0%\) p50 [\d.]+ ms p99 [\d.]+ ms right ([\d.]+)%; "
        r"digits-2 ([\d.]+)% \(gold 100%\) .*? right ([\d.]+)%; digits-3 ([\d.]+)% \(gold 0%\) .*? right ([\d.]+)%; "
        r"\d+ users came back, 0 of them met another variant$"
    )
    calls, first, first_right, second, second_right, third, third_right = map(float, seen.groups())
    assert first == pytest.approx(80, abs=spread(0.80, calls))
    assert second == pytest.approx(15, abs=spread(0.15, calls))
    assert third == pytest.approx(5, abs=spread(0.05, calls))
    assert min(first_right, second_right) > 85
    assert third_right < 80


def test_copies_tell_a_worse_model_from_the_same_one(demo: Demo) -> None:
    """By the line that it prints: the worse one differs beyond noise, the same one in nothing."""
    command = demo.wait_for(r"^gateway (shadows --admin .*)$").group(1)
    give_up = time.monotonic() + 60
    while True:
        shown = [sys.executable, "-m", "gateway", *command.split(), "--json"]
        answer = subprocess.run(shown, capture_output=True, text=True, timeout=30, check=True).stdout
        found = {report["variant"]: report for report in json.loads(answer)["items"]}
        if found["digits-3"]["excess"]["rate"] and found["digits-3"]["excess"]["low"] > 0:
            break
        assert time.monotonic() < give_up, answer
    same = found["digits-1-again"]
    assert (same["mismatched"], same["noise_rate"], same["excess"]["rate"], same["paths"]) == (0, 0, 0, [])
    assert found["digits-3"]["paths"][0]["path"] == "$.outputs[*].data[*]"


def test_ctrl_c_ends_everything_within_seconds(demo: Demo) -> None:
    """No process, no file, no traceback; exit code 0."""
    started = kernel.descendants(demo.process.pid)
    assert len(started) >= 4, "MLServer, launcher, worker, control"
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(STOP) == 0
    assert [pid for pid in started if not kernel.ended(pid, within=1)] == []
    assert demo.left == []
    assert "Traceback" not in demo.said


def test_a_killed_demo_leaves_no_process(tmp_path: Path) -> None:
    """kill -9 in the middle of a start: the kernel ends the children."""
    with Demo(tmp_path, "--no-traffic") as demo:
        demo.wait_for("^starting MLServer")
        while len(kernel.descendants(demo.process.pid)) < 2:
            time.sleep(0.01)
        started = kernel.descendants(demo.process.pid)
        demo.process.kill()
        assert [pid for pid in started if not kernel.ended(pid, within=STOP)] == []


def test_a_port_in_use_is_told_at_once(tmp_path: Path) -> None:
    """One line that names the port, before anything is trained or started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "gateway", "demo", "--port", str(port), "--mlserver-python"]
        run = subprocess.run([*command, mlserver.PYTHON], capture_output=True, text=True, timeout=30)
    assert (run.returncode, run.stdout) == (1, "")
    assert f"port {port} of 127.0.0.1 is in use" in run.stderr
