"""The passage: the way that every change goes.

It decides the order: kept, left for workers that begin, taken by those that serve, told; and what is taken back when no
worker can take it. It must not know what a change is about, nor that only one is made at a time: the gate sees to that.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from gateway.admin.operations import Outcome, RefusedError
from gateway.config.settings import Settings
from gateway.control.events import Events
from gateway.control.fleet import Fleet, RejectedError
from gateway.control.keeping import Keeping
from gateway.control.naming import GATEWAY
from gateway.control.standing import Standing
from gateway.control.telling import override_ended, override_set
from gateway.control.undoing import undo
from gateway.core.records import Change, Delivery, Event
from gateway.links.rundir import RunDir
from gateway.store.errors import StoreError

Addressed = Callable[[Event], tuple[Delivery, ...]]


class Passage:
    """The standing, and how another one takes its place. `addressed` says which webhooks an event goes to; `configured`
    is told of new settings, `report` of what went wrong by the way, `readdress` of ids that the store has changed."""

    def __init__(  # noqa: PLR0913 - what a change goes through, one by one
        self,
        standing: Standing,
        run_dir: RunDir,
        *,
        keeping: Keeping,
        events: Events,
        fleet: Fleet,
        addressed: Addressed,
        configured: Callable[[Settings], None],
        now: Callable[[], datetime],
        report: Callable[[str], None],
        readdress: Callable[[Sequence[Delivery]], None],
    ) -> None:
        self.standing = standing
        self.is_left = True
        """Whether the run directory has all of it."""
        self.keeping = keeping
        self.events = events
        self._run_dir = run_dir
        self._fleet = fleet
        self._addressed = addressed
        self._configured = configured
        self._now = now
        self._report = report
        self._readdress = readdress

    async def enter(self, following: Standing, change: Change, happened: list[Event]) -> Outcome:
        """Another standing is in force. RefusedError where no worker can take it, ConflictError where the number of its
        revision is somebody else's."""
        before = self.standing
        kept, events = await self._keep(change, happened)
        try:
            notes = await self.swap(following)
        except RejectedError as error:
            await self._take_back(before, events, f"no worker can take it: {error}")
            raise RefusedError(f"no worker can take it, so it was taken back: {error}") from None
        for event in events:
            self.events.publish(event)
        return Outcome(self.standing.revision, kept, changed=True, notes=tuple(notes))

    async def _take_back(self, before: Standing, happened: Sequence[Event], why: str) -> None:
        """What was in force before is so again; the records show both."""
        undone = self.standing
        back, change = undo(before, undone, now=self._now())
        told = [override_set(self.events, each, GATEWAY, why) for each in change.set]
        told += [
            override_ended(self.events, each, GATEWAY, why) for each in undone.overrides if each.key in change.ended
        ]
        if change.revision is not None:
            told.append(self.events.make("revision_restored", "configuration", who=GATEWAY, why=why))
        _, events = await self._keep(change, told)
        with suppress(RejectedError):  # workers have it already
            await self.swap(back)
        for event in (*happened, *events):
            self.events.publish(event)

    async def tell(self, happened: list[Event]) -> None:
        """Something happened that changes nothing in force."""
        kept, events = await self._keep(Change(), happened)
        if not kept:
            self.leave(self.standing)
        for event in events:
            self.events.publish(event)

    async def _keep(self, change: Change, happened: list[Event]) -> tuple[bool, Sequence[Event]]:
        """Whether the store has it, and the events under the ids that they have there."""
        deliveries = tuple(each for event in happened for each in self._addressed(event))
        whole = replace(change, events=tuple(happened), deliveries=deliveries)
        kept = await self.keeping.write(whole)
        if kept is None or kept.events == whole.events:
            return kept is not None, happened
        self._readdress(kept.deliveries)
        await self._join_others(happened[0].id, kept.events)
        return True, kept.events

    async def _join_others(self, first: int, ours: Sequence[Event]) -> None:
        """Somebody who shares the store has told of something meanwhile, under the ids that ours were to have."""
        last = ours[-1].id
        with suppress(StoreError):
            for event in await self.keeping.read(lambda store: store.events(first - 1, last - first)):
                if event not in ours:
                    self.events.join(event)

    async def swap_or_stay(self, following: Standing) -> None:
        """RefusedError where no worker can take it; then all is as it was."""
        standing = self.standing
        try:
            await self.swap(following)
        except RejectedError as error:
            base = replace(standing.base, serial=following.base.serial + 1)
            with suppress(RejectedError):  # workers have it already
                await self.swap(replace(standing, base=base))
            raise RefusedError(f"no worker can take it: {error}") from None

    async def swap(self, following: Standing) -> Sequence[str]:
        """It is in force, and nothing of it is new to the store; which workers are replaced. RejectedError."""
        before = self.standing.in_force
        if following.settings is not self.standing.settings:
            self._configured(following.settings)
        self.leave(following)
        return await self._fleet.swap(before, following.in_force)

    def leave(self, standing: Standing) -> None:
        """A run directory that cannot be written holds up nothing: workers are told all the same, and one that begins
        by an older snapshot is sent what it lacks."""
        self.standing = replace(standing, pending=tuple(self.keeping.waiting), event=self.events.last)
        try:
            self.standing.leave(self._run_dir)
        except OSError as error:
            if self.is_left:
                self._report(f"the run directory cannot be written: {error.strerror}")
            self.is_left = False
        else:
            self.is_left = True
