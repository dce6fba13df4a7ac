"""Shadows: what came of comparing their replies, in periods.

It decides when what was counted is kept, and that what was found counts once: a batch of the shadow process is
acknowledged when it is kept, or can wait here. While the store takes nothing all goes on in memory, and is left in the
run directory but for the mismatches, of which the newest wait. Of gateways that share a store each counts for itself,
and what they report is the sum.
"""

import asyncio
import os
import pickle
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

from gateway.control.accounts import Accounts
from gateway.control.batches import Batches
from gateway.control.keeping import Keeping
from gateway.control.ledger import Account, Ledger, account, merged
from gateway.control.periods import Periods
from gateway.control.signatures import signatures
from gateway.core.model import Snapshot
from gateway.core.periods import Pair, Period, Saved
from gateway.core.tally import Batch, Present
from gateway.links.board import Board
from gateway.links.log import Log
from gateway.links.rundir import SHADOWS, RunDir
from gateway.store.errors import StoreError

LOOK_EVERY = 0.25
SAVE_EVERY = 1.0
_WITHIN = 2.0
"""Seconds that the last words of the shadow process, and keeping them, may take at the end."""


class Shadows:
    """All pairs of a gateway. `board` is a view of its own; `snapshot` tells what is in force; `began` tells the world
    of a period."""

    def __init__(  # noqa: PLR0913 - what is counted, where it is kept, and who is told
        self,
        board: Board,
        run_dir: RunDir,
        *,
        keeping: Keeping,
        is_shared: bool,
        snapshot: Callable[[], Snapshot],
        began: Callable[[Period], Awaitable[None]],
        now: Callable[[], datetime],
        log: Log,
    ) -> None:
        self._run_dir = run_dir
        self._keeping = keeping
        self._snapshot = snapshot
        self._began = began
        self._now = now
        self._log = log
        self._accounts = Accounts(board)
        self._ledger = Ledger(os.path.basename(run_dir.path))
        self._periods = Periods(self._ledger, self._accounts, keeping=keeping, is_shared=is_shared, now=now)
        self._batches = Batches(run_dir.shadow_socket, self._take)
        self._dialling: asyncio.Task[None] | None = None
        self._taken: list[int] = []
        self._is_left = False
        self._seen: Snapshot | None = None
        self._one_look = asyncio.Lock()
        self._one_save = asyncio.Lock()
        self._resume()

    # ---- what goes on by itself

    def dial(self) -> "asyncio.Task[None]":
        """Keeps a link to the shadow process from now on, until the end."""
        self._dialling = asyncio.get_running_loop().create_task(self._batches.run())
        return self._dialling

    async def watch(self) -> None:
        """Begins periods, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY)

    async def run(self) -> None:
        """Keeps what was counted, until cancelled."""
        while True:
            await asyncio.sleep(SAVE_EVERY)
            await self.save()

    async def stop(self) -> None:
        """The run is over: what the shadow process has left to say is waited for, and all is kept, if it can be."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_WITHIN):
                await self._batches.ended()
        if self._dialling is not None:
            self._dialling.cancel()
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(_WITHIN):
                if await self.save():
                    await self._keeping.read(lambda store: store.fold(self._ledger.run, merged))

    async def look(self) -> None:
        """Once."""
        snapshot = self._snapshot()
        async with self._one_look:
            begun = await self._periods.look(snapshot)
            self._seen = snapshot
        self._tell()
        for period in begun:
            await self._began(period)

    async def save(self) -> bool:
        """Once; whether the store has everything."""
        async with self._one_save:
            self._count()
            taken, self._taken = self._taken, []
            is_kept = await self._write(self._ledger.unsaved(keep=self._keep(), now=self._now()))
            self._batches.acknowledge(taken)
            return is_kept

    async def _write(self, saved: Saved) -> bool:
        try:
            if saved != Saved():
                await self._keeping.read(lambda store: store.save_shadows(saved))
        except StoreError as error:
            self._ledger.not_kept()
            self._leave(str(error))
            return False
        except BaseException:
            self._ledger.not_kept()
            raise
        self._ledger.kept(saved)
        self._forget_left()
        return True

    # ---- what is asked

    @property
    def run_name(self) -> str:
        """Under which this run's parts are kept."""
        return self._ledger.run

    async def present(self, pair: Pair) -> Account | None:
        """What this run has counted of a pair in the period that is present by what is in force, up to now."""
        if self._seen is not self._snapshot():
            await self.look()
        self._accounts.read()
        self._ledger.count(pair, self._accounts.numbers(pair))
        return self._ledger.present(pair)

    async def restart(self, pair: Pair, *, who: str, why: str) -> Period:
        """Starts a shadow afresh."""
        signature = dict(signatures(self._snapshot()))[pair]
        period = self._periods.restart(pair, signature, who=who, why=why)
        self._tell()
        await self._began(period)
        await self.save()
        return period

    # ---- parts of it

    def _take(self, batch: Batch) -> None:
        self._ledger.take(batch, keep=self._keep(), now=self._now())
        self._taken.append(batch.number)

    def _keep(self) -> dict[Pair, int]:
        routes = self._snapshot().routes.values()
        return {(route.name, shadow.variant): shadow.keep for route in routes for shadow in route.shadow}

    def _count(self) -> None:
        self._accounts.read()
        for pair in self._ledger.pairs():
            self._ledger.count(pair, self._accounts.numbers(pair))

    def _tell(self) -> None:
        accounts = {pair: self._ledger.present(pair) for pair in self._keep()}
        self._batches.tell(
            {pair: Present(each.tag, each.tally.noise.pairs) for pair, each in accounts.items() if each is not None}
        )

    # ---- while the store takes nothing

    def _leave(self, why: str) -> None:
        if not self._is_left:
            self._log.error("what shadows found is not kept; it waits", why=why)
        self._is_left = True
        with suppress(OSError):  # the gate says that the run directory cannot be written
            self._run_dir.write(SHADOWS, pickle.dumps(self._ledger.left(self._now())))

    def _forget_left(self) -> None:
        if self._is_left:
            self._log.info("what shadows found is kept again")
            self._is_left = False
            with suppress(OSError):
                self._run_dir.write(SHADOWS, b"")

    def _resume(self) -> None:
        """With what a control before this one could not give to the store."""
        try:
            content = self._run_dir.read(SHADOWS)
        except OSError:
            return
        self._is_left = bool(content)
        for period, part, tag in pickle.loads(content) if content else ():  # noqa: S301 - only we can write there
            self._ledger.add(account(period, part, tag))
