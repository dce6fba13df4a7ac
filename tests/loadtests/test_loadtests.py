"""The load tests run, judge rightly, and leave nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent.parent / "loadtests"
LOCUST = ["run.py", "-u", "40", "-r", "40", "-t", "3s"]


def run(script: str, *options: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / script), *options]
    whole = {**os.environ, "TMPDIR": str(folder), **env}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=whole)


def test_sticky_users_are_split_as_configured(tmp_path: Path) -> None:
    """Errors, moved users, wrong gold variants and shares that chance does not explain would end it with 1."""
    done = run(*LOCUST, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " users under the split: " in done.stdout
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("expected", "fault"),
    [
        ({"GATEWAY_SPLIT": "stable=10,candidate=90"}, "failed: 0 calls, deviations"),
        ({"GATEWAY_GOLD": "stable"}, "candidate answered, not stable"),
        ({"GATEWAY_PATH": "/v1/other"}, "status 404"),
    ],
    ids=["another split", "another gold variant", "another path"],
)
def test_what_is_not_as_expected_ends_it_with_a_failure(tmp_path: Path, expected: dict[str, str], fault: str) -> None:
    done = run(*LOCUST, folder=tmp_path, **expected)
    assert done.returncode != 0
    assert fault in done.stdout + done.stderr


def test_the_benchmark_measures_the_gateway(tmp_path: Path) -> None:
    """A figure for the gateway, whatever it is, from one short round."""
    done = run("bench.py", "--seconds", "1", "--rounds", "1", "--connections", "4", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = (line.split() for line in done.stdout.splitlines() if line.startswith("gateway  "))
    assert float(row[1]) > 0
    assert os.listdir(tmp_path) == []
