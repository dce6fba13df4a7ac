"""`gateway overrides`, and those of variants: `gateway disable` and `gateway enable`."""

import json

import pytest

from gateway.cli import decisions
from tests.admin.memory import CONFIG, START
from tests.cli.standin import StandIn
from tests.support.command import run

FALLBACK = CONFIG.replace(b"split: {fraud-3: 95", b"fallback: {variants: [fraud-3]}\n    split: {fraud-3: 0").replace(
    b"4: 5}", b"4: 1}"
)


def test_none_are_said_to_be_none(admin: StandIn) -> None:
    done = run("overrides")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no overrides: the revision alone decides\n")
    assert json.loads(run("overrides", "--json").stdout) == {"items": []}


def test_disabled_and_enabled(admin: StandIn) -> None:
    done = run("disable", "fraud-4", "--why", "scores are all 1", "--for", "2h")
    assert (done.returncode, done.stdout) == (0, "fraud-4 is disabled for 2h\n")
    assert done.stderr == "route fraud: fraud-3 95, fraud-4 5 -> fraud-3 95\n"
    heading, line = run("overrides").stdout.splitlines()
    assert heading.split() == ["OVERRIDE", "BY", "SINCE", "ENDS", "WHY"]
    assert line.startswith("variant fraud-4 disabled  anonymous  ")
    assert line.endswith("  scores are all 1")
    done = run("enable", "fraud-4", "--why", "fixed")
    assert (done.returncode, done.stdout) == (0, "fraud-4 is enabled\n")
    done = run("enable", "fraud-4")
    assert (done.returncode, done.stdout) == (0, "fraud-4 was not disabled\n")
    why = [each["why"] for each in json.loads(run("events", "--json").stdout)["items"]]
    assert why == ["", "scores are all 1", "fixed"]


def test_who_would_leave_nobody_is_asked(admin: StandIn) -> None:
    assert run("disable", "fraud-4", "--why", "x").returncode == 0
    done = run("disable", "fraud-3", "--why", "x")
    assert done.returncode == 2
    assert done.stderr.startswith("route fraud: nobody is left to answer\n")
    assert not admin.memory.snapshot.disabled - {"fraud-4"}
    assert run("disable", "fraud-3", "--why", "x", "--yes").returncode == 0
    assert admin.memory.snapshot.disabled == {"fraud-3", "fraud-4"}


def test_where_the_fallback_is_left_nobody_is_asked(admin: StandIn) -> None:
    admin.do(lambda memory: memory.apply(FALLBACK, author="ci", message="", expected=None))
    done = run("disable", "fraud-4", "--why", "x")
    assert (done.returncode, done.stdout) == (0, "fraud-4 is disabled; back with: gateway enable fraud-4\n")
    assert done.stderr == "route fraud: only the fallback is left, fraud-3\n"


def test_a_variant_that_answers_nobody_changes_nothing_for_callers(admin: StandIn) -> None:
    admin.do(lambda memory: memory.apply(FALLBACK, author="ci", message="", expected=None))
    done = run("disable", "fraud-3", "--why", "x")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("disable", "fraud-4"), 2, "Missing option '--why'"),
        (("disable", "fraud-5", "--why", "x"), 1, 'there is no variant "fraud-5" (did you mean "fraud-4"?)'),
        (("disable", "fraud-4", "--why", "x", "--for", "soon"), 1, "a length such as 30m, 2h or 1d is due"),
        (("disable", "fraud-4", "--why", "a\nb"), 1, "one line without control characters is due"),
        (("enable", "fraud-5"), 1, "there is no variant fraud-5"),
    ],
)
def test_refused(arguments: tuple[str, ...], code: int, says: str, admin: StandIn) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert admin.memory.overrides() == []


def test_for_machines(admin: StandIn) -> None:
    outcome = json.loads(run("disable", "fraud-4", "--why", "x", "--json").stdout)
    assert (outcome["changed"], outcome["override"]["subject"]) == (True, "fraud-4")
    [item] = json.loads(run("overrides", "--json").stdout)["items"]
    assert (item["kind"], item["who"], item["why"]) == ("variant_disabled", "anonymous", "x")


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ({"kind": "variant_disabled", "subject": "v"}, "variant v disabled"),
        ({"kind": "split_set", "subject": "r", "split": {"a": 1, "b": 2}}, "route r set to a 1, b 2"),
        ({"kind": "split_set", "subject": "r", "split": {"a": 1}, "rules": "keep"}, "route r set to a 1, rules kept"),
        ({"kind": "breaker_forced", "subject": "v", "state": "open"}, "breaker of v forced open"),
        ({"kind": "moon_phase", "subject": "v"}, "moon_phase v"),
    ],
)
def test_decisions_in_words(override: dict[str, object], expected: str) -> None:
    assert decisions.what(override) == expected


def test_when_a_decision_ends() -> None:
    common = {"kind": "variant_disabled", "subject": "v", "who": "ann", "why": "", "since": "2026-01-31T11:00:00Z"}
    rows = decisions.table([{**common, "expires": None}, {**common, "expires": "2026-01-31T12:30:00Z"}], START)
    assert [line.split("  ")[1:] for line in rows[1:]] == [["ann", "1 h ago", "never"], ["ann", "1 h ago", "in 30 min"]]
