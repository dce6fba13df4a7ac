"""Bytes to text: what a configuration file may be made of before anyone reads YAML.

It decides size, encoding and characters. It must not know YAML.
"""

import codecs
import re
from pathlib import Path

from gateway.config.faults import WHOLE_FILE, ConfigError, Fault

MAX_BYTES = 4 << 20
"""Four times what a Kubernetes ConfigMap may hold, and several times 2,000 routes with 5,000 variants."""

# NEL, LS and PS are text here as in every editor; the YAML library would count them as line ends.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def read(path: Path) -> bytes:
    """The file's bytes; whatever keeps it from being read is one fault."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _refuse(1, 1, f"cannot be read: {error.strerror or error}") from None


def decode(data: bytes) -> str:
    """The text, without a byte order mark."""
    if len(data) > MAX_BYTES:
        raise _refuse(1, 1, f"larger than {MAX_BYTES >> 20} MiB, the most a configuration may be")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _refuse(1, 1, "this is UTF-16; the file must be UTF-8")
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line, column = end(data[: error.start].decode())
        raise _refuse(line, column, f"byte 0x{data[error.start]:02x} is not UTF-8; the file must be UTF-8") from None
    return _printable(text)


def _printable(text: str) -> str:
    if found := _FORBIDDEN.search(text):
        line, column = end(text[: found.start()])
        raise _refuse(
            line, column, f"the character U+{ord(found[0]):04X} may not stand here; in double quotes, escape it"
        )
    return text


def end(before: str) -> tuple[int, int]:
    """The line and column at which a text ends, that is, where what follows it begins."""
    lines = re.split("\r\n|\r|\n", before)
    return len(lines), len(lines[-1]) + 1


def _refuse(line: int, column: int, message: str) -> ConfigError:
    return ConfigError([Fault(line, column, WHOLE_FILE, message)])
