"""The limit of open files, in processes of its own."""

import resource
import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys
from gateway.links.descriptors import raise_limit
soft, hard, needed = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(raise_limit(needed), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "needed", "allowed", "after"),
    [(64, 256, 128, 128, 128), (64, 256, 512, 256, 256), (128, 256, 64, 64, 128)],
)
def test_it_is_raised_as_far_as_may_be_and_never_lowered(
    soft: int, hard: int, needed: int, allowed: int, after: int
) -> None:
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] >= 256
    command = [sys.executable, "-c", SCRIPT, *map(str, (soft, hard, needed))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert [int(each) for each in done.stdout.split()] == [allowed, after, hard]
