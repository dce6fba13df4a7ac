"""`gateway revisions`: the list, one of them, and what it changed."""

import json
import os
import subprocess

import pytest

from tests.admin.memory import CONFIG, RESPLIT
from tests.cli.standin import StandIn
from tests.support.command import GATEWAY, run


@pytest.fixture
def three(admin: StandIn) -> StandIn:
    for text, message in ((RESPLIT, "ramp to 10 %"), (CONFIG + b"# done\n", "back")):
        admin.do(
            lambda memory, text=text, message=message: memory.apply(text, author="ci", message=message, expected=None)
        )
    return admin


def test_the_list_has_the_newest_first(three: StandIn) -> None:
    done = run("revisions")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "REVISION  TIME                  AUTHOR  FROM  MESSAGE",
        "3         2026-01-31 12:03:00Z  ci      api   back",
        "2         2026-01-31 12:02:00Z  ci      api   ramp to 10 %",
        "1         2026-01-31 12:01:00Z  file    file",
    ]


def test_a_long_list_comes_in_pages(three: StandIn) -> None:
    done = run("revisions", "--limit", "1")
    assert done.stderr == "older ones: gateway revisions --before 3\n"
    done = run("revisions", "--limit", "1", "--before", "3")
    assert done.stdout.splitlines()[1].startswith("2 ")
    assert [each["revision"] for each in json.loads(run("revisions", "--json").stdout)["items"]] == [3, 2, 1]


def test_one_is_shown_as_it_was_written(three: StandIn) -> None:
    done = run("revisions", "2")
    assert (done.returncode, done.stdout.encode()) == (0, RESPLIT)
    assert done.stderr == "revision 2 by ci, 2026-01-31 12:02:00Z: ramp to 10 %\n"
    assert json.loads(run("revisions", "2", "--json").stdout)["yaml"].encode() == RESPLIT


def test_a_text_comes_out_byte_for_byte(admin: StandIn) -> None:
    """So that it can be put in force again by file."""
    text = CONFIG.replace(b"\n", b"\r\n") + "#\ttabs, \u00fcml\u00e4uts and no end of line".encode()
    admin.do(lambda memory: memory.apply(text, author="ci", message="", expected=None))
    done = subprocess.run(
        [*GATEWAY, "revisions", "2"], capture_output=True, timeout=30, env=os.environ | {"LC_ALL": "C"}
    )
    assert (done.returncode, done.stdout) == (0, text)


MINUS, PLUS = "-    split: {fraud-3: 95, fraud-4: 5}", "+    split: {fraud-3: 90, fraud-4: 10}"


@pytest.mark.parametrize(
    ("arguments", "names", "lines"),
    [
        (("2", "--diff"), ("revision 1", "revision 2"), {MINUS, PLUS}),
        (("2", "--diff", "3"), ("revision 3", "revision 2"), {"-# done", MINUS, PLUS}),
        (("3", "--diff", "1"), ("revision 1", "revision 3"), {"+# done"}),
        (("--diff", "1"), ("revision 1", "revision 3"), {"+# done"}),
    ],
)
def test_what_changed(arguments: tuple[str, ...], names: tuple[str, str], lines: set[str], three: StandIn) -> None:
    done = run("revisions", *arguments)
    first, second, *rest = done.stdout.splitlines()
    assert (done.returncode, first, second) == (0, f"--- {names[0]}", f"+++ {names[1]}")
    assert {line for line in rest if line[0] in "+-"} == lines


def test_without_a_number_the_newest_is_compared(three: StandIn) -> None:
    done = run("revisions", "--diff", "--json")
    shown = json.loads(done.stdout)
    assert (shown["from"], shown["to"]) == (2, 3)
    assert "+# done" in shown["diff"]


def test_the_first_is_compared_with_nothing(three: StandIn) -> None:
    done = run("revisions", "1", "--diff")
    _, _, _, *lines = done.stdout.splitlines()
    assert "\n".join(line.removeprefix("+") for line in lines) + "\n" == CONFIG.decode()


def test_texts_that_are_the_same(three: StandIn) -> None:
    done = run("revisions", "2", "--diff", "2")
    assert (done.returncode, done.stdout) == (0, "")
    assert "are the same" in done.stderr


def test_texts_that_differ_in_nothing_to_be_seen(admin: StandIn) -> None:
    text = CONFIG.replace(b"\n", b"\r\n")
    admin.do(lambda memory: memory.apply(text, author="ci", message="", expected=None))
    assert "differ in the ends of lines only" in run("revisions", "--diff").stderr


@pytest.mark.parametrize(("arguments", "code"), [(("9",), 1), (("2", "--diff", "9"), 1), (("2", "--diff", "x"), 2)])
def test_what_is_no_revision(arguments: tuple[str, ...], code: int, three: StandIn) -> None:
    done = run("revisions", *arguments)
    assert (done.returncode, done.stdout) == (code, "")


def test_the_store_is_away(three: StandIn) -> None:
    three.memory.is_store_away = True
    done = run("revisions")
    assert (done.returncode, done.stderr) == (1, "gateway: the store cannot be read: the disk is gone\n")
