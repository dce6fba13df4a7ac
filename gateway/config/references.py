"""`${env:NAME}` and `${file:PATH}` in a text, replaced by what they stand for; `$${env:NAME}` stands for itself.

It decides what a reference is and when one is missing. It must not know which keys may hold secrets.
"""

import os
import re
from pathlib import Path
from stat import S_ISREG

MAX_BYTES = 64 << 10
"""Of a file that a reference names: a secret, not a data set."""

MAX_REFERENCES = 100
"""In one value."""

_REFERENCE = re.compile(r"(\$?)\$\{(env|file):([^}]*)\}")


class Substituted(str):
    """A text that held references; `written` is the text before they were replaced, safe to show."""

    __slots__ = ("written",)
    written: str


def holds_reference(text: str) -> bool:
    """Whether something in the text is replaced."""
    return any(not found[1] for found in _REFERENCE.finditer(text))


def named_files(text: str) -> set[str]:
    """The files that a text refers to, as they are written there."""
    return {name for escaped, kind, name in _REFERENCE.findall(text) if kind == "file" and not escaped}


def mask(text: str, stand_in: str) -> str:
    """The text with every reference replaced by the same stand-in, to look at what is literal in it."""
    return _REFERENCE.sub(stand_in, text)


def substitute(text: str, folder: Path) -> str:
    """The text with every reference replaced; ValueError says which is missing. Relative files begin at `folder`."""
    if "${" not in text:
        return text
    if len(_REFERENCE.findall(text)) > MAX_REFERENCES:
        raise ValueError(f"more than {MAX_REFERENCES} references in one value")
    replaced = Substituted(_REFERENCE.sub(lambda found: _value(found, folder), text))
    replaced.written = text
    return replaced if holds_reference(text) else str(replaced)


def _value(found: re.Match[str], folder: Path) -> str:
    escaped, kind, name = found.groups()
    if escaped:
        return found[0][1:]
    return _environment(name) if kind == "env" else _file(name, folder)


def _environment(name: str) -> str:
    if not name or "\0" in name or "=" in name:
        raise ValueError(f"${{env:{name}}} names no environment variable")
    value = os.environ.get(name)
    if value is None:
        raise ValueError(f"the environment variable {name} is not set")
    return _text(os.fsencode(value), f"the environment variable {name}")


def _file(name: str, folder: Path) -> str:
    if not name or "\0" in name:
        raise ValueError(f"${{file:{name!r}}} names no file" if name else "${file:} names no file")
    path = folder / name
    try:
        # Not opened unless it is a file: a pipe would keep the check waiting for ever.
        if not S_ISREG(path.stat().st_mode):
            raise ValueError(f"{path} is not a file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None
    if len(data) > MAX_BYTES:
        raise ValueError(f"{path} is larger than {MAX_BYTES >> 10} KiB")
    return _text(data, str(path)).removesuffix("\n").removesuffix("\r")


def _text(data: bytes, what: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ValueError(f"{what} is not UTF-8") from None
