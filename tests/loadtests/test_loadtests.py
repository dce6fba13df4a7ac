"""The benchmark runs, and leaves nothing."""

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent.parent.parent / "loadtests"


def run(script: str, *options: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / script), *options]
    whole = {**os.environ, "TMPDIR": str(folder), **env}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=whole)


def test_the_benchmark_measures_the_gateway(tmp_path: Path) -> None:
    """A figure for the gateway, whatever it is, from one short round."""
    done = run("bench.py", "--seconds", "1", "--rounds", "1", "--connections", "4", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = (line.split() for line in done.stdout.splitlines() if line.startswith("gateway  "))
    assert float(row[1]) > 0
    assert os.listdir(tmp_path) == []
