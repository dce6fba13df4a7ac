"""Lengths of time, sizes and shares as people write them.

It decides what `250ms`, `64KiB` and `25%` mean; ValueError says what is due. It must not know which key they stand at.
"""

import re
from functools import lru_cache

DURATION = r"[0-9]{1,12}(\.[0-9]{1,9})?(ms|s|m|h|d)"
SIZE = r"[0-9]{1,12}(B|KiB|MiB|GiB)"
SHARE = r"[0-9]{1,3}(\.[0-9]{1,9})?%"
LONGEST = 3650 * 86_400.0
LARGEST = 1 << 40

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_BYTES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


class WrongError(ValueError):
    """A fault of a value, or of a key or item below it: `at` leads there from the value that was checked."""

    def __init__(self, message: str, *at: str | int) -> None:
        super().__init__(message)
        self.at = at


class DueError(WrongError):
    """The value is not what is due; the message names what is, and whoever shows it adds what was found."""


@lru_cache(maxsize=4096)
def duration(text: str) -> float:
    """Seconds."""
    found = re.fullmatch(DURATION, text)
    if not found:
        raise DueError("a length such as 250ms, 5s, 2m, 1h or 30d is due")
    amount = text.removesuffix(found[2])
    # Whole milliseconds divide exactly: 100ms is the same number as 0.1.
    seconds = float(amount) / 1000 if found[2] == "ms" else float(amount) * _SECONDS[found[2]]
    if seconds > LONGEST:
        raise DueError("a length of at most 3650d is due")
    return seconds


@lru_cache(maxsize=4096)
def size(text: str) -> int:
    """Bytes."""
    found = re.fullmatch(SIZE, text)
    if not found:
        raise DueError("a size such as 512B, 64KiB, 1MiB or 2GiB is due")
    count = int(text.removesuffix(found[1])) * _BYTES[found[1]]
    if count > LARGEST:
        raise DueError("a size of at most 1024GiB is due")
    return count


@lru_cache(maxsize=4096)
def share(text: str) -> float:
    """A fraction of one."""
    if not re.fullmatch(SHARE, text):
        raise DueError("a share such as 25% or 0.1% is due")
    fraction = float(text[:-1]) / 100
    if fraction > 1:
        raise DueError("a share of at most 100% is due")
    return fraction
