"""How many processors this process may use: those it may run on, and no more than its control group gives it time for.

A container with a quota of 1.5 processors gets two workers, however many processors its machine has. A quota that
cannot be read is none.
"""

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path("/")
Reader = Callable[[Path], Iterator[float]]


def available(root: Path = ROOT) -> int:
    """What `workers: auto` stands for; at least one."""
    quota = min(quotas(root), default=math.inf)
    allowed = len(os.sched_getaffinity(0))
    return max(1, min(allowed, math.ceil(min(quota, allowed))))


def quotas(root: Path) -> Iterator[float]:
    """The processors that each control group around this process allows, of those that set a limit.

    Source: the kernel's admin-guide/cgroup-v2 (`cpu.max`) and scheduler/sched-bwc (`cpu.cfs_quota_us`).
    """
    for line in _lines(root / "proc/self/cgroup"):
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            yield from _each(root / "sys/fs/cgroup", path, _quota_2)
        elif "cpu" in controllers.split(","):
            for mount in dict.fromkeys((controllers, "cpu")):
                yield from _each(root / "sys/fs/cgroup" / mount, path, _quota_1)


def _each(mount: Path, path: str, read: Reader) -> Iterator[float]:
    """The group and all above it. In a container its own group may be the one at the top, whatever its path says."""
    group = mount / path.strip("/")
    for each in (group, *group.parents):
        if each.is_relative_to(mount):
            yield from read(each)


def _quota_2(group: Path) -> Iterator[float]:
    yield from _share(*"".join(_lines(group / "cpu.max")).split())


def _quota_1(group: Path) -> Iterator[float]:
    yield from _share(*_lines(group / "cpu.cfs_quota_us"), *_lines(group / "cpu.cfs_period_us"))


def _share(*numbers: str) -> Iterator[float]:
    """Of a quota and a period; `max` and -1 stand for no quota."""
    if len(numbers) == 2 and all(number.strip().isdigit() for number in numbers):
        quota, period = map(int, numbers)
        if quota and period:
            yield quota / period


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except (OSError, UnicodeError):
        return []
