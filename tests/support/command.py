"""The `gateway` command run to its end, and a configuration to give it."""

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.cli import app

GATEWAY = [sys.executable, "-m", "gateway"]

EXAMPLE = """\
listen: ["127.0.0.1:8080"]
variants:
  fraud-3: {endpoints: ["http://127.0.0.1:8000"]}
  fraud-4: {endpoints: ["http://127.0.0.1:8001"]}
segments:
  gold: {header: x-tier, in: [gold, platinum]}
  eu: {json: $.user.region, matches: ^eu-}
routes:
  fraud:
    match: {path: /v1/fraud, methods: [GET, POST]}
    targeting_key: [{header: x-user-id}]
    rules: [{segment: gold, split: {fraud-4: 1}}, {segment: eu, split: {fraud-4: 1}}]
    split: {fraud-3: 95, fraud-4: 5}
"""


def example(folder: Path, text: str = EXAMPLE) -> Path:
    """A configuration file; a good one unless told otherwise."""
    file = folder / "gateway.yaml"
    file.write_text(text)
    return file


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str | Path, env: Mapping[str, str] | None = None) -> Ended:
    """The command in this process: quick, and as the process would run it but for its streams."""
    output, errors = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output), redirect_stderr(errors):
        patch.setattr(sys, "argv", ["gateway", *map(str, arguments)])
        for name, value in (env or {}).items():
            patch.setenv(name, value)
        code = app.run(app.gateway)
    return Ended(code, _written(output), _written(errors))


def _written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def spawn(*arguments: str | bytes | Path, env: Mapping[str, str] | None = None, stdin: str = "") -> Ended:
    """The command as a process of its own; no traceback, whatever it was given."""
    done = subprocess.run(
        [*GATEWAY, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, **(env or {})},
        input=stdin,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)
