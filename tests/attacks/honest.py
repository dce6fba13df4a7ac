"""Honest callers beside an attack: how long each waits, measured from when it was due, whatever kept it from asking."""

import threading
import time
from dataclasses import dataclass, field

from tests.support.client import Client, request

ASK = request("GET", "/small", "X-User-Id: honest")


@dataclass
class Waited:
    """How long each call took, in seconds, and how many were not answered with 200."""

    times: list[float] = field(default_factory=list)
    failed: int = 0

    def quantile(self, share: float) -> float:
        """The time that this share of the calls stayed below."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def call(port: int, *, seconds: float, rate: int, callers: int = 4) -> Waited:
    """So many calls a second by a few callers, each on a connection it keeps, for that long."""
    waited = Waited()
    start = time.monotonic()
    due = [start + at / rate for at in range(int(seconds * rate))]
    threads = [threading.Thread(target=_caller, args=(port, due[number::callers], waited)) for number in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waited


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
        waited.times.append(time.monotonic() - at)
        waited.failed += status != 200
    client.close()
