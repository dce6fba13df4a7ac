"""The launcher's side of the bond with one child: its start, what it says, its end.

It decides how a process is started and how long to wait before the next start. It must not know what the process does.
"""

import os
import signal
import socket
import subprocess
import sys
from typing import NamedTuple

STEADY = 10.0
"""A process that was up for this many seconds is started again at once."""
SLOWEST = 10.0
"""The longest pause before a start, in seconds."""

_FIRST_PAUSE = 0.25


class Row(NamedTuple):
    """One process to run: `python -m module arguments`, with those descriptors, writing in that slot of the board."""

    name: str
    module: str
    arguments: tuple[str, ...]
    descriptors: tuple[int, ...]
    slot: int
    serves: bool
    """Ends by itself when told to; the others stay until no serving row is left."""
    optional: bool = False
    """All goes on without it: neither the start nor the end waits for it, and its failures end nothing."""


ALLOCATOR = {
    "MALLOC_TOP_PAD_": str(1 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(16 << 20),
    "MALLOC_MMAP_THRESHOLD_": str(1 << 20),
}
"""For glibc: keep what is freed for the next piece of a body, which is a fresh page of the kernel otherwise, each time;
that is a third of the cost of a large body."""


class Child:
    """A row's process, past and present."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.process: subprocess.Popen[bytes] | None = None
        self.lifeline: socket.socket | None = None
        self.ready = False
        self.reason = ""
        self.starts = 0
        self.failures = 0
        self.begun = 0.0
        self.due = 0.0

    def start(self, now: float) -> None:
        """Starts the process; a failure to do so counts as one that ended at once."""
        self.starts += 1
        self.process, self.begun, self.ready, self.reason = None, now, False, ""
        self.lifeline, theirs = socket.socketpair()
        self.lifeline.setblocking(False)
        line = theirs.fileno()
        command = [sys.executable, "-P", "-m", self.row.module, *self.row.arguments, "--lifeline", str(line)]
        with theirs:
            try:
                self.process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    pass_fds=(*self.row.descriptors, line),
                    start_new_session=True,
                    env=os.environ | ALLOCATOR,
                )
            except OSError as error:
                self.reason = str(error)

    def listen(self) -> None:
        """Reads what the process says about itself."""
        try:
            said = self.lifeline.recv(4096) if self.lifeline is not None else b""
        except OSError:
            return
        if said.startswith(b"E"):
            self.reason = said[1:].decode(errors="replace")
        elif said:
            self.ready = True

    def has_ended(self) -> bool:
        """True once, when the process has ended or could not be started."""
        if self.lifeline is None or (self.process is not None and self.process.poll() is None):
            return False
        self.listen()
        self.let_go()
        return True

    def let_go(self) -> None:
        """Closes the lifeline: the process ends as if the launcher had died."""
        if self.lifeline is not None:
            self.lifeline.close()
            self.lifeline = None

    def send(self, number: signal.Signals) -> None:
        """Sends a signal, if there is a process."""
        if self.is_running:
            assert self.process is not None
            self.process.send_signal(number)

    @property
    def is_running(self) -> bool:
        """Whether there is a process that nobody has seen ending."""
        return self.process is not None and self.process.poll() is None

    @property
    def how_it_ended(self) -> str:
        """In words."""
        if self.reason or self.process is None:
            return self.reason
        code = self.process.returncode
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def pause(failures: int) -> float:
    """Seconds to wait before a start, after so many short lives in a row."""
    return 0.0 if failures < 2 else min(SLOWEST, _FIRST_PAUSE * 2.0 ** (failures - 2))
