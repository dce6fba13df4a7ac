"""Connections that have asked once and then wait: what each costs in memory, and whether the others feel them."""

import contextlib
import re
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

from loadtests.bench.setting import PATH
from loadtests.stand import family

REQUEST = f"GET {PATH.format(0)} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-user-id: u-1\r\n\r\n".encode()
SPARE = 200
"""Connections that are left for everything else."""


def possible(wanted: int) -> int:
    """As many as a proxy may hold that sets aside two descriptors for each."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if most == resource.RLIM_INFINITY else min(wanted, most // 2 - SPARE)


def allow_descriptors() -> None:
    """As many as the machine allows, for this process and those it starts."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextlib.contextmanager
def idle(port: int, count: int) -> Iterator[None]:
    """So many, while this lasts."""
    with contextlib.ExitStack() as held:
        for _ in range(count):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", port), 10))
            connection.sendall(REQUEST)
            if not connection.recv(65536).startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"a connection to port {port} is not answered")
        yield


def memory(pid: int) -> float:
    """KiB of a process and all under it, what they share counted once."""
    return sum(_proportional(member) for member in family(pid))


def _proportional(pid: int) -> float:
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return float(found[1]) if found else 0.0
