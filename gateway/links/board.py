"""The board: numbers in memory that all processes of the gateway share.

Each slot has one writer, its process; everyone may read every slot at any time. No locks: a cell is eight aligned
bytes, and a name counts only once the slot's committed length covers it, which is written last. It decides where a
named run of cells lies and what happens when there is no room. It must not know what a name or a number means.

Layout, each part a whole number of pages so that untouched room costs nothing::

    header | slot 0: committed length, names, cells | slot 1: ... | ...

A name is appended as (first cell, cells, is a gauge, length, bytes). Names are never removed or moved, so what a
process left in its slot is there for the next owner, which counts on from it; only gauges begin again at zero.
"""

import mmap
import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

MAX_RUN = 64
"""The most cells one name may have."""

OVERFLOW = b"overflow"
"""The name of each slot's first cell: how many names found no room. Their counts go to cells nobody reads."""

_SCRAP = 1
_FIRST = _SCRAP + MAX_RUN
_MAGIC = b"gwboard1"
_HEADER = struct.Struct("=8sQQQ")
_ENTRY = struct.Struct("=IHBxH")
_LONGEST_NAME = 0xFFFF


class Entry(NamedTuple):
    """A named run of cells in one slot."""

    key: bytes
    first: int
    size: int
    gauge: bool


class _Views:
    """The three parts of one slot as views of the shared memory."""

    __slots__ = ("committed", "names", "values")

    def __init__(self, memory: memoryview, start: int, *, names: int, cells: int) -> None:
        first_name = start + mmap.PAGESIZE
        first_cell = first_name + names
        self.committed = memory[start : start + 8].cast("q")
        self.names = memory[first_name:first_cell]
        self.values = memory[first_cell : first_cell + cells * 8].cast("q")

    def entries(self, start: int, end: int) -> Iterator[Entry]:
        """The names that stand between two offsets of the names' part."""
        while start < end:
            first, size, gauge, length = _ENTRY.unpack_from(self.names, start)
            start += _ENTRY.size + length
            yield Entry(bytes(self.names[start - length : start]), first, size, bool(gauge))


class Slot:
    """One process's own cells. `values[i] += 1` is all it takes to count; `i` comes from `index`."""

    __slots__ = ("_known", "_next", "_views", "values")

    def __init__(self, views: _Views) -> None:
        self._views = views
        self.values: memoryview[int] = views.values
        self._known: dict[bytes, int] = {}
        self._next = _FIRST
        for entry in views.entries(0, views.committed[0]):
            self._adopt(entry)
        if OVERFLOW not in self._known:
            self._write(Entry(OVERFLOW, 0, 1, gauge=False))

    def index(self, key: bytes, size: int = 1, *, gauge: bool = False) -> int:
        """The first of the `size` consecutive cells of that name, appended when it is new. A gauge tells of its
        process as it is now, so it is cleared when the process ends. Never fails: see OVERFLOW."""
        found = self._known.get(key)
        return self._append(key, size, gauge=gauge) if found is None else found

    def _append(self, key: bytes, size: int, *, gauge: bool) -> int:
        if not 0 < size <= MAX_RUN:
            raise ValueError(f"a name has 1 to {MAX_RUN} cells, not {size}")
        if not self._has_room(key, size):
            self.values[0] += 1
            self._known[key] = _SCRAP
            return _SCRAP
        self._write(Entry(key, self._next, size, gauge))
        self._next += size
        return self._known[key]

    def _has_room(self, key: bytes, size: int) -> bool:
        names = self._views.committed[0] + _ENTRY.size + len(key)
        fits = names <= len(self._views.names) and self._next + size <= len(self.values)
        return fits and len(key) <= _LONGEST_NAME

    def _write(self, entry: Entry) -> None:
        start = self._views.committed[0]
        end = start + _ENTRY.size + len(entry.key)
        _ENTRY.pack_into(self._views.names, start, entry.first, entry.size, entry.gauge, len(entry.key))
        self._views.names[start + _ENTRY.size : end] = entry.key
        self._views.committed[0] = end
        self._known[entry.key] = entry.first

    def _adopt(self, entry: Entry) -> None:
        self._known[entry.key] = entry.first
        self._next = max(self._next, entry.first + entry.size)
        if entry.gauge:
            _clear(self.values, entry)


class _Reader:
    """What has been read of one slot's names so far."""

    __slots__ = ("entries", "seen", "views")

    def __init__(self, views: _Views) -> None:
        self.views = views
        self.entries: list[Entry] = []
        self.seen = 0

    def refresh(self) -> list[Entry]:
        """The names that came since the last time."""
        committed = self.views.committed[0]
        if committed == self.seen:
            return []
        fresh = list(self.views.entries(self.seen, committed))
        self.entries += fresh
        self.seen = committed
        return fresh


class Board:
    """All slots, as one process sees them."""

    def __init__(self, memory: mmap.mmap) -> None:
        magic, self.slots, names, cells = _HEADER.unpack_from(memory, 0)
        if magic != _MAGIC:
            raise ValueError("not a board, or another version wrote it")
        view = memoryview(memory)
        stride = _stride(names, cells)
        starts = range(mmap.PAGESIZE, mmap.PAGESIZE + self.slots * stride, stride)
        self._readers = [_Reader(_Views(view, start, names=names, cells=cells)) for start in starts]
        self._runs: dict[bytes, list[tuple[memoryview[int], int]]] = {}
        self._owners: dict[bytes, list[int]] = {}
        self._indexed = [0] * self.slots

    @classmethod
    def create(
        cls, target: str | os.PathLike[str] | int, slots: int, *, names: int = 64 << 20, cells: int = 4 << 20
    ) -> "Board":
        """A new board in a file, or in an open descriptor such as a memfd's. `names` is bytes, `cells` a number, both
        of each slot; only what is used takes memory."""
        names = _pages(names)
        cells = _pages(cells * 8) // 8
        size = mmap.PAGESIZE + slots * _stride(names, cells)
        with open(target, "wb+", closefd=not isinstance(target, int)) as file:
            os.ftruncate(file.fileno(), size)
            memory = mmap.mmap(file.fileno(), size)
        memory[: _HEADER.size] = _HEADER.pack(_MAGIC, slots, names, cells)
        return cls(memory)

    @classmethod
    def open(cls, target: str | os.PathLike[str] | int) -> "Board":
        """The board that stands in that file or descriptor."""
        with open(target, "rb+", closefd=not isinstance(target, int)) as file:
            size = os.fstat(file.fileno()).st_size
            if size < mmap.PAGESIZE:
                raise ValueError("not a board: it is too short")
            return cls(mmap.mmap(file.fileno(), size))

    def slot(self, number: int) -> Slot:
        """That slot, to write in. There must be no other living writer of it."""
        return Slot(self._readers[number].views)

    def clear_gauges(self, number: int) -> None:
        """Sets the gauges of a slot to zero; only for a slot whose writer has ended."""
        reader = self._readers[number]
        reader.refresh()
        for entry in reader.entries:
            if entry.gauge:
                _clear(reader.views.values, entry)

    def names(self, number: int, since: int = 0) -> tuple["memoryview[int]", list[Entry]]:
        """The cells of a slot, and its names from that one on: names only ever come to the end."""
        reader = self._readers[number]
        reader.refresh()
        return reader.views.values, reader.entries[since:]

    def read(self) -> Iterator[tuple[int, bytes, tuple[int, ...]]]:
        """Every name of every slot with its numbers as they are now."""
        for number, reader in enumerate(self._readers):
            reader.refresh()
            values = reader.views.values
            for key, first, size, _ in reader.entries:
                yield number, key, tuple(values[first : first + size])

    def cells(self, key: bytes) -> list[tuple[memoryview, int]]:
        """Where that name stands in each slot that has it: (values, first cell). The list is the same one each time
        and grows when other slots gain the name, so a sum over all processes may keep it and call this to refresh."""
        for number, reader in enumerate(self._readers):
            reader.refresh()
            for entry in reader.entries[self._indexed[number] :]:
                self._runs.setdefault(entry.key, []).append((reader.views.values, entry.first))
                self._owners.setdefault(entry.key, []).append(number)
            self._indexed[number] = len(reader.entries)
        return self._runs.setdefault(key, [])

    @property
    def known(self) -> int:
        """How many names, of all slots, `cells` has found so far."""
        return sum(self._indexed)

    def runs(self, key: bytes, size: int) -> "dict[int, memoryview[int]]":
        """The cells of that name, by the number of the slot, of each slot that has it now."""
        found = self.cells(key)
        owners = self._owners.get(key, [])
        return {number: values[first : first + size] for number, (values, first) in zip(owners, found, strict=True)}


def _clear(values: "memoryview[int]", entry: Entry) -> None:
    for index in range(entry.first, entry.first + entry.size):
        values[index] = 0


def _pages(size: int) -> int:
    return -(-size // mmap.PAGESIZE) * mmap.PAGESIZE


def _stride(names: int, cells: int) -> int:
    return mmap.PAGESIZE + names + cells * 8
