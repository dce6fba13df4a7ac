"""Rejoining: what is in force here and what the store has come to be the same again.

It decides who follows whom when somebody else wrote to the store, when it was away, and when it lost what it had. It
must not know how a change is kept and served, nor that only one is made at a time: the gate sees to that.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from gateway.admin.operations import RefusedError
from gateway.config.faults import ConfigError
from gateway.config.load import Configuration
from gateway.control import restarts
from gateway.control.passage import Passage
from gateway.control.start import read
from gateway.core import overrides
from gateway.core.records import Change, Override, Revision

Loader = Callable[[bytes], Configuration]


class Rejoining:
    """See `Gate`."""

    def __init__(self, passage: Passage, load: Loader) -> None:
        self._passage = passage
        self._load = load

    async def present(self) -> int:
        """The number of what is in force for all who share the store; from here on it is here as well, if it can be."""
        with suppress(ConfigError, RefusedError):
            await self.follow()
        return await self._newest_number()

    async def _newest_number(self) -> int:
        newest = await self._passage.keeping.read(lambda store: store.newest())
        return newest.number if newest is not None else self._passage.standing.revision.number

    async def renumber(self) -> None:
        """What waits gets numbers that nobody else has: the store was away when they were given."""
        first = next(each.revision.number for each in self._passage.keeping.waiting if each.revision is not None)
        more = await self._newest_number() + 1 - first
        self._passage.keeping.waiting[:] = [_moved(each, more) for each in self._passage.keeping.waiting]
        standing = self._passage.standing
        revision = replace(standing.revision, number=standing.revision.number + more)
        await self._passage.swap(standing.follow(revision, standing.base, standing.settings))

    async def keep_again(self) -> None:
        """The store has lost what it had: it gets what is in force."""
        standing = self._passage.standing
        await self._passage.keeping.write(Change(revision=standing.revision, set=standing.overrides))

    async def recall(self, older: Sequence[Override]) -> None:
        """Decisions come to light that were taken before the gateway started without its store."""
        standing = self._passage.standing
        known = tuple(
            each for each in older if overrides.is_possible(standing.base, each) and standing.find(each.key) is None
        )
        await self._passage.swap(replace(standing.override(given=known), is_read=True))

    async def follow(self) -> None:
        """What is in force becomes what the store has, where that is newer. StoreError, ConfigError, RefusedError."""
        if self._passage.keeping.kept:
            past = await self._passage.keeping.read(read)
            await self._follow(past.newest, past.overrides, past.taken)

    async def _follow(self, newest: Revision | None, kept: Sequence[Override], taken: str) -> None:
        """Overrides come after the revision: those that it ended are gone, and the others were set on top of it."""
        standing = self._passage.standing
        following = replace(standing, overrides=())
        if newest is not None and newest.number > standing.revision.number:
            configuration = await asyncio.to_thread(self._load, newest.text)
            restarts.check(standing.started, configuration.settings)
            following = following.follow(newest, configuration.snapshot, configuration.settings)
            following = replace(following, taken=taken if newest.origin == "file" else standing.taken)
        following = following.override(given=tuple(kept))
        if following.revision != standing.revision or following.overrides != standing.overrides:
            await self._passage.swap_or_stay(following)


def _moved(change: Change, more: int) -> Change:
    revision = change.revision
    return change if revision is None else replace(change, revision=replace(revision, number=revision.number + more))
