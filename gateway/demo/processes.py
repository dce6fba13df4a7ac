"""Children that end with us, whatever our own end is. Knows processes and their log files, not what they serve."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.errors import StartError

PATIENCE = 4.0
"""Seconds a child has between being asked to end and being ended."""

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Child:
    """One running process and the file it logs to."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    async def ended(self) -> None:
        """Return never; StartError with its last lines once it has ended by itself."""
        code = await self.process.wait()
        lines = self.log.read_text(errors="replace").splitlines()[-12:]
        raise StartError("\n  ".join([f"{self.name} ended with exit code {code}. Its last lines:", *lines]))


class Children:
    """All children of one demo; on leaving, none is left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: list[Child] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*map(_ask_to_end, self._children))
        except TimeoutError:
            pass
        finally:
            for child in self._children:
                _kill_group(child)
            await asyncio.gather(*(child.process.wait() for child in self._children))

    async def start(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> Child:
        """A child in a process group of its own, so that the terminal's Ctrl-C reaches it only through us."""
        log = self._folder / f"{name.lower()}.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._folder,
                env={**os.environ, **(env or {})},
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        child = Child(name, process, log)
        self._children.append(child)
        return child


async def _ask_to_end(child: Child) -> None:
    if child.process.returncode is None:
        child.process.terminate()
        await child.process.wait()


def _kill_group(child: Child) -> None:
    """Grandchildren too; harmless where all have ended."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.process.pid, signal.SIGKILL)


def _end_with_parent() -> None:
    """Have the kernel send SIGTERM when this demo dies without a chance to (kill -9)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
