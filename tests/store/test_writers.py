"""Real processes: several that write to one store, and one that is killed while it does."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.store.store import Store
from tests.store import writer

ROOT = Path(__file__).parents[2]


@contextmanager
def writing(url: str, who: str, *, last: int) -> Iterator[subprocess.Popen[str]]:
    """Connected, and waiting for a line."""
    command = [sys.executable, "-m", "tests.store.writer", url, who, str(last)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def go(*processes: subprocess.Popen[str]) -> None:
    for each in processes:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()


def numbers(said: str, lines: str) -> list[int]:
    return [int(line.split()[1]) for line in lines.splitlines() if line.startswith(said)]


def check_whole(store: Store, last: int) -> None:
    """Every change up to that number is there, once, with all of its parts."""
    assert [each.number for each in store.revisions(10_000)] == list(range(last, 0, -1))
    events = store.events(0, 10_000)
    assert [each.subject for each in events] == [f"revision {number}" for number in range(1, last + 1)]
    assert [each.event for each in store.deliveries(10_000)] == list(events)
    for number, each in enumerate(events, 1):
        assert store.revision(number) == writer.change(number, each.who).revision
    (override,) = store.overrides()
    assert override.why == str(last)


def test_of_two_writers_one_wins_each_number(url: str) -> None:
    """The other is told, and nothing of either is lost or mixed."""
    store = Store(url)
    with writing(url, "a", last=60) as one, writing(url, "b", last=60) as other:
        go(one, other)
        said = {"a": one.communicate(timeout=60)[0], "b": other.communicate(timeout=60)[0]}
        assert (one.returncode, other.returncode) == (0, 0)
    kept = {who: numbers("kept", lines) for who, lines in said.items()}
    last = max(kept["a"] + kept["b"])
    assert sorted(kept["a"] + kept["b"]) == list(range(1, last + 1))
    assert [numbers("lost", lines) for lines in said.values()] != [[], []]
    check_whole(store, last)
    assert {who: [each.number for each in store.revisions(999) if each.author == who][::-1] for who in said} == kept
    store.close()


def test_a_killed_writer_leaves_all_it_acknowledged_and_nothing_torn(url: str) -> None:
    """Three times in about 200 writes, wherever it was just then."""
    store = Store(url)
    before = 0
    for _ in range(3):
        with writing(url, "a", last=100_000) as process:
            go(process)
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(70)]
            process.kill()
            said += process.stdout.readlines()
        newest = store.newest()
        assert newest is not None
        acknowledged = numbers("kept", "".join(each for each in said if each.endswith("\n")))
        assert acknowledged == list(range(before + 1, acknowledged[-1] + 1))
        assert acknowledged[-1] <= newest.number <= acknowledged[-1] + 1
        before = newest.number
    assert before >= 200
    check_whole(store, before)
    store.close()


def test_many_open_a_new_store_at_once(url: str) -> None:
    """One makes the tables, the others find them."""
    command = [sys.executable, "-m", "tests.store.writer", url, "a", "0"]
    processes = [
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    ended = [each.communicate("\n", timeout=60) for each in processes]
    assert [(out, err, each.returncode) for (out, err), each in zip(ended, processes, strict=True)] == [
        ("ready\n", "", 0)
    ] * 3


@pytest.mark.parametrize("part", ["revision", "set", "events", "deliveries"])
def test_the_check_for_torn_changes_sees_them(url: str, part: str) -> None:
    """It would be worth nothing otherwise."""
    store = Store(url)
    store.write(writer.change(1, "a"))
    nothing = None if part == "revision" else ()
    store.write(replace(writer.change(2, "a"), **{part: nothing}))
    with pytest.raises(AssertionError):
        check_whole(store, 2)
    store.close()
