"""What can be wrong with a configuration, as data: one fault is one place, one path and one sentence.

It decides how a fault reads. It must not know YAML, files, or how faults are found.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.errors import GatewayError

WHOLE_FILE = "(file)"
"""Stands for the path where a fault is of the text or the file, not of a key."""

MAX_FAULTS = 1000
"""More are not listed: nobody reads them, and a hostile file could hold half a million."""
_LONGEST = 600


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault or warning. Lines and columns count from 1, columns in characters."""

    line: int
    column: int
    path: str
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", _one_line(self.path))
        object.__setattr__(self, "message", _one_line(self.message))

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.path}: {self.message}"

    def at(self, name: str) -> str:
        """`FILE:LINE:COLUMN: path: what is wrong, and what is allowed`."""
        return f"{name}:{self}"


def _one_line(text: str) -> str:
    """Fit for a terminal and a log: what a file says in a name or value cannot break the line or colour it."""
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return short if short.isprintable() else "".join(each if each.isprintable() else "\ufffd" for each in short)


class ConfigError(GatewayError):
    """The configuration is refused; `faults` holds every one, in the file's order."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        count = len(self.faults)
        super().__init__(f"the configuration has {count} fault{'' if count == 1 else 's'}")
