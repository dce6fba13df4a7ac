"""Versions and ranges of them: `>=2.1`, `>=2.1,<3`, `^1.4`. Knows no request.

Precedence is that of Semantic Versioning 2.0.0, section 11. A version with parts left out stands for the whole family:
`=2.1` is every 2.1.x, `>2.1` begins at 2.2.0, `<=2.1` ends with the last 2.1.x. A family ends before the next one's
pre-releases, and so does `<3`: 3.0.0-rc.1 is in neither.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

Identifier = tuple[int, int, str]
Precedence = tuple[tuple[int, ...], tuple[Identifier, ...]]
"""Three numbers, then what follows them; compares as versions do."""

_NUMBER = r"(0|[1-9][0-9]*)"
_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(rf"v?{_NUMBER}(?:\.{_NUMBER}(?:\.{_NUMBER}(?:-({_IDENTIFIERS}))?(?:\+{_IDENTIFIERS})?)?)?")
_COMPARATOR = re.compile(r"\s*(>=|<=|==|!=|>|<|=|\^|~)?\s*(\S+)\s*")

_LONGEST = 256
"""Characters; longer texts are no versions."""
_ALLOWED = "allowed are =, !=, >, >=, <, <=, ^ and ~ before a version such as 2, 2.1 or 2.1.0, separated by commas"

# Section 11: numbers come before words, and a release after all its pre-releases.
_BEFORE_ALL: Identifier = (-1, 0, "")
_RELEASE: tuple[Identifier, ...] = ((2, 0, ""),)
_FIRST = (_BEFORE_ALL,)


class _Version(NamedTuple):
    numbers: tuple[int, ...]
    pre: tuple[Identifier, ...]

    @property
    def low(self) -> Precedence:
        """The first version of the family."""
        return self._numbers(3), self.pre

    @property
    def end(self) -> Precedence:
        """Where the family has ended."""
        if len(self.numbers) < 3:
            return self.after(len(self.numbers))
        return self.numbers, (*self.pre, _BEFORE_ALL)

    def after(self, parts: int) -> Precedence:
        """Where all versions that share the first `parts` numbers have ended."""
        *kept, last = self._numbers(parts)
        return _Version((*kept, last + 1), _FIRST).low

    def _numbers(self, parts: int) -> tuple[int, ...]:
        return (*self.numbers, 0, 0)[:parts]


Span = tuple[Precedence, Precedence]
"""The first version inside, and the first one beyond."""

_BEGIN: Precedence = ((), ())
_END: Precedence = ((10**_LONGEST,), ())


def compile_range(text: str) -> Callable[[str], bool]:
    """Whether a text is a version within the range; ValueError says what a range may be."""
    spans = [_comparator(part) for part in text.split(",")]

    def contains(value: str) -> bool:
        version = _parse(value)
        return version is not None and all((low <= version.low < high) is wanted for (low, high), wanted in spans)

    return contains


def _comparator(text: str) -> tuple[Span, bool]:
    found = _COMPARATOR.fullmatch(text)
    version = _parse(found[2]) if found else None
    if found is None or version is None:
        raise ValueError(f"{text.strip()!r} is no version range; {_ALLOWED}")
    return _span(found[1] or "=", version), found[1] != "!="


def _span(operator: str, version: _Version) -> Span:
    low, end = version.low, version.end
    numbers = len(version.numbers)
    spans = {
        ">=": (low, _END),
        ">": (end if numbers == 3 else (end[0], _RELEASE), _END),
        "<=": (_BEGIN, end),
        "<": (_BEGIN, (low[0], _FIRST) if version.pre == _RELEASE else low),
        "~": (low, version.after(min(numbers, 2))),
        "^": (low, version.after(_leading_zeros(version.numbers) + 1)),
    }
    return spans.get(operator, (low, end))


def _leading_zeros(numbers: tuple[int, ...]) -> int:
    """How many zeros stand before the number that `^` keeps; the last number given is kept in any case."""
    return next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)


def _parse(text: str) -> _Version | None:
    found = _VERSION.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    numbers = tuple(int(part) for part in found.group(1, 2, 3) if part is not None)
    pre = tuple(_identifier(part) for part in found[4].split(".")) if found[4] else _RELEASE
    return _Version(numbers, pre)


def _identifier(text: str) -> Identifier:
    return (0, int(text), "") if text.isdecimal() else (1, 0, text)
