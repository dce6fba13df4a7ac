"""The systemd unit: what systemd says of it, and what it must leave the gateway to do its work."""

import configparser
import os
import subprocess
from pathlib import Path

import pytest

from gateway.config.load import load
from gateway.launcher import GRACE

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
UNIT = FOLDER / "gateway.service"
EXPOSED = 15
"""The most exposure, of 100, that `systemd-analyze security` may find."""
SMALLEST = b"""
listen: [127.0.0.1:8080]
variants: {a: {endpoints: ["http://127.0.0.1:1"]}}
routes: {r: {match: {path: /*}, split: {a: 1}}}
"""


@pytest.fixture(scope="module")
def service() -> dict[str, list[str]]:
    """What stands under [Service]; a key may stand there more than once."""
    found: dict[str, list[str]] = {}
    lines = UNIT.read_text().partition("[Service]")[2].partition("[Install]")[0].splitlines()
    for line in lines:
        if line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    run = ["systemd-analyze", "--no-pager", *map(str, arguments)]
    return subprocess.run(run, capture_output=True, text=True, env={**os.environ, "SYSTEMD_COLORS": "0"})


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    """With a command that is there in place of the one to be installed."""
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/gateway/bin/gateway", "/bin/true"))
    run = analyze("verify", "--man=no", unit)
    assert (run.returncode, run.stderr) == (0, "")


def test_systemd_finds_little_that_it_could_do_if_taken_over() -> None:
    run = analyze("security", "--offline=true", f"--threshold={EXPOSED}", UNIT)
    assert run.returncode == 0, run.stdout


def test_a_reload_is_the_signal_that_asks_for_one(service: dict[str, list[str]]) -> None:
    assert service["ExecReload"] == ["/bin/kill -HUP $MAINPID"]


def test_only_the_launcher_is_told_to_end_and_has_the_time(service: dict[str, list[str]], tmp_path: Path) -> None:
    limits = load(SMALLEST, name="gateway.yaml", folder=tmp_path).snapshot.limits
    assert service["KillMode"] == ["mixed"]
    assert int(service["TimeoutStopSec"][0]) > limits.drain_delay + limits.drain + GRACE


def test_descriptors_suffice_for_the_default_limits(service: dict[str, list[str]], tmp_path: Path) -> None:
    limits = load(SMALLEST, name="gateway.yaml", folder=tmp_path).snapshot.limits
    assert int(service["LimitNOFILE"][0]) >= 2 * limits.connections + 256


def test_the_user_is_made_beforehand(service: dict[str, list[str]]) -> None:
    (line,) = [line for line in (FOLDER / "gateway.sysusers").read_text().splitlines() if not line.startswith("#")]
    kind, name, *_ = line.split()
    assert (kind, [name]) == ("u", service["User"])


def test_a_broken_configuration_is_not_tried_for_ever() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read(UNIT)
    within, burst = int(unit["Unit"]["StartLimitIntervalSec"]), int(unit["Unit"]["StartLimitBurst"])
    assert burst * int(unit["Service"]["RestartSec"]) < within
