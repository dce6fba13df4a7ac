"""What control does for the admin side: the one object behind the API.

It decides nothing of its own: it asks the gate for changes, and whoever knows for what is known.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace

from gateway.admin.operations import (
    FileStatus,
    Outcome,
    Probe,
    Sample,
    ShadowReport,
    Status,
    UnavailableError,
    WorkerStatus,
)
from gateway.config.faults import Fault
from gateway.config.load import Configuration
from gateway.control import restarts
from gateway.control.events import Events
from gateway.control.gate import Gate
from gateway.control.keeping import Keeping
from gateway.control.probing import probe
from gateway.control.reports import Reports
from gateway.control.status import Observer, Unwell
from gateway.control.workers import Workers
from gateway.core.model import Snapshot
from gateway.core.periods import Found
from gateway.core.plan import Plan, plan
from gateway.core.records import Event, Override, OverrideKey, Revision
from gateway.store.errors import StoreError

_MOST = 100_000
"""Events that are read from the store at once, for who follows from far behind."""


class Operations:
    """See `admin.operations.Operations`; `load` makes a configuration of a text."""

    def __init__(  # noqa: PLR0913 - everything that is known or can be changed
        self,
        gate: Gate,
        *,
        keeping: Keeping,
        events: Events,
        workers: Workers,
        observer: Observer,
        reports: Reports,
        file: Callable[[], FileStatus],
        load: Callable[[bytes], Configuration],
        unwell: Callable[[], Unwell],
    ) -> None:
        self._gate = gate
        self._keeping = keeping
        self._events = events
        self._workers = workers
        self._observer = observer
        self._reports = reports
        self._file = file
        self._load = load
        self._unwell = unwell

    @property
    def snapshot(self) -> Snapshot:
        """What is in force."""
        return self._workers.target

    @property
    def revision(self) -> Revision:
        """The revision in force."""
        return self._gate.standing.revision

    @property
    def kept(self) -> bool:
        """Whether the store has everything."""
        return self._keeping.kept

    def is_kept(self, revision: int) -> bool:
        """Whether the store has that revision."""
        waiting = (each.revision for each in self._keeping.waiting)
        return all(each is None or each.number != revision for each in waiting)

    def is_ready(self) -> bool:
        """Whether a worker serves."""
        return self._workers.any_serves()

    async def status(self) -> Status:
        """Everything at a glance, as it is now; a thread puts it together, since thousands of variants take a while."""
        workers = tuple(
            WorkerStatus(state["index"], state["pid"], state["revision"], state["draining"], adopted.since)
            for adopted in self._workers.all()
            for state in (adopted.state,)
        )
        return await asyncio.to_thread(
            self._observer.status,
            self.snapshot,
            revision=self.revision.number,
            file=self._file(),
            kept=self.kept,
            overrides=tuple(self.overrides()),
            workers=workers,
            unwell=self._unwell(),
        )

    # ---- configuration

    async def check(self, text: bytes) -> Sequence[Fault]:
        """The warnings."""
        return (await asyncio.to_thread(self._load, text)).warnings

    async def plan(self, text: bytes) -> Plan:
        """What the text would change."""
        return await asyncio.to_thread(self._plan, text)

    def _plan(self, text: bytes) -> Plan:
        configuration = self._load(text)
        standing = self._gate.standing
        made = plan(standing.base, configuration.snapshot, overrides=standing.overrides)
        return replace(made, refused=restarts.needed(standing.started, configuration.settings))

    async def apply(self, text: bytes, *, author: str, message: str, expected: int | None) -> Outcome:
        """Puts a text in force."""
        return await self._gate.apply(text, author=author, message=message, expected=expected)

    async def restore(self, number: int, *, author: str, message: str, expected: int | None) -> Outcome:
        """Puts an older text in force."""
        return await self._gate.restore(number, author=author, message=message, expected=expected)

    # ---- revisions

    async def revisions(self, *, limit: int, before: int | None) -> Sequence[Revision]:
        """The newest first, those that wait for the store as well."""
        waiting = [each.revision for each in reversed(self._keeping.waiting) if each.revision is not None]
        shown = [each for each in waiting if before is None or each.number < before][:limit]
        rest = limit - len(shown)
        if not rest:
            return shown
        try:
            return [*shown, *await self._keeping.read(lambda store: store.revisions(rest, before))]
        except StoreError as error:
            raise UnavailableError(f"the store cannot be read: {error}") from None

    async def find_revision(self, number: int) -> Revision:
        """One of them."""
        return await self._gate.find(number)

    # ---- overrides

    def overrides(self) -> Sequence[Override]:
        """Those in force."""
        return self._gate.standing.overrides

    async def set_override(self, override: Override) -> Outcome:
        """Takes the decision."""
        return await self._gate.set_override(override)

    async def end_override(self, key: OverrideKey, *, who: str, why: str) -> Outcome:
        """Ends one."""
        return await self._gate.end_override(key, who=who, why=why)

    async def probe(self, variant: str, sample: Sample | None) -> Probe:
        """Asks a variant whether it answers."""
        self._gate.check_name("variant", variant)
        return await probe(self.snapshot, variant, sample)

    # ---- shadows

    async def shadows(self, route: str) -> Sequence[ShadowReport]:
        """Of a route, in their present periods."""
        return await self._reports.all(route)

    async def shadow(self, route: str, variant: str) -> ShadowReport:
        """In its present period."""
        return await self._reports.present((route, variant))

    async def shadow_periods(
        self, route: str, variant: str, *, limit: int, before: int | None
    ) -> Sequence[ShadowReport]:
        """In its earlier ones."""
        return await self._reports.earlier((route, variant), limit=limit, before=before)

    async def mismatches(
        self, route: str, variant: str, *, limit: int, before: int | None, period: int | None
    ) -> tuple[Sequence[Found], bool]:
        """The newest first."""
        return await self._reports.mismatches((route, variant), limit=limit, before=before, period=period)

    async def restart_shadow(self, route: str, variant: str, *, who: str, why: str) -> ShadowReport:
        """Begins a new period."""
        return await self._reports.restart((route, variant), who=who, why=why)

    # ---- events

    async def events(self, *, since: int | None, limit: int) -> Sequence[Event]:
        """The oldest first."""
        recent = self._events.recent(since, limit)
        if recent is not None:
            return recent
        try:
            return await self._keeping.read(lambda store: store.events(since, limit))
        except StoreError as error:
            raise UnavailableError(f"the store cannot be read: {error}") from None

    async def follow(self, since: int | None) -> AsyncGenerator[Event, None]:
        """Those after `since`, then each as it happens."""
        seen = self._events.last if since is None else since
        with self._events.followed() as following:
            if seen < self._events.last:
                for event in await self.events(since=seen, limit=_MOST):
                    seen = event.id
                    yield event
            while (happened := await following.get()) is not None:
                if happened.id > seen:
                    yield happened
