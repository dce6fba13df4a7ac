"""What is measured stands on this: processes on cores of their own, their ports, and the CPU time they take."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

HERE = Path(__file__).parent
CORES = sorted(os.sched_getaffinity(0))
PROXY, OTHERS = CORES[0], CORES[-1]
START = 30.0
LEASH = ["setpriv", "--pdeathsig", "TERM"]
"""Ends a process with the one that started it, however that one ends."""


class NotStarted(SystemExit):
    """A process does not start; with all that it and the others said."""


class Stand:
    """Processes of one test; on leaving, none is left, nor their files."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gateway-load-"))
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def model(self) -> int:
        """Start the model stand-in; its port."""
        port = free_port()
        self.start("model", [sys.executable, str(HERE / "model.py"), str(port)], cores=[OTHERS])
        self.wait(lambda: connects(port), "the model stand-in")
        return port

    def start(self, name: str, command: Sequence[str], *, cores: Sequence[int], **env: str) -> int:
        """Start a process on those cores; what it says goes to a file that is shown when it does not start."""
        with (self.folder / f"{name}.log").open("wb") as log:
            streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            pinned = [*LEASH, "taskset", "-c", ",".join(map(str, cores)), *command]
            process = subprocess.Popen(pinned, cwd=self.folder, env={**os.environ, **env}, **streams)
        self._processes.append(process)
        return process.pid

    def wait(self, ready: Callable[[], bool], name: str, *, seconds: float = START) -> None:
        """Return when the process started last is ready."""
        give_up = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > give_up or self._processes[-1].poll() is not None:
                logs = "\n".join(log.read_text(errors="replace") for log in self.folder.glob("*.log"))
                raise NotStarted(f"{name} does not start:\n{logs}")
            time.sleep(0.05)

    def stop(self, *pids: int) -> None:
        """End these, or all."""
        ending = [process for process in self._processes if not pids or process.pid in pids]
        for process in ending:
            process.send_signal(signal.SIGTERM)
        for process in ending:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self._processes.remove(process)


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def connects(port: int) -> bool:
    """Whether someone listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def answers(url: str) -> bool:
    """Whether a GET of it is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def family(pid: int) -> list[int]:
    """A process and all under it."""
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in below for member in family(int(child)))]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all under it."""
    ticks = 0
    for member in family(pid):
        fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
