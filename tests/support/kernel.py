"""What the kernel knows: unread bytes of a peer, memory and descriptors of a process. Linux only."""

import contextlib
import itertools
import os
import re
import select
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
ERROR = 2


def peer_unread(sock: socket.socket) -> int:
    """Bytes sent on this loopback IPv4 connection that its peer has not read yet; 0 once the peer is gone."""
    (host, port), (peer_host, peer_port) = sock.getsockname(), sock.getpeername()
    identity = struct.pack("!HH", peer_port, port)
    identity += socket.inet_aton(peer_host) + bytes(12) + socket.inet_aton(host) + bytes(12)
    identity += struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
    question = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + identity
    header = struct.pack("=IHHII", 16 + len(question), SOCK_DIAG_BY_FAMILY, 1, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, SOCK_DIAG) as diag:
        diag.send(header + question)
        answer = diag.recv(4096)
    kind: int = struct.unpack_from("=H", answer, 4)[0]
    unread: int = 0 if kind == ERROR else struct.unpack_from("=I", answer, 72)[0]
    return unread


def wait_read_by_peer(sock: socket.socket, timeout: float = 10.0) -> None:
    """Return when the peer has read all that was sent, or has answered, or has gone; TimeoutError otherwise."""
    give_up = time.monotonic() + timeout
    while peer_unread(sock) and not readable(sock):
        if time.monotonic() > give_up:
            raise TimeoutError("the peer does not read")
        time.sleep(0.0002)


def readable(sock: socket.socket, timeout: float = 0.0) -> bool:
    """Whether something, be it the end, can be read within that time."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(timeout * 1000))


def memory(pid: int, key: str = "VmRSS") -> int:
    """A figure of /proc/PID/status in bytes: VmRSS now, VmHWM its peak."""
    found = re.search(rf"^{key}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None, f"no {key} of {pid}"
    return int(found[1]) * 1024


def reset_peak(pid: int) -> None:
    """Let VmHWM begin again at the present VmRSS."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def stolen() -> float:
    """Seconds of processor time that the host of this virtual machine has kept to itself while there was work here."""
    ticks = Path("/proc/stat").read_text().split(maxsplit=9)[8]
    return int(ticks) / os.sysconf("SC_CLK_TCK")


def descriptors(pid: int) -> int:
    """How many files the process holds open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def children(pid: int) -> dict[int, str]:
    """The direct children of a process and their command lines, but for those that end at this moment."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found[int(child)] = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def ended(pid: int, *, within: float) -> bool:
    """Whether a process, our child or not, has gone within that time; a zombie has."""
    give_up = time.monotonic() + within
    while time.monotonic() < give_up:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def descendants(pid: int) -> set[int]:
    """All processes under that one."""
    found = set(children(pid))
    return found.union(*map(descendants, found))


def free_port() -> int:
    """A port nobody listens on now. It is none of those that the kernel gives to connections, and no other process of
    the same test run is given it."""
    for port in _ports:
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("never reached: the ports go round")


def _own_ports() -> Iterator[int]:
    """Those of this process, round and round."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first, count = 10_000 + number % 10 * 2_000, 2_000
    offset = os.getpid() * 61
    return (first + each % count for each in itertools.count(offset))


_ports = _own_ports()


@contextlib.contextmanager
def full_listener() -> Iterator[int]:
    """The port of a listener whose queue is full: the kernel answers no further connection."""
    with socket.socket() as listener, contextlib.ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        for _ in range(8):
            sock = waiting.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        time.sleep(0.05)
        yield port
