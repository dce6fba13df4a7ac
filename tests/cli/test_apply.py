"""`gateway apply`: seen, agreed to, put in force; or refused, with the reason."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.admin.memory import CONFIG, FAULTY, NEEDS_RESTART, RESPLIT
from tests.cli.standin import StandIn
from tests.support.command import GATEWAY, run


@pytest.fixture
def new(tmp_path: Path) -> Path:
    file = tmp_path / "new.yaml"
    file.write_bytes(RESPLIT)
    return file


def on_a_terminal(answer: str, *arguments: str | Path) -> tuple[int, str]:
    """The command with a terminal for its input, at which somebody types; its exit code and messages."""
    master, slave = pty.openpty()
    os.write(master, answer.encode())
    done = subprocess.run([*GATEWAY, *map(str, arguments)], stdin=slave, capture_output=True, text=True, timeout=30)
    os.close(slave)
    os.close(master)
    return done.returncode, done.stderr


def test_the_plan_is_shown_and_the_revision_made(admin: StandIn, new: Path) -> None:
    done = run("apply", new, "-m", "fraud-4 to 10 %", "--yes")
    assert done.returncode == 0
    assert "  5 % of targeting keys move from fraud-3 to fraud-4" in done.stdout.splitlines()
    assert done.stdout.splitlines()[-1] == "revision 2 is in force"
    made = admin.memory.revision
    assert (made.number, made.text, made.message, made.author) == (2, RESPLIT, "fraud-4 to 10 %", "anonymous")


@pytest.mark.parametrize(("answer", "code", "revision"), [("y\n", 0, 2), ("n\n", 1, 1), ("\n", 1, 1), ("\x04", 130, 1)])
def test_on_a_terminal_somebody_is_asked(answer: str, code: int, revision: int, admin: StandIn, new: Path) -> None:
    ended, said = on_a_terminal(answer, "apply", new, "-m", "x")
    assert f"Put {new} in force, in place of revision 1? [y/N]: " in said
    assert (ended, admin.memory.revision.number) == (code, revision)


def test_without_a_terminal_it_takes_yes(admin: StandIn, new: Path) -> None:
    done = run("apply", new, "-m", "x")
    assert (done.returncode, admin.memory.revision.number) == (2, 1)
    assert "give --yes" in done.stderr


@pytest.mark.parametrize("given", [(), ("-m", " ")])
def test_a_change_has_a_reason(given: tuple[str, ...], admin: StandIn, new: Path) -> None:
    done = run("apply", new, "--yes", *given)
    assert (done.returncode, admin.memory.revision.number) == (2, 1)
    assert "--message" in done.stderr


def test_faults_are_printed_as_check_prints_them(admin: StandIn, new: Path) -> None:
    new.write_bytes(FAULTY)
    assert run("apply", new, "-m", "x", "--yes") == run("check", new)
    assert admin.memory.revision.number == 1


def test_what_needs_a_restart_is_refused_by_name(admin: StandIn, new: Path) -> None:
    new.write_bytes(NEEDS_RESTART)
    done = run("apply", new, "-m", "x", "--yes")
    assert (done.returncode, admin.memory.revision.number) == (1, 1)
    assert "listen cannot change while the gateway runs: restart it" in done.stderr


def test_somebody_was_first(admin: StandIn, new: Path) -> None:
    """While the question stands, another change is made."""
    master, slave = pty.openpty()
    command = [*GATEWAY, "apply", str(new), "-m", "mine"]
    with subprocess.Popen(command, stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        while not said.endswith("[y/N]: "):
            said += process.stderr.read(1)
        admin.do(lambda memory: memory.apply(CONFIG + b"#\n", author="ann", message="theirs", expected=1))
        os.write(master, b"y\n")
        _, errors = process.communicate(timeout=30)
    os.close(slave)
    os.close(master)
    assert process.returncode == 1
    assert "gateway: somebody was first: revision 2 by ann, " in errors
    assert ": theirs is in force now; look at it with `gateway revisions 2 --diff`" in errors
    assert admin.memory.revision.author == "ann"


def test_for_machines_the_outcome_alone_is_printed(admin: StandIn, new: Path) -> None:
    done = run("apply", new, "-m", "x", "--yes", "--json")
    outcome = json.loads(done.stdout)
    assert (done.returncode, outcome["revision"], outcome["changed"], outcome["kept"]) == (0, 2, True, True)
    assert "move from fraud-3 to fraud-4" in done.stderr


def test_what_is_not_kept_is_said(admin: StandIn, new: Path) -> None:
    admin.memory.is_store_away = True
    done = run("apply", new, "-m", "x", "--yes")
    assert done.returncode == 0
    assert "in force, and not kept yet: the store cannot be written now" in done.stderr


def test_an_override_that_ends_is_told(admin: StandIn, new: Path) -> None:
    assert run("switch", "fraud", "--to", "fraud-4").returncode == 0
    done = run("apply", new, "-m", "x", "--yes")
    assert "override ends: the split of route fraud is set" in done.stdout.splitlines()
    assert "  split_set of fraud ended" in done.stdout.splitlines()
