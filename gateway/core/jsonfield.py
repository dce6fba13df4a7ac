"""Singular queries of RFC 9535 (JSONPath): names and indexes that lead to at most one value. Knows no request."""

import re
from typing import Final, NoReturn

Path = tuple[str | int, ...]

MISSING: Final = object()
"""What `read` gives where there is no value; null is one."""

_BLANK = re.compile(r"[ \t\n\r]*")
_SHORTHAND = re.compile(r"[A-Za-z_\x80-\ud7ff\ue000-\U0010ffff][A-Za-z_0-9\x80-\ud7ff\ue000-\U0010ffff]*")
_INDEX = re.compile(r"0|-?[1-9][0-9]*")
_QUOTED = {
    "'": re.compile(r"'((?:[^'\\\x00-\x1f]|\\.)*)'"),
    '"': re.compile(r'"((?:[^"\\\x00-\x1f]|\\.)*)"'),
}
_ESCAPE = re.compile(r"\\(u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_PLAIN = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "/": "/", "\\": "\\"}
_LARGEST_INDEX = 2**53 - 1


def parse(text: str) -> Path:
    """The steps of a query; ValueError says at which character it is wrong and what is allowed there."""
    if not text.startswith("$"):
        _refuse(text, 0, "a query begins with $")
    steps: list[str | int] = []
    at = 1
    while at < len(text):
        at = _blank(text, at)
        step, at = _step(text, at)
        steps.append(step)
    return tuple(steps)


def read(path: Path, value: object) -> object:
    """The value that the steps lead to, or MISSING."""
    for step in path:
        if type(step) is str:
            if type(value) is not dict or step not in value:
                return MISSING
            value = value[step]
        else:
            if type(value) is not list or not -len(value) <= step < len(value):  # type: ignore[operator]
                return MISSING
            value = value[step]  # type: ignore[index]
    return value


def _step(text: str, at: int) -> tuple[str | int, int]:
    if text.startswith(".", at):
        found = _SHORTHAND.match(text, at + 1)
        if found is None:
            _refuse(text, at + 1, "a name is due; names with other characters stand in brackets and quotes: ['a-b']")
        return found[0], found.end()
    if not text.startswith("[", at):
        _refuse(text, at, "a step is due: .name, ['name'] or [0]")
    step, at = _bracketed(text, _blank(text, at + 1))
    at = _blank(text, at)
    if not text.startswith("]", at):
        _refuse(text, at, "] is due")
    return step, at + 1


def _bracketed(text: str, at: int) -> tuple[str | int, int]:
    quote = text[at : at + 1]
    if quote in _QUOTED:
        found = _QUOTED[quote].match(text, at)
        if found is None:
            _refuse(text, at, "this quoted name does not end, or holds a control character")
        return _unescaped(found, quote), found.end()
    index = _INDEX.match(text, at)
    if index is None:
        _refuse(text, at, "a quoted name or an index is due; wildcards, slices and filters could select several values")
    number = int(index[0]) if len(index[0]) <= 17 else _LARGEST_INDEX + 1
    if abs(number) > _LARGEST_INDEX:
        _refuse(text, at, "an index lies between -(2**53 - 1) and 2**53 - 1")
    return number, index.end()


def _unescaped(found: re.Match[str], quote: str) -> str:
    def plain(escape: re.Match[str]) -> str:
        code = escape[1]
        if code == quote:
            return quote
        if code in _PLAIN:
            return _PLAIN[code]
        if len(code) == 11:
            return bytes.fromhex(code[1:5] + code[7:]).decode("utf-16-be")
        if len(code) == 5 and not 0xD800 <= int(code[1:], 16) <= 0xDFFF:
            return chr(int(code[1:], 16))
        return _refuse(found.string, found.start(1) + escape.start(), "an unknown escape, or half a surrogate pair")

    return _ESCAPE.sub(plain, found[1])


def _blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _refuse(text: str, at: int, why: str) -> NoReturn:
    raise ValueError(f"at character {at + 1} of {text!r}: {why}")
