"""What differs between two replies: each difference with its JSON path, and how many are kept.

It decides how paths and values are written. It must not know when two values are equal.
"""

import json
import re
from typing import Literal, NamedTuple

import orjson

Kind = Literal["value", "type", "missing", "extra", "order", "length"]
"""Seen from the live reply: `missing` is what the shadow lacks, `extra` what it has besides."""

Steps = tuple["Steps", str | int] | None
"""Where a value stands: its parent's steps and its own name or index; None at the root."""

MOST_DIFFERENCES = 100
MOST_FOLDED = 200
LONGEST_VALUE = 200
LONGEST_NAME = 100

_SHORTHAND = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


class Difference(NamedTuple):
    """One place where two replies differ."""

    path: str
    """Exact JSON path, such as `$.scores[3].x`; `status`, `content-type` or `body` for what is not JSON."""
    kind: Kind
    live: str
    """The value as JSON text, cut after 200 characters; empty where there is none. Of `length`: the length."""
    shadow: str


class Differences:
    """Those of one pair: the first 100 exactly, and at most 200 kinds of places."""

    __slots__ = ("first", "folded")

    def __init__(self) -> None:
        self.first: list[Difference] = []
        self.folded: set[tuple[str, str]] = set()

    def note(self, at: Steps | str, kind: Kind, *, live: str = "", shadow: str = "") -> None:
        """One difference at `at`; values as JSON text."""
        folded = at if isinstance(at, str) else written(at, folded=True)
        if len(self.folded) < MOST_FOLDED:
            self.folded.add((folded, kind))
        if len(self.first) < MOST_DIFFERENCES:
            path = at if isinstance(at, str) else written(at)
            self.first.append(Difference(path, kind, cut(live), cut(shadow)))


def written(at: Steps, *, folded: bool = False) -> str:
    """A path as RFC 9535 writes it, shorthand where that is possible; folded, every index is `[*]`."""
    steps: list[str] = []
    while at is not None:
        at, step = at
        if isinstance(step, int):
            steps.append("[*]" if folded else f"[{step}]")
        else:
            steps.append(_name(step))
    return "$" + "".join(reversed(steps))


def _name(name: str) -> str:
    name = cut(name, LONGEST_NAME)
    if _SHORTHAND.fullmatch(name):
        return f".{name}"
    return f"[{text(name)}]"


def text(value: object) -> str:
    """A value as JSON text."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value)


def cut(written: str, most: int = LONGEST_VALUE) -> str:
    """At most so many characters; the last is an ellipsis where there were more."""
    return written if len(written) <= most else written[: most - 1] + "…"
