"""What `workers: auto` stands for: the processors this process may use, bounded by its control groups' quotas."""

import os
from pathlib import Path

import pytest

from gateway.config.processors import available, quotas

V1_BOTH = "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n"


def machine(root: Path, groups: str, files: dict[str, str]) -> Path:
    """A root with these files of the kernel's."""
    for name, content in {"proc/self/cgroup": groups, **files}.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return root


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/\n", {"sys/fs/cgroup/cpu.max": "150000 100000\n"}, [1.5]),
        ("0::/\n", {"sys/fs/cgroup/cpu.max": "max 100000\n"}, []),
        ("0::/\n", {"sys/fs/cgroup/cpu.max": ""}, []),
        ("0::/\n", {"sys/fs/cgroup/cpu.max": "0 100000"}, []),
        ("0::/\n", {"sys/fs/cgroup/cpu.max": "100000 0"}, []),
        ("0::/\n", {"sys/fs/cgroup/cpu.max": "some words here"}, []),
        ("0::/\n", {}, []),
        ("0::/a/b\n", {"sys/fs/cgroup/a/cpu.max": "200000 100000", "sys/fs/cgroup/a/b/cpu.max": "max 100000"}, [2.0]),
        ("0::/a\n", {"sys/fs/cgroup/a/cpu.max": "50000 100000", "sys/fs/cgroup/cpu.max": "300000 100000"}, [0.5, 3.0]),
        ("0::/../x\n", {"sys/fs/cgroup/cpu.max": "100000 100000"}, [1.0]),
        (
            V1_BOTH,
            {
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "250000\n",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            },
            [2.5],
        ),
        (
            "3:cpu:/system\n0::/\n",
            {
                "sys/fs/cgroup/cpu/system/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/system/cpu.cfs_period_us": "100000\n",
            },
            [],
        ),
        ("garbage\n", {}, []),
        ("", {}, []),
    ],
)
def test_the_quotas_of_all_groups_are_read(
    tmp_path: Path, groups: str, files: dict[str, str], expected: list[float]
) -> None:
    """Version 1 and 2, the group's own and those above; what is no quota is none."""
    assert list(quotas(machine(tmp_path, groups, files))) == expected


def test_without_control_groups_there_is_no_quota(tmp_path: Path) -> None:
    """As on other systems."""
    assert list(quotas(tmp_path)) == []
    assert available(tmp_path) == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(("quota", "expected"), [(1_000, 1), (100_000, 1), (100_000_000, None)])
def test_the_processors_are_whole_and_at_least_one(tmp_path: Path, quota: int, expected: int | None) -> None:
    """And never more than there are."""
    root = machine(tmp_path, "0::/\n", {"sys/fs/cgroup/cpu.max": f"{quota} 100000\n"})
    assert available(root) == (expected or len(os.sched_getaffinity(0)))


def test_a_part_of_a_processor_counts_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """1.5 processors' time is best used by two workers."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    assert available(machine(tmp_path, "0::/\n", {"sys/fs/cgroup/cpu.max": "150000 100000\n"})) == 2
