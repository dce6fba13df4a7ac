"""The same bytes, read as servers in the wild read them: strictly, and with each known leniency.

What a proxy sends on is harmless only if every reader finds the same requests in it. Whole streams are read, without a
socket; where a reader gives up, that is part of what it found. No proxy is known here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

BROKEN = "broken"
CUT = "cut"
Found = tuple[str, ...]
"""The targets of the requests found, then how the reading ended unless all was read."""


@dataclass(frozen=True)
class Habits:
    """How a server reads."""

    line_end: re.Pattern[bytes] = re.compile(rb"\r\n")
    length_wins: bool = False
    """Where both framings are there; chunked wins otherwise."""
    is_chunked: Callable[[bytes, bytes], bool] = lambda name, value: (
        name.lower() == b"transfer-encoding" and value.strip(b" \t").lower() == b"chunked"
    )
    is_length: Callable[[bytes], bool] = lambda name: name.lower() == b"content-length"
    last_length: bool = False


def _repaired(name: bytes) -> bytes:
    """A name as a server reads it that repairs white space, control bytes and underscores."""
    return re.sub(rb"[\x00-\x20\x7f-\xff\"']", b"", name).replace(b"_", b"-").lower()


STRICT = Habits()
LENIENT = {
    "length first": Habits(length_wins=True),
    "LF ends lines": Habits(line_end=re.compile(rb"\r?\n")),
    "CR ends lines": Habits(line_end=re.compile(rb"\r\n|\r|\n")),
    "any coding with chunked in it": Habits(
        is_chunked=lambda name, value: _repaired(name) == b"transfer-encoding" and b"chunked" in value.lower()
    ),
    "any coding": Habits(is_chunked=lambda name, value: name.lower() == b"transfer-encoding"),
    "names repaired": Habits(is_length=lambda name: _repaired(name) == b"content-length", length_wins=True),
    "last length": Habits(last_length=True, length_wins=True),
}


def read(data: bytes, habits: Habits = STRICT) -> Found:
    """Every request in the stream."""
    found: list[str] = []
    at = 0
    while at < len(data):
        line, at = _line(data, at, habits)
        if line == b"":
            continue
        if line is None:
            return (*found, CUT)
        words = line.split(b" ")
        if len(words) != 3:
            return (*found, BROKEN)
        found.append(words[1].decode("latin-1"))
        fields, at = _fields(data, at, habits)
        if fields is None:
            return (*found, CUT)
        end = _body(data, at, _framing(fields, habits), habits)
        if end < 0:
            return (*found, CUT if end == -1 else BROKEN)
        at = end
    return tuple(found)


def disagreeing(data: bytes) -> list[str]:
    """The readers that find something else than the strict one does."""
    strict = read(data)
    return [name for name, habits in LENIENT.items() if read(data, habits) != strict]


def _line(data: bytes, at: int, habits: Habits) -> tuple[bytes | None, int]:
    end = habits.line_end.search(data, at)
    return (None, len(data)) if end is None else (data[at : end.start()], end.end())


def _fields(data: bytes, at: int, habits: Habits) -> tuple[list[tuple[bytes, bytes]] | None, int]:
    fields: list[tuple[bytes, bytes]] = []
    while True:
        line, at = _line(data, at, habits)
        if line is None:
            return None, at
        if not line:
            return fields, at
        name, _, value = line.partition(b":")
        fields.append((name, value.strip(b" \t")))


def _framing(fields: list[tuple[bytes, bytes]], habits: Habits) -> int | None:
    """The body's length, None for chunks."""
    chunked = any(habits.is_chunked(name, value) for name, value in fields)
    lengths = [value for name, value in fields if habits.is_length(name)]
    if chunked and not (lengths and habits.length_wins):
        return None
    digits = re.match(rb"[0-9]+", lengths[-1 if habits.last_length else 0]) if lengths else None
    return int(digits[0]) if digits else 0


def _body(data: bytes, at: int, length: int | None, habits: Habits) -> int:
    """Where the body ends; -1 where it does not, -2 where it is broken."""
    if length is not None:
        return at + length if at + length <= len(data) else -1
    while True:
        line, at = _line(data, at, habits)
        if line is None:
            return -1
        size = re.match(rb"[0-9A-Fa-f]+", line)
        if size is None:
            return -2
        if int(size[0], 16) == 0:
            break
        at += int(size[0], 16)
        if at + 2 > len(data):
            return -1
        rest, at = _line(data, at, habits)
        if rest != b"":
            return -2
    fields, at = _fields(data, at, habits)
    return -1 if fields is None else at
