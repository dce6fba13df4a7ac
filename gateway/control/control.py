"""Control: its parts and what goes on between them.

It decides who is told of what, and what runs beside the admin side: the file's watch, the store's catching up, the
expiry of overrides, webhooks, the reading of the board.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from aiohttp import web

from gateway.admin.app import application
from gateway.admin.operations import RefusedError
from gateway.admin.runner import runner
from gateway.admin.tokens import Bearer, bearers
from gateway.config.digests import files
from gateway.config.faults import ConfigError
from gateway.config.load import Configuration, load
from gateway.control import standing
from gateway.control.breakers import Breakers
from gateway.control.counts import Counts
from gateway.control.events import Events
from gateway.control.expiry import Expiry
from gateway.control.file import File
from gateway.control.following import Following
from gateway.control.gate import Gate
from gateway.control.health import Health
from gateway.control.keeping import Keeping
from gateway.control.operations import Operations
from gateway.control.reports import Reports
from gateway.control.shadows import Shadows
from gateway.control.start import read
from gateway.control.status import Observer
from gateway.control.watch import Watch
from gateway.control.webhooks import Webhooks
from gateway.control.workers import Told, Workers
from gateway.core.periods import Period
from gateway.links.board import Board
from gateway.links.log import Log, describe
from gateway.links.rundir import RunDir
from gateway.store.errors import StoreError
from gateway.store.store import Store

_PAUSE = 1.0
"""Seconds until what failed is tried again."""


def now() -> datetime:
    """The wall clock, which expiry and records go by."""
    return datetime.now(UTC)


class Control:
    """All parts. Constructed before the loop's first turn, started once the workers are adopted."""

    def __init__(self, run_dir: RunDir, log: Log, *, board: int, slot: int) -> None:
        present = standing.find(run_dir)
        settings = present.settings
        self._log = log
        self._board = Board.open(board)
        self._path = Path(present.file)
        self._tasks: set[asyncio.Task[None]] = set()
        counts = Counts(self._board.slot(slot))
        self._store = Store(settings.store.reveal())
        self._keeping = Keeping(self._store, log, counts, waiting=present.pending)
        self._webhooks = Webhooks(settings.notify, self._keeping.read, log, count=counts.webhook)
        self._events = Events(log, now, last=present.event, told=self._webhooks.publish)
        self.workers = Workers(present.in_force, log, now=now, replaced=self._on_restart, told=self._on_told)
        self._gate = Gate(
            present,
            run_dir,
            load=self._load,
            keeping=self._keeping,
            events=self._events,
            fleet=self.workers,
            counts=counts,
            addressed=self._webhooks.deliveries_for,
            readdress=self._webhooks.readdress,
            configured=lambda settings: self._webhooks.configure(settings.notify),
            now=now,
            report=lambda why: log.error("not all can be left for workers that begin", why=why),
        )
        self._file = File(
            self._path,
            take=self._gate.take_file,
            retake=self._gate.reread,
            unreadable=self._gate.refuse_file,
            taken=present.taken,
        )
        self._breakers = Breakers(Board.open(board))
        self._observer = Observer(Board.open(board), self._breakers)
        self._expiry = Expiry(self._gate, now)
        self._health = Health(lambda: self.workers.target, self.workers.tell_health, self._on_health)
        self._shadows = Shadows(
            Board.open(board),
            run_dir,
            keeping=self._keeping,
            is_shared=self._store.is_shared,
            snapshot=lambda: self.workers.target,
            began=self._on_period,
            now=now,
            log=log,
        )
        self._named: tuple[object, tuple[str, ...]] = (None, ())
        self._watch: Watch | None = None
        self._bearers: tuple[object, tuple[Bearer, ...]] = (None, ())

    # ---- the admin side

    def admin(self, *, close_within: float) -> web.AppRunner:
        """The admin side, ready to be given its sockets."""
        operations = Operations(
            self._gate,
            keeping=self._keeping,
            events=self._events,
            workers=self.workers,
            observer=self._observer,
            reports=Reports(self._shadows, self._keeping, lambda: self.workers.target),
            file=lambda: self._file.status(self._gate.standing.revision),
            load=self._load,
            unwell=lambda: self._health.unwell,
        )
        app = application(operations, self._board, tokens=self._tokens, report=self._report)
        return runner(app, close_within=close_within)

    def _tokens(self) -> tuple[Bearer, ...]:
        tokens = self._gate.standing.settings.admin.tokens
        if self._bearers[0] is not tokens:
            self._bearers = tokens, bearers(tokens)
        return self._bearers[1]

    def _report(self, where: str, error: Exception) -> None:
        self._log.error("unexpected", what=where, error=describe(error))

    # ---- what goes on by itself

    def start(self) -> None:
        """Begin with it."""
        self._watch = Watch(self._files, self._on_files, known=[str(self._path)])
        self._spawn(self._recover())
        self._shadows.dial()
        for work in (
            partial(self._keeping.run, self),
            self._watch.run,
            self._expiry.run,
            self._health.run,
            self._webhooks.run,
            self._observer.run,
            self._shadows.watch,
            self._shadows.run,
            self._leave_again,
        ):
            self._spawn(self._for_ever(work))
        if self._store.is_shared:
            self._spawn(self._for_ever(Following(self._gate, self._keeping, self._events, self._log).run))

    async def _for_ever(self, work: Callable[[], Coroutine[object, object, None]]) -> None:
        """A fault of ours ends no part for good."""
        while True:
            try:
                await work()
            except Exception as error:
                self._log.error("unexpected", what="a part of control begins anew", error=describe(error))
            await asyncio.sleep(_PAUSE)

    async def _leave_again(self) -> None:
        """What could not be left in the run directory is, as soon as it can be."""
        while True:
            await asyncio.sleep(_PAUSE)
            if not self._gate.is_left:
                self._gate.leave()

    async def stop(self) -> None:
        """End it; what waits for the store is tried once more by the next start, from the file."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._shadows.stop()
        self._keeping.close()

    def look_at_file(self) -> None:
        """Look at the configuration file now."""
        if self._watch is not None:
            self._watch.look_now()

    async def _recover(self) -> None:
        """What the store knows beyond what was left in the run directory; then the file."""
        await self._tell_store()
        await self._file.begin(self._gate.standing.taken)

    async def _tell_store(self) -> None:
        if not self._keeping.kept:
            return
        try:
            past = await self._keeping.read(read)
            self._events.recall(past.event, past.events)
            await self._gate.follow()
        except StoreError as error:
            self._log.error("the store cannot be read", why=str(error))
        except (ConfigError, RefusedError) as error:
            self._log.error("the newest revision cannot be taken up", why=str(error))

    # ---- files

    def _files(self) -> tuple[str, ...]:
        """The configuration file, and those that the text in force names."""
        present = self._gate.standing
        if self._named[0] is not present.revision:
            text = present.revision.text.decode(errors="replace")
            self._named = present.revision, files(text, present.base, self._path.parent)
        return str(self._path), *self._named[1]

    async def _on_files(self, changed: frozenset[str]) -> None:
        if not changed or str(self._path) in changed:
            await self._file.read()
        else:
            await self._file.reread()

    # ---- the store

    async def on_store_lost(self, why: str) -> None:
        """For `keeping`."""
        await self._gate.record("store_lost", "store", why)

    async def on_store_back(self) -> None:
        """For `keeping`."""
        try:
            past = await self._keeping.read(read)
        except StoreError as error:
            self._log.error("the store cannot be read", why=str(error))
            return
        if not self._gate.standing.is_read:
            await self._gate.recall(past.overrides)
        if past.newest is None or past.newest.number < self._gate.standing.revision.number:
            await self._gate.keep_again()
        self._webhooks.wake()
        await self._gate.record("store_back", "store", "it takes what is to be kept again")

    async def on_conflict(self) -> None:
        """For `keeping`."""
        await self._gate.renumber()

    def on_waiting(self) -> None:
        """For `keeping`."""
        self._gate.leave()

    async def _on_health(self, variant: str, available: bool, why: str) -> None:
        kind = "variant_available" if available else "variant_unavailable"
        await self._gate.record(kind, f"variant {variant}", why)

    async def _on_period(self, period: Period) -> None:
        detail = {"route": period.route, "variant": period.variant, "period": period.id}
        subject = f"shadow {period.variant} of route {period.route}"
        await self._gate.record("shadow_period_started", subject, period.why, detail, who=period.who)

    def _on_told(self, told: Told) -> None:
        """A breaker or a pool in a worker; sentences of breakers are shown with them."""
        self._breakers.told(told["subject"], told["why"])
        self._spawn(self._gate.record(told["event"], told["subject"], told["why"], told["detail"]))

    def _on_restart(self, index: int, pid: int) -> None:
        self._spawn(self._gate.record("worker_restarted", f"worker {index}", f"it ended; process {pid} took its place"))

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._log.error("unexpected", what="a task of control ended", error=describe(error))

    def _load(self, text: bytes) -> Configuration:
        return load(text, name=str(self._path), folder=self._path.parent)
