"""The access log: one JSON line for a request that had a route, written by a thread of its own.

A reader that does not keep up costs lines, which are counted, never a request. No query, body, header or key is
written.
"""

import queue
import sys
import threading
from datetime import UTC, datetime
from random import random
from time import monotonic, time
from typing import BinaryIO, Protocol

import orjson

from gateway.core import model
from gateway.core.decide import CompiledRoute
from gateway.errors import StartError
from gateway.proxy.variants import Lane
from gateway.wire.request import Request

_MOST = 20_000
"""Lines that may wait."""


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
    """One worker's access log."""

    def __init__(self, settings: model.AccessLog) -> None:
        self.is_on = settings.path is not None and settings.sample > 0
        self.dropped = 0
        self._sample = settings.sample
        self._lines: queue.Queue[bytes | None] = queue.Queue(_MOST)
        self._skew = time() - monotonic()
        self._thread: threading.Thread | None = None
        if settings.path is not None and self.is_on:
            self._thread = threading.Thread(target=_drain, args=(self._lines, _open(settings.path)), daemon=True)
            self._thread.start()

    def write(self, call: Logged, ended: float) -> None:
        """Log the call, or leave it out of the sample."""
        if self._sample < 1 and random() >= self._sample:
            return
        try:
            self._lines.put_nowait(self._line(call, ended))
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """Write what waits, for a second at most."""
        thread, self._thread = self._thread, None
        self.is_on = False
        if thread is not None:
            try:
                self._lines.put_nowait(None)
            except queue.Full:
                return
            thread.join(1)

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


def _open(path: str) -> BinaryIO:
    if path == "-":
        return sys.stdout.buffer
    try:
        return open(path, "ab", buffering=0)
    except OSError as error:
        raise StartError(f"cannot write the access log {path}: {error.strerror}") from None


def _drain(lines: "queue.Queue[bytes | None]", file: BinaryIO) -> None:
    """Write lines as they come, many at once when many wait, until None comes."""
    while (line := lines.get()) is not None:
        batch = [line]
        while not lines.empty() and len(batch) < 1000:
            more = lines.get()
            if more is None:
                lines.put(None)
                break
            batch.append(more)
        try:
            file.write(b"".join(batch))
            file.flush()
        except OSError:
            continue
