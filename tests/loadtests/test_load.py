"""Load by locust: the users judge rightly, every kind of run works, and what is wrong ends it with a failure."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from loadtests.load.ground import Ground, prepare
from loadtests.load.judging import Judge, weights
from loadtests.load.knee import Step, find
from loadtests.load.sheet import sheet

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ExitStack() as stack:
        yield prepare(stack, tmp_path_factory.mktemp("ground"), mlserver=None)


def run(ground: Ground, folder: Path, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "loadtests.load", "--host", ground.host, "--reports", str(folder), *options]
    told = {**os.environ, **ground.env, **env}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, env=told)


def test_every_kind_of_load_is_right_and_reported(ground: Ground, tmp_path: Path) -> None:
    done = run(ground, tmp_path, "--seconds", "12", "--admin", ground.admins[0])
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("all answers right\n")
    for entry in ("mixed: call", "mixed: chat: first token", "mixed: chat: between tokens", "mixed: upload"):
        assert f"\n{entry} " in done.stdout
    assert "fallbacks: 0.0% of the calls; breakers tripped 0 times" in done.stdout
    assert "answers/s" in done.stdout
    for name in ("mixed", "spike", "stress"):
        assert (tmp_path / f"{name}.html").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("expected", "fault"),
    [
        ({"GATEWAY_SPLIT": "stable=10,candidate=90"}, "users, 10.0% are due"),
        ({"GATEWAY_GOLD": "stable"}, "candidate answered, not stable"),
        ({"GATEWAY_PATH": "/v1/other"}, "status 404"),
        ({"GATEWAY_UPLOADS": "/v1/other"}, "status 404"),
    ],
    ids=["another split", "another gold variant", "another path", "no uploads there"],
)
def test_what_is_not_as_expected_ends_it_with_a_failure(
    ground: Ground, tmp_path: Path, expected: dict[str, str], fault: str
) -> None:
    expected = {name: ground.host + text if name == "GATEWAY_UPLOADS" else text for name, text in expected.items()}
    done = run(ground, tmp_path, "--only", "mixed", "--seconds", "3", **expected)
    assert done.returncode == 1, done.stdout + done.stderr
    assert fault in done.stdout


def fields(variant: str, reason: str = "split") -> dict[str, str]:
    return {"x-gateway-variant": variant, "x-gateway-reason": reason}


@pytest.mark.parametrize(
    ("met", "headers", "gold", "fault", "meets"),
    [
        (None, fields("a"), False, None, "a"),
        ("a", fields("a"), False, None, "a"),
        ("a", fields("b"), False, "b answered, not a", "a"),
        ("a", fields("b", "fallback:open"), False, None, "a"),
        (None, fields("b", "rule:gold"), True, None, "b"),
        (None, fields("a"), True, "a answered, not b", None),
        (None, {}, False, "the answer does not say which variant it is from", None),
    ],
)
def test_an_answer_is_judged_by_who_gave_it(
    met: str | None, headers: dict[str, str], gold: bool, fault: str | None, meets: str | None
) -> None:
    assert Judge({"a": 1, "b": 1}, "b").fault(met, headers, gold=gold) == (fault, meets)


@pytest.mark.parametrize(
    ("met", "faults"),
    [
        ({"a": 900, "b": 100}, 0),
        ({"a": 850, "b": 150}, 2),
        ({"a": 900, "b": 100, "c": 1}, 1),
    ],
)
def test_shares_are_judged_by_chance(met: dict[str, int], faults: int) -> None:
    judge = Judge(weights("a=90,b=10"), "")
    judge.met.update(met)
    assert len(judge.faults()) == faults


def step(users: int, rate: float, p99: float = 10.0, bad: float = 0.0) -> Step:
    return Step(users, rate, p99 / 2, p99, bad)


@pytest.mark.parametrize(
    ("steps", "users", "why"),
    [
        ([step(1, 100), step(2, 200), step(4, 390), step(8, 400)], 4, "8 users got 400 answers a second"),
        ([step(1, 100), step(2, 200), step(4, 390, bad=0.1)], 2, "with 4 users 10.0% of the answers were bad"),
        ([step(1, 100), step(2, 200, p99=200)], 1, "with 2 users p99 was 200 ms"),
        ([step(1, 100), step(2, 200)], None, "no knee was found: the steps ended before it"),
        ([], None, "no knee was found: the steps ended before it"),
    ],
)
def test_the_knee_is_where_more_users_bring_no_more(steps: list[Step], users: int | None, why: str) -> None:
    knee, said = find(steps)
    assert (knee.users if knee else None, said) == (users, why)


def test_the_sheet_says_what_is_wrong() -> None:
    entry = {"count": 10, "failures": 1, "p50": 1.0, "p99": 2.0, "p999": 3.0}
    result: dict[str, Any] = {"entries": {"call": entry}, "faults": ["status 500"], "fallbacks": 1}
    result |= {"split": {"a": 1}, "users": {"a": 4}, "answers": {"a": 10}}
    text = sheet({"mixed": result}, about="here", trips=2)
    assert "fallbacks: 10.0% of the calls; breakers tripped 2 times" in text
    assert text.endswith("WRONG mixed: status 500\nfailed\n")
