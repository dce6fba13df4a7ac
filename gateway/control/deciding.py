"""Overrides: decisions that operators take at run time, on top of the revision.

It decides which may be taken, and when one is over. It must not know how a change is kept and served, nor that only one
is made at a time: the gate sees to that.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Literal

from gateway.admin.operations import Outcome, RefusedError, UnknownError
from gateway.control.counts import Counts
from gateway.control.naming import GATEWAY
from gateway.control.passage import Passage
from gateway.control.telling import override_ended, override_set
from gateway.core import overrides
from gateway.core.records import Change, Override, OverrideKey
from gateway.core.suggest import did_you_mean


class Deciding:
    """See `Gate`."""

    def __init__(self, passage: Passage, *, counts: Counts, now: Callable[[], datetime]) -> None:
        self._passage = passage
        self._counts = counts
        self._now = now

    async def set_override(self, override: Override) -> Outcome:
        """Takes a decision; UnknownError, RefusedError."""
        self._check(override)
        before = self._passage.standing.find(override.key)
        if override.kind == "split_set":
            override = replace(override, previous=before.split if before is not None else None)
        event = override_set(self._passage.events, override, override.who, override.why)
        if override.state == "open":
            self._counts.forced_open(override.subject)
        following = self._passage.standing.override(given=(override,))
        return await self._passage.enter(following, Change(set=(override,)), [event])

    async def end_override(self, key: OverrideKey, *, who: str, why: str) -> Outcome:
        """Ends one, if there is one; UnknownError."""
        self._check_name(key)
        override = self._passage.standing.find(key)
        if override is None:
            return Outcome(self._passage.standing.revision, self._passage.keeping.kept, changed=False)
        return await self._end((override,), who=who, why=why)

    async def expire(self) -> None:
        """Ends those whose time is over."""
        over = overrides.expired(self._passage.standing.overrides, self._now())
        if over:
            await self._end(over, who=GATEWAY, why="its time is over")

    async def _end(self, over: tuple[Override, ...], *, who: str, why: str) -> Outcome:
        keys = tuple(each.key for each in over)
        happened = [override_ended(self._passage.events, each, who, why) for each in over]
        return await self._passage.enter(self._passage.standing.override(ended=keys), Change(ended=keys), happened)

    def _check(self, override: Override) -> None:
        self._check_name(override.key)
        if override.expires is not None and override.expires <= self._now():
            raise RefusedError("expires: a time that is yet to come is due")
        if override.kind == "split_set":
            wrong = overrides.check_split(self._passage.standing.base, override.subject, override.split or {})
            if wrong is not None:
                raise RefusedError(f"split: {wrong}")

    def _check_name(self, key: OverrideKey) -> None:
        kind, name = key
        self.check_name("route" if kind == "split_set" else "variant", name)

    def check_name(self, what: Literal["route", "variant"], name: str) -> None:
        """UnknownError for a name that nobody defines."""
        base = self._passage.standing.base
        known: Mapping[str, object] = base.routes if what == "route" else base.variants
        if name not in known:
            raise UnknownError(f"no {what} {name} is defined{did_you_mean(name, known)}")
