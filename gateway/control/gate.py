"""The gate: every change of what is in force passes here, one at a time.

It decides nothing but that. What a revision, an override or the store makes of the standing is decided by the part that
it is about, and the order of what follows by the passage.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from gateway.admin.operations import Outcome
from gateway.config.faults import ConfigError
from gateway.config.settings import Settings
from gateway.control.counts import Counts
from gateway.control.deciding import Deciding
from gateway.control.events import Events
from gateway.control.fleet import Fleet
from gateway.control.keeping import Keeping
from gateway.control.naming import GATEWAY
from gateway.control.passage import Addressed, Passage
from gateway.control.rejoining import Loader, Rejoining
from gateway.control.revising import Revising
from gateway.control.standing import Standing
from gateway.core.records import Delivery, Override, OverrideKey, Revision
from gateway.links.rundir import RunDir


class Gate:
    """The standing, and the only way to change it. `load` makes a configuration of a text (ConfigError with its
    faults); the others are what `Passage` says."""

    def __init__(  # noqa: PLR0913 - what a change goes through, one by one
        self,
        standing: Standing,
        run_dir: RunDir,
        *,
        load: Loader,
        keeping: Keeping,
        events: Events,
        fleet: Fleet,
        counts: Counts,
        addressed: Addressed,
        configured: Callable[[Settings], None],
        now: Callable[[], datetime],
        report: Callable[[str], None] = lambda why: None,
        readdress: Callable[[Sequence[Delivery]], None] = lambda deliveries: None,
    ) -> None:
        self._passage = Passage(
            standing,
            run_dir,
            keeping=keeping,
            events=events,
            fleet=fleet,
            addressed=addressed,
            configured=configured,
            now=now,
            report=report,
            readdress=readdress,
        )
        self._rejoining = Rejoining(self._passage, load)
        self._revising = Revising(self._passage, self._rejoining, load=load, counts=counts, now=now)
        self._deciding = Deciding(self._passage, counts=counts, now=now)
        self._one_at_a_time = asyncio.Lock()

    @property
    def standing(self) -> Standing:
        """What is in force, and all that must not be lost with it."""
        return self._passage.standing

    @property
    def is_left(self) -> bool:
        """Whether the run directory has all of it."""
        return self._passage.is_left

    # ---- revisions

    async def apply(self, text: bytes, *, author: str, message: str, expected: int | None) -> Outcome:
        """Puts a text in force. ConfigError, StaleError, RefusedError."""
        async with self._one_at_a_time:
            return await self._revising.apply(text, author=author, message=message, expected=expected)

    async def restore(self, number: int, *, author: str, message: str, expected: int | None) -> Outcome:
        """Puts an older revision's text in force."""
        async with self._one_at_a_time:
            return await self._revising.restore(number, author=author, message=message, expected=expected)

    async def take_file(self, text: bytes) -> Outcome:
        """Puts the text of the configuration file in force, where it is not the one last taken from there."""
        async with self._one_at_a_time:
            return await self._revising.take_file(text)

    async def reread(self) -> Outcome:
        """Takes up what the files hold now that the text in force names."""
        async with self._one_at_a_time:
            return await self._revising.reread()

    async def refuse_file(self, error: ConfigError) -> None:
        """The configuration file cannot be read."""
        async with self._one_at_a_time:
            await self._revising.refuse_file(error)

    async def find(self, number: int) -> Revision:
        """One revision; UnknownError, UnavailableError."""
        return await self._revising.find(number)

    # ---- overrides

    async def set_override(self, override: Override) -> Outcome:
        """Takes a decision; UnknownError, RefusedError."""
        async with self._one_at_a_time:
            return await self._deciding.set_override(override)

    async def end_override(self, key: OverrideKey, *, who: str, why: str) -> Outcome:
        """Ends one, if there is one; UnknownError."""
        async with self._one_at_a_time:
            return await self._deciding.end_override(key, who=who, why=why)

    async def expire(self) -> None:
        """Ends those whose time is over."""
        async with self._one_at_a_time:
            await self._deciding.expire()

    def check_name(self, what: Literal["route", "variant"], name: str) -> None:
        """UnknownError for a name that nobody defines."""
        self._deciding.check_name(what, name)

    # ---- what else happens

    async def record(
        self, kind: str, about: str, why: str, detail: Mapping[str, object] | None = None, *, who: str = GATEWAY
    ) -> None:
        """Something happened that changes nothing in force."""
        async with self._one_at_a_time:
            await self._passage.tell([self._passage.events.make(kind, about, who=who, why=why, detail=detail)])

    async def renumber(self) -> None:
        """What waits gets numbers that nobody else has: the store was away when they were given."""
        async with self._one_at_a_time:
            await self._rejoining.renumber()

    async def keep_again(self) -> None:
        """The store has lost what it had: it gets what is in force."""
        async with self._one_at_a_time:
            await self._rejoining.keep_again()

    async def recall(self, older: Sequence[Override]) -> None:
        """Decisions come to light that were taken before the gateway started without its store."""
        async with self._one_at_a_time:
            await self._rejoining.recall(older)

    async def follow(self) -> None:
        """What is in force becomes what the store has, where that is newer. StoreError, ConfigError, RefusedError."""
        async with self._one_at_a_time:
            await self._rejoining.follow()

    def leave(self) -> None:
        """Writes down what waits now."""
        self._passage.leave(self._passage.standing)
