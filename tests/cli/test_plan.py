"""`gateway plan`: against a file, and against a running gateway."""

import json
from pathlib import Path

import pytest

from tests.admin.memory import CONFIG, FAULTY, RESPLIT
from tests.cli.standin import StandIn
from tests.support.command import run

MOVES = [
    "callers of route fraud:",
    "  fraud-3: 95 % -> 90 %",
    "  fraud-4: 5 % -> 10 %",
    "  5 % of targeting keys move from fraud-3 to fraud-4",
]


def written(folder: Path, text: bytes, name: str = "new.yaml") -> Path:
    file = folder / name
    file.write_bytes(text)
    return file


def test_against_a_file_no_gateway_is_asked(tmp_path: Path) -> None:
    new, old = written(tmp_path, RESPLIT), written(tmp_path, CONFIG, "old.yaml")
    done = run("plan", new, "--against", old, env={"GATEWAY_ADMIN": "http://127.0.0.1:1"})
    assert (done.returncode, done.stderr) == (0, "")
    first, *rest = done.stdout.splitlines()
    assert first.startswith("route fraud: ")
    assert rest == MOVES


def test_against_a_gateway_its_overrides_count(admin: StandIn, tmp_path: Path) -> None:
    assert run("disable", "fraud-4", "--why", "x").returncode == 0
    done = run("plan", written(tmp_path, RESPLIT))
    assert (done.returncode, done.stderr) == (0, "")
    assert "override stays: variant fraud-4 is disabled" in done.stdout.splitlines()


@pytest.mark.parametrize("is_online", [True, False])
@pytest.mark.parametrize(("text", "code"), [(CONFIG, 0), (RESPLIT, 3), (FAULTY, 1)])
def test_the_exit_code_tells_whether_something_would_change(
    text: bytes, code: int, is_online: bool, admin: StandIn, tmp_path: Path
) -> None:
    against = () if is_online else ("--against", written(tmp_path, CONFIG, "old.yaml"))
    new = written(tmp_path, text)
    assert run("plan", new, *against, "--exit-code").returncode == code
    assert run("plan", new, *against).returncode == (0 if code == 3 else code)


def test_both_ways_show_the_same(admin: StandIn, tmp_path: Path) -> None:
    new, old = written(tmp_path, RESPLIT), written(tmp_path, CONFIG, "old.yaml")
    online, offline = (json.loads(run("plan", new, *more, "--json").stdout) for more in ((), ("--against", old)))
    assert online["routes"]["fraud"]["moves"] == offline["routes"]["fraud"]["moves"]
    assert online["routes"]["fraud"]["moves"] == [{"from": "fraud-3", "to": "fraud-4", "share": 0.05}]
    assert online.keys() == offline.keys()


@pytest.mark.parametrize("is_online", [True, False])
def test_faults_are_printed_as_check_prints_them(is_online: bool, admin: StandIn, tmp_path: Path) -> None:
    new = written(tmp_path, FAULTY)
    against = () if is_online else ("--against", written(tmp_path, CONFIG, "old.yaml"))
    checked = run("check", new)
    assert checked.stderr.startswith(f"{new}:10:")
    assert run("plan", new, *against) == checked
    planned = run("plan", new, *against, "--json")
    [fault] = json.loads(planned.stdout)["error"]["faults"]
    assert (planned.returncode, planned.stderr, fault["line"]) == (1, "", 10)


def test_nothing_would_change(admin: StandIn, tmp_path: Path) -> None:
    done = run("plan", written(tmp_path, CONFIG + b"# a comment\n"), "--exit-code")
    assert (done.returncode, done.stdout, done.stderr) == (0, "nothing would change\n", "")


def test_a_file_that_is_not_there(admin: StandIn, tmp_path: Path) -> None:
    done = run("plan", tmp_path / "no.yaml")
    assert (done.returncode, done.stderr) == (
        1,
        f"gateway: cannot read {tmp_path / 'no.yaml'}: No such file or directory\n",
    )
