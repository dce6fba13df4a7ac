"""What differs between two replies, gathered: each place with its JSON path, and how many of them are kept.

It decides how paths and values are written. It must not know when two values are equal.
"""

import json
import re
from functools import lru_cache
from math import isfinite
from typing import Final, Protocol, TypeVar

from gateway.core.judgement import Difference, Kind

Steps = tuple["Steps", str | int] | None
"""Where a value stands: its parent's steps, and its own name or index; None for the whole."""

ABSENT: Final = object()
"""In the place of a value that is not there; null is one."""

MOST_DIFFERENCES = 100
MOST_FOLDED = 200
LONGEST_VALUE = 200
LONGEST_NAME = 100
BEFORE = 20
"""Characters that are shown before the first one in which two long texts differ."""

Prefixed = TypeVar("Prefixed", str, bytes)

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_SHORTHAND = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Notes(Protocol):
    """What a comparison tells of each difference."""

    @property
    def is_full(self) -> bool:
        """Whether more differences of a kind and folded path that are known already would change nothing."""

    def note(self, at: Steps | str, kind: Kind, live: object = ABSENT, shadow: object = ABSENT) -> None:
        """One difference."""


class Differences:
    """Those of one pair: the first of them exactly, and all kinds of places."""

    __slots__ = ("_folded", "_parent", "_path", "first", "folded")

    def __init__(self) -> None:
        self.first: list[Difference] = []
        self.folded: set[tuple[str, str]] = set()
        self._parent: Steps = None
        self._path = self._folded = "$"

    @property
    def is_full(self) -> bool:
        """Whether no further difference is kept exactly."""
        return len(self.first) >= MOST_DIFFERENCES

    def note(self, at: Steps | str, kind: Kind, live: object = ABSENT, shadow: object = ABSENT) -> None:
        """One difference at a place of a JSON document, or at a part of the reply that is none."""
        path, place = (at, at) if isinstance(at, str) else self._paths(at)
        if len(self.folded) < MOST_FOLDED:
            self.folded.add((place, kind))
        if not self.is_full:
            self.first.append(Difference(path, kind, *_shown(live, shadow)))

    def _paths(self, at: Steps) -> tuple[str, str]:
        """Exact and folded. What differs in one list is told one after another, so the list's are written once."""
        if at is None:
            return "$", "$"
        parent, step = at
        if parent is not self._parent:
            self._parent, self._path, self._folded = parent, written(parent), folded(parent)
        if isinstance(step, int):
            return f"{self._path}[{step}]", f"{self._folded}[*]"
        name = _named(step)
        return self._path + name, self._folded + name


def written(at: Steps) -> str:
    """A path as RFC 9535 writes it, in shorthand where that is possible."""
    if at is None:
        return "$"
    return written(at[0]) + (f"[{at[1]}]" if isinstance(at[1], int) else _named(at[1]))


def folded(at: Steps) -> str:
    """The same with every index as `[*]`."""
    if at is None:
        return "$"
    return folded(at[0]) + ("[*]" if isinstance(at[1], int) else _named(at[1]))


def _named(name: str) -> str:
    return _selector(name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…")


@lru_cache(maxsize=1024)
def _selector(name: str) -> str:
    return f".{name}" if _SHORTHAND.fullmatch(name) else f"[{_text(name)}]"


def _shown(live: object, shadow: object) -> tuple[str, str]:
    """Both values as JSON text, cut to what fits; two long texts are shown from where they begin to differ."""
    left, right = _text(live), _text(shadow)
    start = 0
    if max(len(left), len(right)) > LONGEST_VALUE and left and right:
        start = max(0, common(left, right) - BEFORE)
    return _cut(left, start), _cut(right, start)


def _text(value: object) -> str:
    if value is ABSENT:
        return ""
    text = _json(value)
    return text if text.isascii() else _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _json(value: object) -> str:
    if type(value) is int or (type(value) is float and isfinite(value)):
        return repr(value)
    # Every item takes two characters at least: of a long list no more is ever shown.
    return _ENCODE(value[:LONGEST_VALUE] if isinstance(value, list) else value)


def _cut(text: str, start: int) -> str:
    if start:
        text = "…" + text[start:]
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def common(left: Prefixed, right: Prefixed) -> int:
    """How much is the same at the beginning of both."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
