"""Log lines on standard error: JSON, or plain text where a person watches a terminal.

It decides how a line looks and that a reader who does not keep up never holds up a process: a line that would block
is dropped, and the next one says how many were. It must not know what is logged; callers never pass secrets.
"""

import json
import os
import select
from datetime import UTC, datetime

Field = str | int | float | bool | None | list[str]

_LONGEST = select.PIPE_BUF
"""Lines up to this size are written whole, never mixed with another process's; longer ones lose their fields."""
_COLOURS = {"warning": "33", "error": "31"}
_DIM = "2"


class Log:
    """The lines of one process, `name` says which."""

    def __init__(self, name: str, *, descriptor: int = 2) -> None:
        self._name = name
        self._descriptor = descriptor
        self._plain = os.isatty(descriptor) if _is_open(descriptor) else False
        self._has_colours = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._dropped = 0

    def info(self, event: str, **fields: Field) -> None:
        """What an operator may want to know."""
        self._line("info", event, fields)

    def warning(self, event: str, **fields: Field) -> None:
        """What went wrong and was made good."""
        self._line("warning", event, fields)

    def error(self, event: str, **fields: Field) -> None:
        """What went wrong and needs an operator."""
        self._line("error", event, fields)

    def _line(self, level: str, event: str, fields: dict[str, Field]) -> None:
        if self._dropped:
            fields = {**fields, "lines_dropped": self._dropped}
        now = datetime.now(UTC)
        render = self._as_text if self._plain else self._as_json
        line = render(level, event, fields, now).encode()
        if len(line) >= _LONGEST:
            line = render(level, event[:100], {"fields_dropped": ", ".join(fields)[:100]}, now).encode()
        self._dropped = 0 if self._write(line + b"\n") else self._dropped + 1

    def _as_json(self, level: str, event: str, fields: dict[str, Field], now: datetime) -> str:
        time = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return json.dumps({"time": time, "level": level, "process": self._name, "event": event, **fields})

    def _as_text(self, level: str, event: str, fields: dict[str, Field], now: datetime) -> str:
        shown = " ".join(f"{name}={_shown(value)}" for name, value in fields.items() if value is not None)
        mark = "" if level == "info" else self._coloured(_COLOURS[level], f"{level} ")
        name = self._coloured(_DIM, f"{self._name:<9}")
        return f"{now.astimezone():%H:%M:%S} {name} {mark}{event}  {shown}".rstrip()

    def _coloured(self, colour: str, text: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._has_colours else text

    def _write(self, line: bytes) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        try:
            if not poll.poll(0):
                return False
            os.write(self._descriptor, line)
        except OSError:
            return False
        return True


def describe(error: BaseException) -> str:
    """An error in one line, with the place in our code it came from."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f" ({frame.tb_frame.f_code.co_filename}:{frame.tb_lineno})" if frame is not None else ""
    return f"{type(error).__name__}: {error}"[:500] + place


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _shown(value: Field) -> str:
    text = ", ".join(value) if isinstance(value, list) else str(value)
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f'"{clean}"' if " " in clean or not clean else clean
