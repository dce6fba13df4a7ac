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
from gateway.control.watch import EVERY
from gateway.core.records import Revision

Take = Callable[[bytes], Awaitable[Outcome]]
Retake = Callable[[], Awaitable[Outcome]]
Unreadable = Callable[[ConfigError], Awaitable[None]]


class File:
    """One file. `take` puts its text in force, `retake` what is in force anew; `unreadable` is told where there is no
    text; `taken` is the hash of the one last taken from it."""

    def __init__(self, path: Path, *, take: Take, retake: Retake, unreadable: Unreadable, taken: str = "") -> None:
        self.path = path
        self._take = take
        self._retake = retake
        self._unreadable = unreadable
        self._hash = taken
        """Of what it held last; empty where it cannot be read."""
        self._faults: tuple[Fault, ...] = ()
        """Of its own text."""
        self._others: tuple[Fault, ...] = ()
        """Of the files that the text in force names."""

    def status(self, revision: Revision) -> FileStatus:
        """How it compares with the revision in force."""
        faults = dict.fromkeys((*self._faults, *self._others))
        return FileStatus(differs=self._hash != revision.hash, faults=tuple(faults))

    async def begin(self, taken: str) -> None:
        """After a start: it may have changed since its text was last taken, or be changing just now."""
        before = None
        while (found := await self._look()) not in {before, taken}:
            before = found
            await asyncio.sleep(EVERY)
        self._hash = found
        if found == taken:
            self._faults = ()
        elif found:
            await self.read()

    async def _look(self) -> str:
        """The hash of what it holds; empty where it cannot be read."""
        try:
            return digest(await asyncio.to_thread(source.read, self.path))
        except ConfigError as error:
            self._faults = error.faults
            return ""

    async def read(self) -> Outcome | None:
        """Takes what it holds now; None where that is refused."""
        try:
            text = await asyncio.to_thread(source.read, self.path)
        except ConfigError as error:
            self._hash, self._faults = "", error.faults
            await self._unreadable(error)
            return None
        self._hash = digest(text)
        outcome, self._faults = await _told(self._take(text))
        if outcome is not None:
            self._others = ()
        return outcome

    async def reread(self) -> Outcome | None:
        """Takes what the files hold now that the text in force names; None where that is refused. It says nothing of
        the file's own text, unless that is the one in force."""
        outcome, self._others = await _told(self._retake())
        if outcome is not None and outcome.revision.hash == self._hash:
            self._faults = ()
        return outcome


async def _told(work: Awaitable[Outcome]) -> tuple[Outcome | None, tuple[Fault, ...]]:
    """What came of it, and what is wrong."""
    try:
        return await work, ()
    except ConfigError as error:
        return None, error.faults
    except RefusedError as error:
        return None, (Fault(1, 1, WHOLE_FILE, str(error)),)
