"""An outage is rehearsed: the example as it stands, shortened, and what it says when something is wrong."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from loadtests.models.scenario import load
from loadtests.rehearsal.callers import Saw
from loadtests.rehearsal.sheet import line, wrong
from tests.support.kernel import free_port

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "loadtests/scenarios/outage.yaml"


def moved(folder: Path, *, length: str, timeline: list[Any]) -> Path:
    """The example with other ports, a shorter one."""
    ports = {str(number): str(free_port()) for number in (19300, 19301, 19302, 19390)}
    settings = yaml.safe_load(EXAMPLE.read_text())
    settings["length"] = length
    settings["models"]["fraud-4"]["timeline"] = timeline
    texts = {"outage.yaml": yaml.safe_dump(settings)}
    texts["outage-gateway.yaml"] = EXAMPLE.with_name("outage-gateway.yaml").read_text()
    for name, text in texts.items():
        (folder / name).write_text(re.sub(r"\b19\d{3}\b", lambda found: ports[found[0]], text))
    return folder / "outage.yaml"


def rehearse(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "loadtests.rehearsal", str(file), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_the_example_has_every_fault_a_line_may_name() -> None:
    steps = load(EXAMPLE).parts["fraud-4"].timeline
    assert {fault.do for step in steps for fault in step.faults} >= {"error", "slow", "limit", "reset", "cut", "flap"}


def test_callers_are_told_right_through_an_outage(tmp_path: Path) -> None:
    timeline = [{"at": "1s", "faults": [{"do": "error"}]}, {"at": "2s", "faults": [{"do": "refuse"}]}]
    done = rehearse(moved(tmp_path, length="4s", timeline=timeline), "--allow", "0%")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "fraud-4: error" in done.stdout
    assert "breaker_tripped: variant fraud-4" in done.stdout
    assert "wrong: nothing" in done.stdout
    (whole,) = (line.split() for line in done.stdout.splitlines() if line.strip().startswith("all "))
    assert whole[1] == whole[2] == "240"
    assert float(whole[3]) > 10


def test_calls_that_go_wrong_fail_it(tmp_path: Path) -> None:
    timeline = [{"at": "0s", "faults": [{"do": "error", "status": 418}]}]
    done = rehearse(moved(tmp_path, length="2s", timeline=timeline))
    assert done.returncode == 1
    assert "wrong: status 418: " in done.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("length: 1s\nmodels: {a: {listen: '127.0.0.1:0'}}", "names no gateway to start"),
        ("length: 1s\ngateway: none.yaml\nmodels: {a: {listen: '127.0.0.1:0'}}", "none.yaml: "),
        ("length: 1s\ngateway: s.yaml\nmodels: {a: {listen: '127.0.0.1:0'}}", "s.yaml: KeyError"),
    ],
)
def test_what_cannot_begin_is_said_in_a_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(text)
    done = rehearse(file)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_line_tells_shares_and_faults() -> None:
    saw = [Saw(0.0, 0.01, 200, "a", "split")] * 3 + [Saw(0.0, 0.03, 200, "b", "fallback:open")]
    saw += [Saw(0.0, 0.5, 503, fault="status 503")]
    assert " ".join(line("all", saw).split()) == "all 5 4 20.0 % 1 10.0 500.0 a 75 %, b 25 %"
    assert wrong(saw) == "status 503: 1"
    assert wrong(saw[:2]) == "nothing"
