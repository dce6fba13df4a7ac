"""Honest callers beside an attack: how long each waits, measured from when it was due, whatever kept it from asking.

On a virtual machine the host may take the processors away for some 20 ms, and the more is done there the more often. A
call meanwhile tells nothing of what is measured: such calls are counted, and left out of the times.
"""

import bisect
import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.support import kernel
from tests.support.client import Client, request

ASK = request("GET", "/small", "X-User-Id: honest")
_LOOK = 0.05
"""Seconds between two looks at what the host has taken."""
Span = tuple[float, float]
"""From when to when, on the monotonic clock."""


@dataclass
class Waited:
    """From when to when each call was waited for, how many were not answered with 200, and when the host took
    processor time from the machine: spans in their order, none over another."""

    calls: list[Span] = field(default_factory=list)
    failed: int = 0
    stolen: list[Span] = field(default_factory=list)

    @property
    def times(self) -> list[float]:
        """How long each call took that had the machine for itself, in seconds, ascending."""
        return sorted(ended - due for due, ended in self.calls if not self._is_stolen(due, ended))

    @property
    def left_out(self) -> float:
        """The share of calls that did not."""
        return 1 - len(self.times) / len(self.calls)

    def quantile(self, share: float) -> float:
        """The time that this share of those calls stayed below; infinite where there are none."""
        times = self.times
        return times[min(len(times) - 1, int(share * len(times)))] if times else float("inf")

    def _is_stolen(self, due: float, ended: float) -> bool:
        at = bisect.bisect_left(self.stolen, due, key=lambda span: span[1])
        return at < len(self.stolen) and self.stolen[at][0] <= ended


def call(port: int, *, seconds: float, rate: int, callers: int = 4) -> Waited:
    """So many calls a second by a few callers, each on a connection it keeps, for that long."""
    waited = Waited()
    with _watching(waited.stolen):
        start = time.monotonic()
        due = [start + at / rate for at in range(int(seconds * rate))]
        shares = [due[number::callers] for number in range(callers)]
        threads = [threading.Thread(target=_caller, args=(port, share, waited)) for share in shares]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return waited


@contextlib.contextmanager
def _watching(stolen: list[Span]) -> Iterator[None]:
    done = threading.Event()
    thread = threading.Thread(target=_watch, args=(stolen, done))
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _watch(stolen: list[Span], done: threading.Event) -> None:
    before, taken = time.monotonic(), kernel.stolen()
    while not done.is_set():
        done.wait(_LOOK)
        now, more = time.monotonic(), kernel.stolen()
        if more > taken:
            stolen.append((before, now))
        before, taken = now, more


def _caller(port: int, due: list[float], waited: Waited) -> None:
    client = Client(port)
    for at in due:
        time.sleep(max(0.0, at - time.monotonic()))
        try:
            status = client.exchange(ASK).status
        except OSError:
            status = 0
            client.close()
            client = Client(port)
        waited.calls.append((at, time.monotonic()))
        waited.failed += status != 200
    client.close()
