"""`gateway rollback`: one back, or to a revision."""

import json

import pytest

from tests.admin.memory import CONFIG, RESPLIT
from tests.cli.standin import StandIn
from tests.support.command import run


@pytest.fixture
def changed(admin: StandIn) -> StandIn:
    """Three revisions: 95, 90 and 50 for fraud-3."""
    for text in (RESPLIT, CONFIG.replace(b"fraud-3: 95, fraud-4: 5", b"fraud-3: 50, fraud-4: 50")):
        admin.do(lambda memory, text=text: memory.apply(text, author="ci", message="ramp", expected=None))
    return admin


def test_one_back_shows_the_plan_and_makes_a_revision(changed: StandIn) -> None:
    done = run("rollback", "--yes")
    assert done.returncode == 0
    assert done.stderr.startswith("back to revision 2 by ci, ")
    assert "  40 % of targeting keys move from fraud-4 to fraud-3" in done.stdout.splitlines()
    assert done.stdout.splitlines()[-1] == "revision 4 is in force, with the text of revision 2"
    made = changed.memory.revision
    assert (made.number, made.text, made.origin, made.message) == (4, RESPLIT, "restore", "back to 2")


def test_to_a_revision_with_a_reason(changed: StandIn) -> None:
    assert run("rollback", "1", "-m", "all wrong", "--yes").returncode == 0
    assert (changed.memory.revision.text, changed.memory.revision.message) == (CONFIG, "all wrong")


def test_a_rollback_is_undone_by_another(changed: StandIn) -> None:
    text = changed.memory.revision.text
    assert run("rollback", "--yes").returncode == 0
    assert run("rollback", "--yes").returncode == 0
    assert changed.memory.revision.text == text


def test_there_is_nothing_before_the_first(admin: StandIn) -> None:
    done = run("rollback", "--yes")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no earlier revision" in done.stderr


@pytest.mark.parametrize("number", ["0", "-1", "x"])
def test_a_number_that_is_none_is_bad_usage(number: str, admin: StandIn) -> None:
    assert run("rollback", number, "--yes").returncode == 2


def test_an_unknown_revision(changed: StandIn) -> None:
    done = run("rollback", "9", "--yes")
    assert (done.returncode, done.stderr) == (1, "gateway: there is no revision 9; the newest is 3\n")


def test_without_a_terminal_it_takes_yes(changed: StandIn) -> None:
    assert (run("rollback").returncode, changed.memory.revision.number) == (2, 3)


def test_for_machines(changed: StandIn) -> None:
    outcome = json.loads(run("rollback", "--yes", "--json").stdout)
    assert (outcome["revision"], outcome["origin"]) == (4, "restore")
