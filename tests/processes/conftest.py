"""Running gateways for tests: processes, their log, and patience with a deadline."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest

T = TypeVar("T")
PATIENCE = 20.0


def until(look: Callable[[], T], what: str) -> T:
    """The first true thing `look` gives."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {PATIENCE:.0f} s for {what}")


class Running:
    """A launcher and everything below it."""

    def __init__(self, command: Sequence[str], log: Path, **settings: Any) -> None:
        self._log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(command, stderr=file, stdout=subprocess.DEVNULL, **settings)
        self.seen: set[psutil.Process] = set()

    @property
    def pid(self) -> int:
        return self.process.pid

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """The log lines so far; the last one may be half written."""
        lines = self._log.read_text().split("\n")[:-1]
        parsed = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in parsed if name in line["event"]]

    def text(self) -> str:
        return self._log.read_text()

    def event(self, name: str, count: int = 1) -> dict[str, Any]:
        """The `count`-th line of that event, waited for."""
        until(lambda: len(self.events(name)) >= count or self.process.poll() is not None, f"{name!r}")
        found = self.events(name)
        assert len(found) >= count, f"no {name!r} in: {self.text()}"
        return found[count - 1]

    def children(self, module: str) -> list[psutil.Process]:
        """The processes that run that module now, oldest first."""
        try:
            below = psutil.Process(self.pid).children()
        except psutil.NoSuchProcess:
            return []
        self.seen.update(below)
        return [child for child in sorted(below, key=lambda child: child.create_time()) if self._runs(child, module)]

    def _runs(self, child: psutil.Process, module: str) -> bool:
        try:
            return module in child.cmdline() and child.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """The exit code, waited for."""
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        """Leaves no process behind, whatever the test did."""
        self.children("")
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for child in self.seen:
            if child.is_running():
                child.kill()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts a launcher or a whole gateway by its command line; it ends with the test."""
    with ExitStack() as stack:

        def run(*command: str, **settings: Any) -> Running:
            running = Running(command, tmp_path / f"log-{time.monotonic_ns()}", **settings)
            stack.callback(running.close)
            return running

        yield run


@pytest.fixture(name="until")
def until_fixture() -> Callable[[Callable[[], T], str], T]:
    return until
