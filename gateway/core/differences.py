"""What differs between two replies, gathered: each place with its JSON path, and how many of them are kept.

It decides how paths and values are written. It must not know when two values are equal.
"""

import json
import re
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

    __slots__ = ("_folded_parent", "_parent", "first", "folded")

    def __init__(self) -> None:
        self.first: list[Difference] = []
        self.folded: set[tuple[str, str]] = set()
        self._parent: Steps = None
        self._folded_parent = "$"

    @property
    def is_full(self) -> bool:
        """Whether no further difference is kept exactly."""
        return len(self.first) >= MOST_DIFFERENCES

    def note(self, at: Steps | str, kind: Kind, live: object = ABSENT, shadow: object = ABSENT) -> None:
        """One difference at a place of a JSON document, or at a part of the reply that is none."""
        if len(self.folded) < MOST_FOLDED:
            self.folded.add((at if isinstance(at, str) else self._fold(at), kind))
        if not self.is_full:
            path = at if isinstance(at, str) else written(at)
            self.first.append(Difference(path, kind, *_shown(live, shadow)))

    def _fold(self, at: Steps) -> str:
        """Items of one list are told one after another, so their list's path is written once."""
        if at is None:
            return "$"
        if at[0] is not self._parent:
            self._parent, self._folded_parent = at[0], written(at[0], folded=True)
        return self._folded_parent + _step(at[1], folded=True)


def written(at: Steps, *, folded: bool = False) -> str:
    """A path as RFC 9535 writes it, in shorthand where that is possible. Folded, every index is `[*]`."""
    steps: list[str] = []
    while at is not None:
        at, step = at
        steps.append(_step(step, folded=folded))
    return "$" + "".join(reversed(steps))


def _step(step: str | int, *, folded: bool) -> str:
    if isinstance(step, int):
        return "[*]" if folded else f"[{step}]"
    if len(step) > LONGEST_NAME:
        step = step[: LONGEST_NAME - 1] + "…"
    return f".{step}" if _SHORTHAND.fullmatch(step) else f"[{_text(step)}]"


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
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


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
