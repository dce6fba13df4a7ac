"""The board: shared numbers with one writer per slot."""

import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.links.board import MAX_RUN, OVERFLOW, Board


def numbers(board: Board) -> dict[tuple[int, bytes], tuple[int, ...]]:
    return {(slot, key): cells for slot, key, cells in board.read() if key != OVERFLOW}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "board"


def small(path: Path, slots: int = 2, *, names: int = 4096, cells: int = 512) -> Board:
    return Board.create(path, slots, names=names, cells=cells)


def test_a_new_board_has_no_names_and_no_overflow(path: Path) -> None:
    board = small(path)
    assert list(board.read()) == []
    board.slot(1)
    assert list(board.read()) == [(1, OVERFLOW, (0,))]


def test_one_process_reads_what_another_counts(path: Path) -> None:
    board = small(path)
    slot = board.slot(0)
    requests, latency = slot.index(b"requests"), slot.index(b"latency", 3)
    slot.values[requests] += 7
    slot.values[latency + 2] += 1
    assert numbers(Board.open(path)) == {(0, b"requests"): (7,), (0, b"latency"): (0, 0, 1)}


def test_a_name_always_means_the_same_cells(path: Path) -> None:
    slot = small(path).slot(0)
    first = slot.index(b"a", 4)
    assert slot.index(b"b") == first + 4
    assert slot.index(b"a", 4) == first


def test_the_next_owner_counts_on_and_only_gauges_begin_again(path: Path) -> None:
    board = small(path)
    before = board.slot(1)
    before.values[before.index(b"requests")] = 41
    before.values[before.index(b"in_flight", gauge=True)] = 5
    after = Board.open(path).slot(1)
    after.values[after.index(b"requests")] += 1
    after.values[after.index(b"new")] += 3
    assert numbers(board) == {(1, b"requests"): (42,), (1, b"in_flight"): (0,), (1, b"new"): (3,)}


def test_clearing_gauges_leaves_counts_alone(path: Path) -> None:
    board = small(path)
    slot = board.slot(0)
    slot.values[slot.index(b"count")] = 2
    slot.values[slot.index(b"gauge", 2, gauge=True) + 1] = 2
    board.clear_gauges(0)
    assert numbers(board) == {(0, b"count"): (2,), (0, b"gauge"): (0, 0)}


def test_a_half_written_name_is_neither_read_nor_kept(path: Path) -> None:
    """The committed length is what makes a name: bytes beyond it are of a writer that died."""
    board = small(path)
    slot = board.slot(0)
    slot.index(b"whole")
    committed = slot._views.committed[0]
    slot.index(b"torn")
    slot._views.committed[0] = committed
    assert numbers(Board.open(path)) == {(0, b"whole"): (0,)}
    heir = Board.open(path).slot(0)
    heir.values[heir.index(b"other")] = 9
    assert numbers(Board.open(path)) == {(0, b"whole"): (0,), (0, b"other"): (9,)}


@pytest.mark.parametrize(("names", "cells"), [(4096, 1 << 20), (1 << 20, 512)])
def test_a_full_board_counts_what_found_no_room_and_harms_nothing(path: Path, names: int, cells: int) -> None:
    board = small(path, names=names, cells=cells)
    slot = board.slot(0)
    written = 2000
    for number in range(written):
        index = slot.index(b"name %d" % number, 8)
        for cell in range(index, index + 8):
            slot.values[cell] += 1
    kept = numbers(board)
    refused = next(values for _, key, values in board.read() if key == OVERFLOW)
    assert 0 < len(kept) < written
    assert set(kept.values()) == {(1,) * 8}
    assert refused == (written - len(kept),)


def test_a_refused_name_counts_once(path: Path) -> None:
    slot = small(path, names=4096, cells=512).slot(0)
    scrap = slot.index(b"x" * 5000)
    assert slot.index(b"x" * 5000) == scrap
    assert slot.values[0] == 1


@pytest.mark.parametrize("size", [0, -1, MAX_RUN + 1])
def test_a_run_has_a_bounded_size(path: Path, size: int) -> None:
    with pytest.raises(ValueError, match=f"1 to {MAX_RUN} cells"):
        small(path).slot(0).index(b"a", size)


def test_names_come_to_the_end(path: Path) -> None:
    board = small(path)
    slot = board.slot(1)
    first = slot.index(b"a", 3)
    values, entries = board.names(1)
    assert [(entry.key, entry.first, entry.size) for entry in entries][-1] == (b"a", first, 3)
    slot.values[slot.index(b"b", gauge=True)] = 5
    _, more = board.names(1, len(entries))
    assert [(entry.key, entry.gauge, values[entry.first]) for entry in more] == [(b"b", True, 5)]
    assert board.names(1, len(entries) + 1)[1] == []


def test_cells_finds_a_name_in_every_slot_and_learns_of_new_ones(path: Path) -> None:
    board = small(path, 3)
    slots = [Board.open(path).slot(number) for number in range(3)]
    slots[0].values[slots[0].index(b"in_flight")] = 2
    found = board.cells(b"in_flight")
    assert sum(values[index] for values, index in found) == 2
    slots[2].index(b"other")
    slots[2].values[slots[2].index(b"in_flight")] = 3
    assert board.cells(b"in_flight") is found
    assert sum(values[index] for values, index in found) == 5
    assert board.cells(b"unknown") == []


@given(st.lists(st.tuples(st.integers(0, 2), st.binary(max_size=20), st.integers(-(2**62), 2**62)), max_size=60))
def test_what_is_read_is_what_was_added_however_slots_are_reopened(steps: list[tuple[int, bytes, int]]) -> None:
    descriptor = os.memfd_create("board")
    try:
        board = Board.create(descriptor, 3, names=8192, cells=1024)
        expected: dict[tuple[int, bytes], tuple[int, ...]] = {}
        for number, name, value in steps:
            key = b"k" + name
            slot = Board.open(descriptor).slot(number)
            slot.values[slot.index(key)] = value
            expected[number, key] = (value,)
        assert numbers(board) == expected
    finally:
        os.close(descriptor)


def test_untouched_room_takes_no_memory(path: Path) -> None:
    """The default board has room for thousands of variants, and costs what is used."""
    board = Board.create(path, 8)
    for number in range(8):
        slot = board.slot(number)
        slot.values[slot.index(b"requests")] += 1
    assert path.stat().st_size > 8 * (64 << 20)
    assert path.stat().st_blocks * 512 < 1 << 20


WRITER = """
import sys
from gateway.links.board import Board
slot = Board.open(sys.argv[1]).slot(0)
print("ready", flush=True)
number = 0
while True:
    name = b"name %d " % number + b"x" * (number % 50)
    slot.values[slot.index(name, 3) + 2] += 1
    slot.values[slot.index(b"total")] += 1
    number = (number + 1) % 5000
"""


def test_a_writer_killed_at_any_moment_leaves_a_readable_slot(path: Path) -> None:
    """While it writes and after kill -9, each name reads whole and no count ever falls."""
    board = Board.create(path, 1)
    last = 0
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            for _ in range(20):
                last = check_growth(board, last)
            writer.send_signal(signal.SIGKILL)
        last = check_growth(board, last)


def check_growth(board: Board, last: int) -> int:
    found = numbers(board)
    total = found.pop((0, b"total"), (0,))[0]
    assert total >= last
    for (_, key), cells in found.items():
        assert key.startswith(b"name "), key
        assert cells[:2] == (0, 0)
    return total


@pytest.mark.parametrize("content", [b"", b"short", bytes(8192), b"gwboard0" + bytes(8192)])
def test_what_is_not_a_board_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not a board"):
        Board.open(path)


def test_a_cell_is_eight_aligned_bytes(path: Path) -> None:
    """A reader never sees half of a number: the views start at a page, eight bytes a cell."""
    slot = small(path).slot(0)
    assert slot.values.itemsize == struct.calcsize("q") == 8
    assert slot.values.format == "q"
