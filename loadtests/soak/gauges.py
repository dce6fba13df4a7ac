"""Memory, descriptors and threads of each of the gateway's processes over time, and whether they grow.

A process is judged by the slope of its figures after the first third of its life: the median of the slopes between all
pairs of points (Theil and Sen), which single peaks do not move, times the time it is judged over. One that has lived
for less than `YOUNG` seconds is not judged.
"""

import itertools
import re
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import monotonic
from typing import NamedTuple, Self

from tests.support import kernel

YOUNG = 170.0
POINTS = 120
"""At most so many are compared."""
ALLOWED = {"memory": 4 << 20, "descriptors": 128, "threads": 3}
"""Growth over the judged time."""
_NAMES = {"gateway.proxy": "worker", "gateway.control": "control", "gateway.shadow": "shadow"}


class Point(NamedTuple):
    """One look at a process."""

    at: float
    memory: int
    descriptors: int
    threads: int


@dataclass(frozen=True, slots=True)
class Grown:
    """A process, what it held at most, and by how much it grew while it was judged; None where it was too young."""

    name: str
    pid: int
    lived: float
    peak: int
    growth: dict[str, float] | None

    @property
    def is_flat(self) -> bool:
        """Whether it did not grow."""
        return self.growth is None or all(self.growth[name] <= allowed for name, allowed in ALLOWED.items())


def slope(points: Sequence[tuple[float, float]]) -> float:
    """A second, by Theil and Sen."""
    step = max(1, len(points) // POINTS)
    pairs = itertools.combinations(points[::step], 2)
    found = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairs if b[0] > a[0]]
    return median(found) if found else 0.0


def grown(name: str, pid: int, points: Sequence[Point]) -> Grown:
    """Judge one process."""
    lived = points[-1].at - points[0].at
    growth = None
    if lived >= YOUNG:
        late = [each for each in points if each.at >= points[0].at + lived / 3]
        span = late[-1].at - late[0].at
        growth = {what: slope([(each.at, getattr(each, what)) for each in late]) * span for what in ALLOWED}
    return Grown(name, pid, lived, max(each.memory for each in points), growth)


class Gauges:
    """Looks at all of them, in a thread of its own, from `with` to its end."""

    def __init__(self, launcher: int, *, every: float) -> None:
        self._launcher = launcher
        self._every = every
        self._points: dict[tuple[str, int], list[Point]] = defaultdict(list)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._every):
            lines = {self._launcher: "launcher", **kernel.children(self._launcher)}
            for pid, line in lines.items():
                name = next((name for word, name in _NAMES.items() if word in line), "launcher")
                try:
                    point = Point(monotonic(), kernel.memory(pid), kernel.descriptors(pid), threads(pid))
                except (OSError, AssertionError):
                    continue  # it has just ended
                if name != "launcher" or pid == self._launcher:
                    self._points[name, pid].append(point)

    def grown(self) -> list[Grown]:
        """Each process there was."""
        return [grown(name, pid, points) for (name, pid), points in sorted(self._points.items())]


def threads(pid: int) -> int:
    """How many the process has."""
    with open(f"/proc/{pid}/status") as file:
        found = re.search(r"^Threads:\s+(\d+)", file.read(), re.MULTILINE)
    return int(found[1]) if found else 0
