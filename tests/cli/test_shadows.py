"""`gateway shadows`, against the real API."""

import json
import re
from dataclasses import replace

import pytest

from gateway.admin.operations import ShadowReport
from gateway.core.periods import Period
from tests.admin.findings import found, report
from tests.cli.standin import StandIn
from tests.support.command import run

PAIR = ("fraud", "fraud-4")


def test_a_report_says_the_verdict_first(admin: StandIn) -> None:
    done = run("shadows")
    assert (done.returncode, done.stderr) == (0, "")
    heading, verdict, compared, *rest = done.stdout.splitlines()
    assert heading == "route fraud, shadow fraud-4"
    assert verdict.startswith("  answers differ in at least ")
    assert verdict.endswith(" beyond noise (25 % of 100 pairs differ, noise 0 % of 100)")
    assert compared.startswith("  compared 100 of 109 sampled, 10.9 % of 1,000 requests, since 2026-01-31 14:00:00Z (")
    assert rest[:4] == ["  ignored 1: large_reply 1", "  errors 2: timeout 2", "  dropped 5: queue 5", "  pending 1"]
    table = [line.split() for line in rest[5:] if line]
    assert table[0] == ["LATENCY", "P50", "P90", "P99"]
    assert [row[0] for row in table[1:3]] == ["live", "shadow"]
    assert table[3] == ["PATH", "DIFFERENCE", "DIFFER", "NOISE", "BEYOND", "NOISE"]
    path, kind, differ, share, unit, *_ = next(row for row in table if row[0] == "$.score")
    assert (path, kind, differ, share, unit) == ("$.score", "value", "25", "(25.0", "%)")
    assert " 25.0 % (" in done.stdout


def test_one_shadow_has_an_example(admin: StandIn) -> None:
    done = run("shadows", *PAIR)
    assert done.returncode == 0
    example = done.stdout.partition("POST /v1/fraud?a=1, 2026-01-31 17:00:00Z, request-5\n")[2]
    assert "$.score      value       0.25  0.75\n" in example
    assert '$.labels[1]  missing     "b"   -\n' in example
    marked = [line for line in example.splitlines() if " | " in line or line.endswith(" <")]
    assert [line.split()[0] for line in marked] == ["fraud-3", '"score":', '"a",', '"b"']


def test_an_example_that_cannot_be_read_is_no_failure(admin: StandIn) -> None:
    admin.do(lambda memory: setattr(memory, "is_store_away", True))
    done = run("shadows", *PAIR)
    assert (done.returncode, done.stderr) == (0, "no example: the store cannot be read: the disk is gone\n")
    assert "answers differ" in done.stdout


def test_many_paths_are_cut(admin: StandIn) -> None:
    whole = report(3)
    many = replace(whole.report, paths=whole.report.paths * 4, paths_left_out=2)
    set_reports(admin, replace(whole, report=many))
    among_others, alone = run("shadows").stdout, run("shadows", *PAIR).stdout
    assert (among_others.count("$.score"), "\n  and 5 more\n" in among_others) == (2, True)
    assert (alone.partition("POST")[0].count("$.score"), "\n  and 2 more\n" in alone) == (4, True)


def test_without_noise_pairs_there_are_bounds_alone(admin: StandIn) -> None:
    set_reports(admin, report(3, noise=False))
    row = next(line for line in run("shadows").stdout.splitlines() if "$.score" in line)
    assert re.fullmatch(r"  \$\.score +value +25 \(25\.0 %\) +- +-[\d.]+ % to [\d.]+ %", row)


def test_several_shadows_stand_apart(admin: StandIn) -> None:
    admin.do(lambda memory: memory.reports.__setitem__(("fraud", "fraud-3"), [report(1)]))
    assert run("shadows", "fraud").stdout.count("\n\nroute fraud, shadow ") == 1
    assert run("shadows", *PAIR, "--mismatches", "2").stdout.count("\n\nPOST ") == 1


def test_many_differences_are_cut(admin: StandIn) -> None:
    many = [{"path": f"$.a[{each}]", "kind": "extra", "live": "", "shadow": "1"} for each in range(14)]
    kept = found(1)
    admin.do(lambda memory: setattr(memory, "found", [replace(kept, mismatch={**kept.mismatch, "differences": many})]))
    shown = run("shadows", *PAIR, "--mismatches", "1").stdout
    assert (shown.count("$.a["), "\n  and 4 more\n" in shown) == (10, True)


def test_nothing_compared(admin: StandIn) -> None:
    set_reports(admin, report(3, pairs=0))
    done = run("shadows", *PAIR)
    assert "nothing compared yet" in done.stdout
    assert "LATENCY" not in done.stdout
    assert "PATH" not in done.stdout


def test_no_shadows(admin: StandIn) -> None:
    admin.do(lambda memory: memory.reports.clear())
    for arguments in ((), ("fraud",)):
        done = run("shadows", *arguments)
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == "no shadows: no route sends copies of its requests to another variant\n"
    assert json.loads(run("shadows", "--json").stdout) == {"items": []}


def test_mismatches(admin: StandIn) -> None:
    heads = [line for line in run("shadows", *PAIR, "--mismatches", "3").stdout.splitlines() if "POST" in line]
    assert [line.rpartition(" ")[2] for line in heads] == ["request-5", "request-4", "request-3"]
    items = json.loads(run("shadows", *PAIR, "--mismatches", "9", "--json").stdout)["items"]
    assert [each["number"] for each in items] == [5, 4, 3, 2, 1]
    admin.do(lambda memory: memory.found.clear())
    done = run("shadows", *PAIR, "--mismatches", "3")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no pair that differs is kept\n")


@pytest.mark.parametrize(("body", "shown"), [(b"\xff\x00\x01", "(no text: 3 bytes)"), (b"\x1b[2J", "\\x1b[2J")])
def test_a_body_cannot_harm_the_terminal(admin: StandIn, body: bytes, shown: str) -> None:
    admin.do(lambda memory: setattr(memory, "found", [found(1, live=body)]))
    done = run("shadows", *PAIR, "--mismatches", "1")
    assert shown in done.stdout
    assert "\x1b" not in done.stdout


def test_starting_afresh(admin: StandIn) -> None:
    done = run("shadows", *PAIR, "--reset", "--why", "new weights")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "fraud-4 starts afresh; until now: gateway shadows fraud fraud-4 --earlier\n"
    assert (last_period(admin).who, last_period(admin).why) == ("anonymous", "new weights")
    first, *rest = run("shadows", *PAIR, "--earlier").stdout.splitlines()
    assert first == ("period 2: 2026-01-31 14:00:00Z to 2026-01-31 15:00:00Z; it began because the shadow is new")
    assert len([line for line in rest if line.startswith("period")]) == 1
    assert json.loads(run("shadows", *PAIR, "--reset", "--json").stdout)["why"] == "asked by anonymous"


def last_period(admin: StandIn) -> Period:
    period: Period = admin.do(lambda memory: memory.reports[PAIR][-1].period)
    return period


def set_reports(admin: StandIn, *reports: ShadowReport) -> None:
    admin.do(lambda memory: memory.reports.__setitem__(PAIR, list(reports)))


def test_no_earlier_period(admin: StandIn) -> None:
    set_reports(admin, report(3))
    done = run("shadows", *PAIR, "--earlier")
    assert (done.returncode, done.stderr) == (0, "no earlier period: this is the first\n")
    assert json.loads(run("shadows", *PAIR, "--earlier", "--json").stdout) == {"items": [], "next": None}


def test_json_is_the_answer(admin: StandIn) -> None:
    one = json.loads(run("shadows", *PAIR, "--json").stdout)
    assert (one["variant"], one["excess"]["rate"]) == ("fraud-4", 0.25)
    for arguments in ((), ("fraud",)):
        assert json.loads(run("shadows", *arguments, "--json").stdout) == {"items": [one]}


@pytest.mark.parametrize("arguments", [["--reset"], ["fraud", "--earlier"], ["fraud", "--mismatches", "1"]])
def test_some_options_need_a_shadow(admin: StandIn, arguments: list[str]) -> None:
    done = run("shadows", *arguments)
    assert done.returncode == 2
    assert "--mismatches, --earlier and --reset go with ROUTE and VARIANT" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frau"], 'gateway: there is no route "frau" (did you mean "fraud"?); there is fraud'),
        (["fraud", "fraud-3"], "gateway: route fraud has no shadow fraud-3"),
        (["fraud", "fraud-3", "--reset"], "gateway: route fraud has no shadow fraud-3"),
    ],
)
def test_names_that_nobody_has(admin: StandIn, arguments: list[str], said: str) -> None:
    done = run("shadows", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{said}\n")
