"""Revisions: a text that is to be in force, from wherever it comes.

It decides whether a text changes anything, what its revision is, and what is told of it. It must not know how a change
is kept and served, nor that only one is made at a time: the gate sees to that.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from gateway.admin.operations import Outcome, RefusedError, StaleError, UnavailableError, UnknownError
from gateway.config.faults import ConfigError
from gateway.config.load import Configuration
from gateway.control import restarts
from gateway.control.counts import Counts
from gateway.control.naming import FILE, GATEWAY, digest
from gateway.control.passage import Passage
from gateway.control.rejoining import Loader, Rejoining
from gateway.control.standing import Standing
from gateway.control.telling import override_ended
from gateway.core.records import Change, Origin, Revision
from gateway.core.same import same
from gateway.store.errors import ConflictError, StoreError


class Revising:
    """See `Gate`."""

    def __init__(
        self, passage: Passage, rejoining: Rejoining, *, load: Loader, counts: Counts, now: Callable[[], datetime]
    ) -> None:
        self._passage = passage
        self._rejoining = rejoining
        self._load = load
        self._counts = counts
        self._now = now

    async def apply(self, text: bytes, *, author: str, message: str, expected: int | None) -> Outcome:
        """Puts a text in force. ConfigError, StaleError, RefusedError."""
        self._expect(expected)
        return await self._reload(self._revise(text, origin="api", author=author, message=message), author)

    async def restore(self, number: int, *, author: str, message: str, expected: int | None) -> Outcome:
        """Puts an older revision's text in force."""
        self._expect(expected)
        text = (await self.find(number)).text
        message = message or f"restores revision {number}"
        return await self._reload(self._revise(text, origin="restore", author=author, message=message), author)

    async def take_file(self, text: bytes) -> Outcome:
        """Puts the text of the configuration file in force, where it is not the one last taken from there."""
        try:
            return await self._take_file(text)
        except StaleError:  # somebody who shares the store was first, and is followed now
            return await self._take_file(text)

    async def _take_file(self, text: bytes) -> Outcome:
        if digest(text) == self._passage.standing.taken:
            return await self._reload(self._reread(), FILE)
        return await self._reload(self._revise(text, origin="file", author=FILE, message=""), FILE)

    async def reread(self) -> Outcome:
        """Takes up what the files hold now that the text in force names."""
        return await self._reload(self._reread(), FILE)

    async def refuse_file(self, error: ConfigError) -> None:
        """The configuration file cannot be read."""
        await self._refused(error, FILE)

    async def find(self, number: int) -> Revision:
        """One revision; UnknownError, UnavailableError."""
        for each in (self._passage.standing.revision, *(each.revision for each in self._passage.keeping.waiting)):
            if each is not None and each.number == number:
                return each
        try:
            found = await self._passage.keeping.read(lambda store: store.revision(number))
        except StoreError as error:
            raise UnavailableError(f"the store cannot be read: {error}") from None
        if found is None:
            raise UnknownError(f"there is no revision {number}; the newest is {self._passage.standing.revision.number}")
        return found

    async def _reload(self, work: Awaitable[Outcome], author: str) -> Outcome:
        """Counts and tells what comes of it."""
        try:
            outcome = await work
        except (ConfigError, RefusedError) as error:
            await self._refused(error, author)
            raise
        self._counts.reload("applied" if outcome.changed else "unchanged")
        return outcome

    async def _refused(self, error: ConfigError | RefusedError, author: str) -> None:
        self._counts.reload("refused")
        why = f"{error}; the first: {error.faults[0]}" if isinstance(error, ConfigError) else str(error)
        await self._passage.tell([self._passage.events.make("reload_refused", "configuration", who=author, why=why)])

    def _expect(self, expected: int | None) -> None:
        present = self._passage.standing.revision.number
        if expected is not None and expected != present:
            raise StaleError(present)

    async def _revise(self, text: bytes, *, origin: Origin, author: str, message: str) -> Outcome:
        standing = self._passage.standing
        configuration = await asyncio.to_thread(self._load, text)
        restarts.check(standing.started, configuration.settings)
        if self._passage.keeping.is_full:
            raise RefusedError("too much waits for the store already; see status, and why the store takes nothing")
        taken = digest(text) if origin == "file" else standing.taken
        if text == standing.revision.text and self._is_same(configuration):
            if taken != standing.taken:
                await self._passage.keeping.write(Change(taken=taken))
            self._passage.leave(replace(standing, taken=taken))
            return Outcome(standing.revision, self._passage.keeping.kept, changed=False)
        revision = Revision(
            standing.revision.number + 1, text, author, message, self._now(), origin=origin, hash=digest(text)
        )
        following = standing.follow(revision, configuration.snapshot, configuration.settings)
        return await self._revision(replace(following, taken=taken))

    async def _revision(self, following: Standing) -> Outcome:
        revision = following.revision
        ended = tuple(each for each in self._passage.standing.overrides if following.find(each.key) is None)
        kind = "revision_restored" if revision.origin == "restore" else "reload_applied"
        why = revision.message or f"revision {revision.number} is in force"
        detail = {"revision": revision.number, "origin": revision.origin}
        happened = [self._passage.events.make(kind, "configuration", who=revision.author, why=why, detail=detail)]
        over = f"revision {revision.number} changes what it was about"
        happened += [override_ended(self._passage.events, each, GATEWAY, over) for each in ended]
        change = Change(revision=revision, ended=tuple(each.key for each in ended))
        try:
            return await self._passage.enter(following, change, happened)
        except ConflictError:
            self._passage.events.unmake(happened)
            raise StaleError(await self._rejoining.present()) from None

    async def _reread(self) -> Outcome:
        standing = self._passage.standing
        configuration = await asyncio.to_thread(self._load, standing.revision.text)
        if self._is_same(configuration):
            return Outcome(standing.revision, self._passage.keeping.kept, changed=False)
        restarts.check(standing.started, configuration.settings)
        following = standing.follow(standing.revision, configuration.snapshot, configuration.settings)
        why = "the files that the configuration names have changed"
        event = self._passage.events.make("reload_applied", "configuration", who=FILE, why=why)
        return await self._passage.enter(following, Change(), [event])

    def _is_same(self, configuration: Configuration) -> bool:
        standing = self._passage.standing
        base = replace(configuration.snapshot, revision=standing.base.revision, serial=standing.base.serial)
        return same(base, standing.base) and configuration.settings == standing.settings
