"""Two texts side by side, the lines that differ marked.

It decides which lines stand beside each other, and which are left out: of what is alike only what is near a difference.
"""

import json
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import zip_longest

Line = tuple[str, str]
"""Text and style."""

NEAR = 2
"""Lines shown around a difference."""
MOST = 400
"""Lines of each text that are looked at."""
_MARKS = {"equal": " ", "replace": "|", "delete": "<", "insert": ">"}
_STYLES = {"equal": "", "replace": "yellow", "delete": "red", "insert": "green"}
_LEAST = 20
"""Columns of each side, at least."""


def lines(text: str) -> list[str]:
    """JSON with a line for each value, anything else as it is."""
    try:
        shown = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        shown = text
    found = shown.splitlines()
    more = len(found) - MOST
    return [*found[:MOST], f"... and {more:,} more lines"] if more > 0 else found


def beside(left: list[str], right: list[str], *, width: int) -> Iterator[Line]:
    """Both within that many columns: `|` stands between lines that differ, `<` and `>` point to one that is alone."""
    side = max((width - 3) // 2, _LEAST)
    groups = SequenceMatcher(None, left, right, autojunk=False).get_grouped_opcodes(NEAR)
    for number, group in enumerate(groups):
        if number:
            yield "...", "dim"
        for word, from_left, to_left, from_right, to_right in group:
            for one, other in zip_longest(left[from_left:to_left], right[from_right:to_right], fillvalue=None):
                kind = "delete" if other is None else "insert" if one is None else word
                text = f"{_cut(one or '', side):{side}} {_MARKS[kind]} {_cut(other or '', side)}"
                yield text.rstrip(), _STYLES[kind]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."
