"""How the command speaks: results on standard output, messages on standard error, colours only where a person looks."""

import io
import os
import re
import sys
from typing import TextIO

import orjson
from rich.console import Console
from rich.text import Text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def prepare() -> None:
    """Make both streams take any text: what their encoding lacks is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def result(text: str, *, style: str = "") -> None:
    """One line, or several, on standard output."""
    _write(sys.stdout, text, style=style)


def message(text: str, *, style: str = "") -> None:
    """One line, or several, on standard error."""
    _write(sys.stderr, text, style=style)


def is_watched() -> bool:
    """Whether a person sees what `progress` shows."""
    return sys.stderr.isatty()


def progress(text: str) -> None:
    """What goes on, in one line of the terminal that the next one takes the place of; nothing anywhere else. Without
    text the line is cleared."""
    if is_watched():
        width = os.get_terminal_size(sys.stderr.fileno()).columns or 80
        sys.stderr.write(f"\r\x1b[K{plain(text)[: width - 1]}")
        sys.stderr.flush()


def document(data: object) -> None:
    """One JSON document on standard output, indented for people and plain for machines."""
    _write(sys.stdout, orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())


def file(text: str) -> None:
    """A file's content on standard output: readable on a terminal, anywhere else byte for byte."""
    if sys.stdout.isatty():
        result(text.removesuffix("\n"))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())


def plain(text: str) -> str:
    """`text` with control characters spelled out, so that a file's content cannot steer the terminal."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", text)


def coloured(stream: TextIO) -> bool:
    """Whether `stream` is a terminal whose owner wants colours."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _write(stream: TextIO, text: str, *, style: str = "") -> None:
    colour = coloured(stream)
    console = Console(file=stream, force_terminal=colour, color_system="auto" if colour else None)
    console.print(Text(plain(text), style=style), soft_wrap=True)
