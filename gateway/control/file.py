"""The configuration file beside what is in force.

It decides when its text is taken, and remembers what was wrong with it. It must not know how a change is made.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from gateway.admin.operations import FileStatus, Outcome, RefusedError
from gateway.config import source
from gateway.config.faults import WHOLE_FILE, ConfigError, Fault
from gateway.control.naming import digest
from gateway.core.records import Revision

Take = Callable[[bytes], Awaitable[Outcome]]
Unreadable = Callable[[ConfigError], Awaitable[None]]


class File:
    """One file. `take` puts its text in force; `unreadable` is told where there is none to take."""

    def __init__(self, path: Path, *, take: Take, unreadable: Unreadable) -> None:
        self.path = path
        self._take = take
        self._unreadable = unreadable
        self._hash = ""
        self._faults: tuple[Fault, ...] = ()

    def status(self, revision: Revision) -> FileStatus:
        """How it compares with the revision in force."""
        return FileStatus(differs=self._hash != revision.hash, faults=self._faults)

    async def begin(self, taken: str) -> None:
        """After a start: it may have changed since its text was last taken."""
        try:
            self._hash = digest(await asyncio.to_thread(source.read, self.path))
        except ConfigError as error:
            self._faults = error.faults
        else:
            if self._hash != taken:
                await self.read()

    async def read(self) -> Outcome | None:
        """Takes what it holds now; None where that is refused."""
        try:
            text = await asyncio.to_thread(source.read, self.path)
        except ConfigError as error:
            self._hash, self._faults = "", error.faults
            await self._unreadable(error)
            return None
        self._hash = digest(text)
        try:
            outcome = await self._take(text)
        except ConfigError as error:
            self._faults = error.faults
        except RefusedError as error:
            self._faults = (Fault(1, 1, WHOLE_FILE, str(error)),)
        else:
            self._faults = ()
            return outcome
        return None
