"""Permits to probe, counted over processes by locks on the bytes of one file."""

import os
import subprocess
import sys
from pathlib import Path

from gateway.proxy.permits import Permits, open_file

OTHER = """
import sys
from gateway.proxy.permits import Permits, open_file
permits = Permits(open_file(sys.argv[1]), sys.argv[2])
print(permits.claim(int(sys.argv[3])), flush=True)
sys.stdin.read()
"""


def other(path: Path, variant: str, limit: int) -> "subprocess.Popen[str]":
    """Another process that claims a permit and keeps it until it ends."""
    command = [sys.executable, "-c", OTHER, str(path), variant, str(limit)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def claimed(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_as_many_as_the_limit_and_each_once(tmp_path: Path) -> None:
    descriptor = open_file(str(tmp_path / "permits"))
    permits = Permits(descriptor, "v")
    assert [permits.claim(3) for _ in range(4)] == [0, 1, 2, None]
    permits.release(1)
    assert permits.claim(3) == 1
    assert Permits(descriptor, "w").claim(1) == 0
    os.close(descriptor)


def test_what_one_process_has_no_other_gets_until_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "permits"
    descriptor = open_file(str(path))
    permits = Permits(descriptor, "v")
    with other(path, "v", 2) as holder:
        assert claimed(holder) == "0"
        assert [permits.claim(2), permits.claim(2)] == [1, None]
        holder.kill()
        holder.wait(20)
    assert permits.claim(2) == 0
    with other(path, "v", 2) as late:
        assert claimed(late) == "None"
        late.kill()
    os.close(descriptor)
