"""The gate: every change of what is in force passes here, one at a time.

It decides what a change makes of the standing, and its order: checked, numbered, kept, left for workers that begin,
taken by those that serve, told. It must not know HTTP, nor how workers and the store are reached.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Literal

from gateway.admin.operations import Outcome, RefusedError, StaleError, UnavailableError, UnknownError
from gateway.config.faults import ConfigError
from gateway.config.load import Configuration
from gateway.config.settings import Settings
from gateway.control import restarts
from gateway.control.counts import Counts
from gateway.control.events import Events
from gateway.control.fleet import Fleet, RejectedError
from gateway.control.keeping import Keeping
from gateway.control.naming import FILE, GATEWAY, digest, subject
from gateway.control.standing import Standing
from gateway.control.start import read
from gateway.control.undoing import undo
from gateway.core import overrides
from gateway.core.records import Change, Delivery, Event, Origin, Override, OverrideKey, Revision
from gateway.core.same import same
from gateway.core.suggest import did_you_mean
from gateway.links.rundir import RunDir
from gateway.store.errors import ConflictError, StoreError

Loader = Callable[[bytes], Configuration]
Addressed = Callable[[Event], tuple[Delivery, ...]]


class Gate:
    """The standing, and the only way to change it. `load` makes a configuration of a text (ConfigError with its
    faults); `addressed` says which webhooks an event goes to; `configured` is told of new settings, `report` of what
    went wrong by the way, `readdress` of ids that the store has changed."""

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
        self.standing = standing
        self.is_left = True
        """Whether the run directory has all of it."""
        self._report = report
        self._readdress = readdress
        self._run_dir = run_dir
        self._load = load
        self._keeping = keeping
        self._events = events
        self._fleet = fleet
        self._counts = counts
        self._addressed = addressed
        self._configured = configured
        self._now = now
        self._one_at_a_time = asyncio.Lock()

    # ---- revisions

    async def apply(self, text: bytes, *, author: str, message: str, expected: int | None) -> Outcome:
        """Puts a text in force. ConfigError, StaleError, RefusedError."""
        async with self._one_at_a_time:
            self._expect(expected)
            return await self._reload(self._revise(text, origin="api", author=author, message=message), author)

    async def restore(self, number: int, *, author: str, message: str, expected: int | None) -> Outcome:
        """Puts an older revision's text in force."""
        async with self._one_at_a_time:
            self._expect(expected)
            text = (await self.find(number)).text
            message = message or f"restores revision {number}"
            return await self._reload(self._revise(text, origin="restore", author=author, message=message), author)

    async def take_file(self, text: bytes) -> Outcome:
        """Puts the text of the configuration file in force, where it is not the one last taken from there."""
        async with self._one_at_a_time:
            try:
                return await self._take_file(text)
            except StaleError:  # somebody who shares the store was first, and is followed now
                return await self._take_file(text)

    async def _take_file(self, text: bytes) -> Outcome:
        if digest(text) == self.standing.taken:
            return await self._reload(self._reread(), FILE)
        return await self._reload(self._revise(text, origin="file", author=FILE, message=""), FILE)

    async def reread(self) -> Outcome:
        """Takes up what the files hold now that the text in force names."""
        async with self._one_at_a_time:
            return await self._reload(self._reread(), FILE)

    async def refuse_file(self, error: ConfigError) -> None:
        """The configuration file cannot be read."""
        async with self._one_at_a_time:
            await self._refused(error, FILE)

    async def find(self, number: int) -> Revision:
        """One revision; UnknownError, UnavailableError."""
        for each in (self.standing.revision, *(each.revision for each in self._keeping.waiting)):
            if each is not None and each.number == number:
                return each
        try:
            found = await self._keeping.read(lambda store: store.revision(number))
        except StoreError as error:
            raise UnavailableError(f"the store cannot be read: {error}") from None
        if found is None:
            raise UnknownError(f"there is no revision {number}; the newest is {self.standing.revision.number}")
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
        await self._tell([self._events.make("reload_refused", "configuration", who=author, why=why)])

    def _expect(self, expected: int | None) -> None:
        present = self.standing.revision.number
        if expected is not None and expected != present:
            raise StaleError(present)

    async def _revise(self, text: bytes, *, origin: Origin, author: str, message: str) -> Outcome:
        standing = self.standing
        configuration = await asyncio.to_thread(self._load, text)
        self._check_restart(configuration)
        if self._keeping.is_full:
            raise RefusedError("too much waits for the store already; see status, and why the store takes nothing")
        taken = digest(text) if origin == "file" else standing.taken
        if text == standing.revision.text and self._is_same(configuration):
            if taken != standing.taken:
                await self._keeping.write(Change(taken=taken))
            self._leave(replace(standing, taken=taken))
            return Outcome(standing.revision, self._keeping.kept, changed=False)
        revision = Revision(
            standing.revision.number + 1, text, author, message, self._now(), origin=origin, hash=digest(text)
        )
        following = standing.follow(revision, configuration.snapshot, configuration.settings)
        return await self._revision(replace(following, taken=taken))

    async def _revision(self, following: Standing) -> Outcome:
        revision = following.revision
        ended = tuple(each for each in self.standing.overrides if following.find(each.key) is None)
        kind = "revision_restored" if revision.origin == "restore" else "reload_applied"
        why = revision.message or f"revision {revision.number} is in force"
        detail = {"revision": revision.number, "origin": revision.origin}
        happened = [self._events.make(kind, "configuration", who=revision.author, why=why, detail=detail)]
        over = f"revision {revision.number} changes what it was about"
        happened += [self._ended(each, GATEWAY, over) for each in ended]
        change = Change(revision=revision, ended=tuple(each.key for each in ended))
        try:
            return await self._enter(following, change, happened)
        except ConflictError:
            self._events.unmake(happened)
            raise StaleError(await self._present()) from None

    async def _present(self) -> int:
        """The number of what is in force for all who share the store; from here on it is here as well, if it can be."""
        with suppress(ConfigError, RefusedError):
            await self._follow_store()
        return await self._newest_number()

    async def _newest_number(self) -> int:
        newest = await self._keeping.read(lambda store: store.newest())
        return newest.number if newest is not None else self.standing.revision.number

    async def _reread(self) -> Outcome:
        standing = self.standing
        configuration = await asyncio.to_thread(self._load, standing.revision.text)
        if self._is_same(configuration):
            return Outcome(standing.revision, self._keeping.kept, changed=False)
        self._check_restart(configuration)
        following = standing.follow(standing.revision, configuration.snapshot, configuration.settings)
        why = "the files that the configuration names have changed"
        event = self._events.make("reload_applied", "configuration", who=FILE, why=why)
        return await self._enter(following, Change(), [event])

    def _is_same(self, configuration: Configuration) -> bool:
        standing = self.standing
        base = replace(configuration.snapshot, revision=standing.base.revision, serial=standing.base.serial)
        return same(base, standing.base) and configuration.settings == standing.settings

    def _check_restart(self, configuration: Configuration) -> None:
        changed = restarts.needed(self.standing.started, configuration.settings)
        if changed:
            raise RefusedError(f"{', '.join(changed)}: a change of this needs a restart; nothing was changed")

    # ---- overrides

    async def set_override(self, override: Override) -> Outcome:
        """Takes a decision; UnknownError, RefusedError."""
        async with self._one_at_a_time:
            self._check(override)
            before = self.standing.find(override.key)
            if override.kind == "split_set":
                override = replace(override, previous=before.split if before is not None else None)
            event = self._set(override, override.who, override.why)
            if override.state == "open":
                self._counts.forced_open(override.subject)
            return await self._enter(self.standing.override(given=(override,)), Change(set=(override,)), [event])

    async def end_override(self, key: OverrideKey, *, who: str, why: str) -> Outcome:
        """Ends one, if there is one; UnknownError."""
        async with self._one_at_a_time:
            self._check_name(key)
            override = self.standing.find(key)
            if override is None:
                return Outcome(self.standing.revision, self._keeping.kept, changed=False)
            return await self._end((override,), who=who, why=why)

    async def expire(self) -> None:
        """Ends those whose time is over."""
        async with self._one_at_a_time:
            over = overrides.expired(self.standing.overrides, self._now())
            if over:
                await self._end(over, who=GATEWAY, why="its time is over")

    async def _end(self, over: tuple[Override, ...], *, who: str, why: str) -> Outcome:
        keys = tuple(each.key for each in over)
        happened = [self._ended(each, who, why) for each in over]
        return await self._enter(self.standing.override(ended=keys), Change(ended=keys), happened)

    def _set(self, override: Override, who: str, why: str) -> Event:
        return self._events.make("override_set", subject(override), who=who, why=why, detail=_detail(override))

    def _ended(self, override: Override, who: str, why: str) -> Event:
        return self._events.make("override_ended", subject(override), who=who, why=why, detail=_detail(override))

    def _check(self, override: Override) -> None:
        self._check_name(override.key)
        if override.expires is not None and override.expires <= self._now():
            raise RefusedError("expires: a time that is yet to come is due")
        if override.kind == "split_set":
            wrong = overrides.check_split(self.standing.base, override.subject, override.split or {})
            if wrong is not None:
                raise RefusedError(f"split: {wrong}")

    def _check_name(self, key: OverrideKey) -> None:
        kind, name = key
        self.check_name("route" if kind == "split_set" else "variant", name)

    def check_name(self, what: Literal["route", "variant"], name: str) -> None:
        """UnknownError for a name that nobody defines."""
        base = self.standing.base
        known: Mapping[str, object] = base.routes if what == "route" else base.variants
        if name not in known:
            raise UnknownError(f"no {what} {name} is defined{did_you_mean(name, known)}")

    # ---- what else happens

    async def record(
        self, kind: str, about: str, why: str, detail: Mapping[str, object] | None = None, *, who: str = GATEWAY
    ) -> None:
        """Something happened that changes nothing in force."""
        async with self._one_at_a_time:
            await self._tell([self._events.make(kind, about, who=who, why=why, detail=detail)])

    async def renumber(self) -> None:
        """What waits gets numbers that nobody else has: the store was away when they were given."""
        async with self._one_at_a_time:
            first = next(each.revision.number for each in self._keeping.waiting if each.revision is not None)
            more = await self._newest_number() + 1 - first
            self._keeping.waiting[:] = [_moved(each, more) for each in self._keeping.waiting]
            standing = self.standing
            revision = replace(standing.revision, number=standing.revision.number + more)
            await self._swap(standing.follow(revision, standing.base, standing.settings))

    async def keep_again(self) -> None:
        """The store has lost what it had: it gets what is in force."""
        async with self._one_at_a_time:
            standing = self.standing
            await self._keeping.write(Change(revision=standing.revision, set=standing.overrides))

    async def recall(self, older: Sequence[Override]) -> None:
        """Decisions come to light that were taken before the gateway started without its store."""
        async with self._one_at_a_time:
            standing = self.standing
            known = tuple(
                each for each in older if overrides.is_possible(standing.base, each) and standing.find(each.key) is None
            )
            await self._swap(replace(standing.override(given=known), is_read=True))

    async def follow(self) -> None:
        """What is in force becomes what the store has, where that is newer. StoreError, ConfigError, RefusedError."""
        async with self._one_at_a_time:
            await self._follow_store()

    async def _follow_store(self) -> None:
        if self._keeping.kept:
            past = await self._keeping.read(read)
            await self._follow(past.newest, past.overrides, past.taken)

    async def _follow(self, newest: Revision | None, kept: Sequence[Override], taken: str) -> None:
        """Overrides come after the revision: those that it ended are gone, and the others were set on top of it."""
        standing = self.standing
        following = replace(standing, overrides=())
        if newest is not None and newest.number > standing.revision.number:
            configuration = await asyncio.to_thread(self._load, newest.text)
            self._check_restart(configuration)
            following = following.follow(newest, configuration.snapshot, configuration.settings)
            following = replace(following, taken=taken if newest.origin == "file" else standing.taken)
        following = following.override(given=tuple(kept))
        if following.revision != standing.revision or following.overrides != standing.overrides:
            await self._swap_or_stay(following)

    async def _swap_or_stay(self, following: Standing) -> None:
        """RefusedError where no worker can take it; then all is as it was."""
        standing = self.standing
        try:
            await self._swap(following)
        except RejectedError as error:
            base = replace(standing.base, serial=following.base.serial + 1)
            with suppress(RejectedError):  # workers have it already
                await self._swap(replace(standing, base=base))
            raise RefusedError(f"no worker can take it: {error}") from None

    def leave(self) -> None:
        """Writes down what waits now."""
        self._leave(self.standing)

    # ---- the way of every change

    async def _enter(self, following: Standing, change: Change, happened: list[Event]) -> Outcome:
        before = self.standing
        kept, events = await self._keep(change, happened)
        try:
            notes = await self._swap(following)
        except RejectedError as error:
            await self._take_back(before, events, f"no worker can take it: {error}")
            raise RefusedError(f"no worker can take it, so it was taken back: {error}") from None
        for event in events:
            self._events.publish(event)
        return Outcome(self.standing.revision, kept, changed=True, notes=tuple(notes))

    async def _take_back(self, before: Standing, happened: Sequence[Event], why: str) -> None:
        """What was in force before is so again; the records show both."""
        undone = self.standing
        back, change = undo(before, undone, now=self._now())
        told = [self._set(each, GATEWAY, why) for each in change.set]
        told += [self._ended(each, GATEWAY, why) for each in undone.overrides if each.key in change.ended]
        if change.revision is not None:
            told.append(self._events.make("revision_restored", "configuration", who=GATEWAY, why=why))
        _, events = await self._keep(change, told)
        with suppress(RejectedError):  # workers have it already
            await self._swap(back)
        for event in (*happened, *events):
            self._events.publish(event)

    async def _tell(self, happened: list[Event]) -> None:
        kept, events = await self._keep(Change(), happened)
        if not kept:
            self._leave(self.standing)
        for event in events:
            self._events.publish(event)

    async def _keep(self, change: Change, happened: list[Event]) -> tuple[bool, Sequence[Event]]:
        """Whether the store has it, and the events under the ids that they have there."""
        deliveries = tuple(each for event in happened for each in self._addressed(event))
        whole = replace(change, events=tuple(happened), deliveries=deliveries)
        kept = await self._keeping.write(whole)
        if kept is None or kept.events == whole.events:
            return kept is not None, happened
        self._readdress(kept.deliveries)
        await self._join_others(happened[0].id, kept.events)
        return True, kept.events

    async def _join_others(self, first: int, ours: Sequence[Event]) -> None:
        """Somebody who shares the store has told of something meanwhile, under the ids that ours were to have."""
        last = ours[-1].id
        with suppress(StoreError):
            for event in await self._keeping.read(lambda store: store.events(first - 1, last - first)):
                if event not in ours:
                    self._events.join(event)

    async def _swap(self, following: Standing) -> Sequence[str]:
        before = self.standing.in_force
        if following.settings is not self.standing.settings:
            self._configured(following.settings)
        self._leave(following)
        return await self._fleet.swap(before, following.in_force)

    def _leave(self, standing: Standing) -> None:
        """A run directory that cannot be written holds up nothing: workers are told all the same, and one that begins
        by an older snapshot is sent what it lacks."""
        self.standing = replace(standing, pending=tuple(self._keeping.waiting), event=self._events.last)
        try:
            self.standing.leave(self._run_dir)
        except OSError as error:
            if self.is_left:
                self._report(f"the run directory cannot be written: {error.strerror}")
            self.is_left = False
        else:
            self.is_left = True


def _moved(change: Change, more: int) -> Change:
    revision = change.revision
    return change if revision is None else replace(change, revision=replace(revision, number=revision.number + more))


def _detail(override: Override) -> dict[str, object]:
    detail: dict[str, object] = {"override": override.kind}
    if override.split is not None:
        detail |= {"split": dict(override.split), "rules": override.rules}
    if override.state is not None:
        detail["state"] = override.state
    if override.expires is not None:
        detail["expires"] = override.expires.isoformat()
    return detail
