"""The access log: one JSON line for a request that had a route, written by a thread of its own.

A reader that does not keep up costs lines, which are counted, never a request. A file that was renamed or removed, as
log rotation does, is opened again under its own name. No query, body, header or key is written.
"""

import os
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from queue import SimpleQueue
from random import random
from time import monotonic, time
from typing import Protocol

import orjson

from gateway.core import model
from gateway.core.decide import CompiledRoute
from gateway.errors import StartError
from gateway.proxy.variants import Lane
from gateway.wire.request import Request

_MOST = 20_000
"""Lines that may wait."""
_LOOK = 1.0
"""Seconds between two looks at whether the file is still where it was."""


class Logged(Protocol):
    """What a line tells of a call."""

    request: Request
    route: CompiledRoute
    marks: tuple[bytes, bytes]
    status: int
    lane: Lane | None
    reason: str
    started: float
    first_byte: float


class AccessLog:
    """One worker's access log; StartError when its file cannot be written."""

    def __init__(self, settings: model.AccessLog) -> None:
        self.settings = settings
        self.is_on = settings.path is not None and settings.sample > 0
        self.dropped = 0
        self._sample = settings.sample
        self._fresh: list[bytes] = []
        """Lines that wait to be handed over."""
        self._batches: SimpleQueue[list[bytes] | None] = SimpleQueue()
        self._taken = 0
        self._written = 0
        """Lines so far; the thread's own count."""
        self._skew = time() - monotonic()
        self._thread: threading.Thread | None = None
        if settings.path is not None and self.is_on:
            self._thread = threading.Thread(target=self._run, args=(File(settings.path),), daemon=True)
            self._thread.start()

    def write(self, call: Logged, ended: float) -> None:
        """Log the call, or leave it out of the sample. Its line goes with the next `flush`."""
        if self._sample < 1 and random() >= self._sample:
            return
        if self._taken - self._written < _MOST:
            self._taken += 1
            self._fresh.append(self._line(call, ended))
        else:
            self.dropped += 1

    def flush(self) -> None:
        """Hand over the lines there are, all at once: each time wakes the thread, which costs more than a line."""
        if self._fresh:
            fresh, self._fresh = self._fresh, []
            self._batches.put(fresh)

    def let_go(self) -> None:
        """Close the file once all that waits is written."""
        self.is_on = False
        self.flush()
        self._batches.put(None)

    def close(self) -> None:
        """Write what waits, for a second at most."""
        self.let_go()
        if self._thread is not None:
            self._thread.join(1)

    def _line(self, call: Logged, ended: float) -> bytes:
        request = call.request
        began = datetime.fromtimestamp(call.started + self._skew, UTC)
        line = {
            "time": began.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "request_id": call.marks[0].decode("latin-1"),
            "method": request.method.decode("latin-1"),
            "host": (request.host or b"").decode("latin-1"),
            "path": request.path.decode("latin-1"),
            "status": call.status,
            "route": call.route.name,
            "variant": call.lane.variant.name if call.lane is not None else "",
            "reason": call.reason,
            "seconds": round(ended - call.started, 6),
            "first_byte": round(call.first_byte - call.started, 6) if call.first_byte else None,
        }
        if self.dropped:
            line["lines_dropped"] = self.dropped
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)

    def _run(self, file: "File") -> None:
        """The thread: write batches as they come, until None comes."""
        while (batch := self._batches.get()) is not None:
            with suppress(OSError):
                file.write(b"".join(batch))
            self._written += len(batch)
        file.close()


class File:
    """The log's file, or standard output; StartError when it cannot be written."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = sys.stdout.fileno() if path == "-" else _open(path)
        self._looked = monotonic()

    def write(self, data: bytes) -> None:
        """Write all of it; OSError when that fails."""
        if monotonic() - self._looked >= _LOOK:
            self._look()
        while data:
            data = data[os.write(self._descriptor, data) :]

    def close(self) -> None:
        """Nothing more is written."""
        if self._path != "-":
            os.close(self._descriptor)

    def _look(self) -> None:
        self._looked = monotonic()
        if self._path == "-" or _is_there(self._path, self._descriptor):
            return
        try:
            fresh = _open(self._path)
        except StartError:
            return  # the old one still takes lines
        os.close(self._descriptor)
        self._descriptor = fresh


def _open(path: str) -> int:
    """Without waiting for anything, so that a pipe which nobody reads is a fault."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o666)
    except OSError as error:
        raise StartError(f"cannot write the access log {path}: {error.strerror}") from None
    os.set_blocking(descriptor, True)
    return descriptor


def _is_there(path: str, descriptor: int) -> bool:
    """Whether the path still leads to the open file."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except OSError:
        return False
