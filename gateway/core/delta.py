"""Delta: what turns one snapshot into another, in small parts that a worker takes one at a time.

It decides what has changed and how it is cut up; it must not know who sends the parts. What has not changed is not
sent, and stays the identical object where the parts are put together: there, "unchanged" is a question of identity.
"""

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Literal

from gateway.core.model import Snapshot
from gateway.core.same import same

Section = Literal["variants", "routes", "segments"]

_SECTIONS: tuple[Section, ...] = ("variants", "routes", "segments")
_OBJECTS = 100
"""How many changed objects travel together: about a millisecond of a worker's time."""
_NAMES = 2_000
_LARGEST = 128 << 10
"""Bytes of one part; what is larger travels in pieces."""


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a delta from the snapshot of serial `base` (0: from nothing) to that of `serial`. `number` counts
    from 0."""

    base: int
    serial: int
    number: int
    data: bytes = field(repr=False)
    complete: bool
    """Whether a batch ends with this piece of it."""
    last: bool
    """Whether the delta ends with this part."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is unpickled at once. `names` are the next of the section's names in their order, or None: those it had."""

    section: Section = "variants"
    changed: Mapping[str, object] = field(default_factory=dict)
    names: tuple[str, ...] | None = None
    rest: Snapshot | None = None
    """In the last batch: everything but the sections."""


def delta(before: Snapshot | None, after: Snapshot) -> list[Part]:
    """The parts that turn `before` into `after`, to be added in this order. None: they need nothing to start from."""
    pieces = [piece for batch in _batches(before, after) for piece in _pieces(batch)]
    base = 0 if before is None else before.serial
    return [
        Part(base, after.serial, number, data, complete=complete, last=number == len(pieces) - 1)
        for number, (data, complete) in enumerate(pieces)
    ]


def _batches(before: Snapshot | None, after: Snapshot) -> Iterator[_Batch]:
    for section in _SECTIONS:
        new = getattr(after, section)
        old = {} if before is None else getattr(before, section)
        missing = object()
        changed = ((name, each) for name, each in new.items() if not same(old.get(name, missing), each))
        while some := dict(islice(changed, _OBJECTS)):
            yield _Batch(section, some)
        if tuple(old) != tuple(new):
            yield from (_Batch(section, names=names) for names in _slices(tuple(new)))
    yield _Batch(rest=replace(after, variants={}, routes={}, segments={}))


def _slices(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """At least one, so that a section can become empty."""
    for start in range(0, max(len(names), 1), _NAMES):
        yield names[start : start + _NAMES]


def _pieces(batch: _Batch) -> Iterator[tuple[bytes, bool]]:
    data = pickle.dumps(batch, pickle.HIGHEST_PROTOCOL)
    for start in range(0, len(data), _LARGEST):
        yield data[start : start + _LARGEST], start + _LARGEST >= len(data)


class Assembly:
    """Puts the parts of one delta together."""

    def __init__(self, before: Snapshot | None) -> None:
        self._before = before
        self._base = 0 if before is None else before.serial
        self._serial: int | None = None
        self._parts = 0
        self._pieces: list[bytes] = []
        self._changed: dict[Section, dict[str, object]] = {section: {} for section in _SECTIONS}
        self._names: dict[Section, list[str]] = {}
        self._rest: Snapshot | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the last part has come."""
        return self._rest is not None

    def add(self, part: Part) -> None:
        """Takes the next part; ValueError for any other. Parts are trusted: they come from this gateway's control."""
        serial = part.serial if self._serial is None else self._serial
        due = (self._base, serial, self._parts)
        if (part.base, part.serial, part.number) != due or self.is_complete:
            raise ValueError(
                f"part {part.number} of {part.base} to {part.serial} does not follow part {self._parts - 1} "
                f"of {self._base} to {serial}"
            )
        self._serial = serial
        self._parts += 1
        self._pieces.append(part.data)
        if part.complete:
            self._take(pickle.loads(b"".join(self._pieces)))  # noqa: S301 - from this gateway's own control
            self._pieces.clear()

    def finish(self) -> Snapshot:
        """The new snapshot; ValueError when parts are missing."""
        if self._rest is None:
            raise ValueError(f"parts are missing after part {self._parts - 1} of {self._base} to {self._serial}")
        sections: dict[str, Any] = {section: self._section(section) for section in _SECTIONS}
        return replace(self._rest, **sections)

    def _take(self, batch: _Batch) -> None:
        self._rest = batch.rest
        self._changed[batch.section].update(batch.changed)
        if batch.names is not None:
            self._names.setdefault(batch.section, []).extend(batch.names)

    def _section(self, section: Section) -> Mapping[str, object]:
        old: Mapping[str, object] = {} if self._before is None else getattr(self._before, section)
        new = self._changed[section]
        if not new and section not in self._names:
            return old
        return {name: new[name] if name in new else old[name] for name in self._names.get(section, old)}
