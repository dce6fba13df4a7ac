"""Recorded pairs: whole pairs of replies as JSON lines, in the file that a shadow's `record` names.

It decides when a file is rotated, and that a slow or full disk harms nobody: lines are written by a thread of its own,
and what does not fit into what waits for it is left out, counted and told. Secrets were left out before.
"""

import os
import threading
import time
from collections import deque
from contextlib import suppress

import orjson

from gateway.core.judgement import Judgement
from gateway.core.pair_document import document
from gateway.core.tally import Mismatch
from gateway.links.log import Log

LARGEST = 64 << 20
"""Bytes after which a file is put aside, under its name with `.1`; what stood there is gone."""
ROOM = 16 << 20
"""Bytes of replies that wait to be written."""
_TELL_EVERY = 10.0
"""Seconds between two words about pairs that were left out."""
_EXTRA = 4096
"""Bytes of a pair beside its bodies, about."""

Pair = tuple[str, str, Mismatch, Judgement]
"""A file, a route, and a pair of replies with what was found."""


class Records:
    """All files. `largest` and `room` as above."""

    def __init__(self, log: Log, *, largest: int = LARGEST, room: int = ROOM) -> None:
        self._log = log
        self._largest = largest
        self._room = room
        self._waiting: deque[tuple[int, Pair]] = deque()
        self._size = 0
        self._left_out = 0
        self._told = float("-inf")
        self._changed = threading.Condition()
        self._is_ending = False
        self._thread: threading.Thread | None = None

    def put(self, path: str, route: str, pair: Mismatch, judgement: Judgement) -> None:
        """Have a pair written, if there is room."""
        size = _EXTRA + sum(len(each.body) for each in (pair.asked, pair.live, pair.shadow))
        with self._changed:
            if self._size and self._size + size > self._room:
                self._left_out += 1
                return
            self._size += size
            self._waiting.append((size, (path, route, pair, judgement)))
            self._changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="records", daemon=True)
            self._thread.start()

    def close(self, within: float) -> None:
        """Write what waits, as far as that many seconds allow."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(within)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_ending)
                if not self._waiting:
                    return
                size, pair = self._waiting[0]
            try:
                self._write(*pair)
            except OSError as error:
                self._left_out += 1
                self._tell(pair[0], error.strerror or str(error))
            else:
                self._tell(pair[0], "more came than could be written")
            with self._changed:
                self._waiting.popleft()
                self._size -= size

    def _write(self, path: str, route: str, pair: Mismatch, judgement: Judgement) -> None:
        found = {"route": route, "outcome": judgement.outcome, "why": judgement.why}
        line = orjson.dumps({**found, **document(pair)}, option=orjson.OPT_APPEND_NEWLINE)
        with open(path, "ab", opener=_private) as file:
            size = os.fstat(file.fileno()).st_size
            if size and size + len(line) > self._largest:
                os.replace(path, f"{path}.1")
            else:
                file.write(line)
                return
        with open(path, "ab", opener=_private) as file:
            file.write(line)

    def _tell(self, path: str, why: str) -> None:
        """Say what was left out, now and then."""
        now = time.monotonic()
        if self._left_out and now - self._told >= _TELL_EVERY:
            self._told = now
            left_out, self._left_out = self._left_out, 0
            with suppress(OSError):
                self._log.error("pairs are not recorded", file=path, pairs=left_out, why=why)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
