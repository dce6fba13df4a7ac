"""The `gateway` command run to its end, and a configuration to give it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

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


def run(
    *arguments: str | Path, env: Mapping[str, str] | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """The command's end; no traceback, whatever it was given."""
    environment = {**os.environ, **(env or {})}
    done = subprocess.run(
        [*GATEWAY, *arguments], capture_output=True, text=True, timeout=30, env=environment, input=stdin, check=False
    )
    assert "Traceback" not in done.stderr
    return done
