"""What the tests of shadows stand on: a gateway's store, board, workers and shadow process, without callers and models.

The workers' ledgers, the shadow process's tallies and the socket between it and control are the real ones.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.admin.operations import ShadowReport
from gateway.control.keeping import Keeping
from gateway.control.reports import Reports
from gateway.control.shadows import Shadows
from gateway.core.copies import Asked, Observation
from gateway.core.judgement import Difference, Judgement
from gateway.core.model import Snapshot
from gateway.core.periods import Pair, Period
from gateway.core.tally import Mismatch
from gateway.links.board import Board
from gateway.links.rundir import RunDir
from gateway.proxy import ledger
from gateway.proxy.ledger import Ledger
from gateway.proxy.tally import Tally
from gateway.shadow.door import Door
from gateway.shadow.tallies import Tallies
from tests.control.places import Place

TEXT = b"""\
listen: [127.0.0.1:8080]
variants:
  live: {endpoints: [http://10.0.0.1:8000], version: "1"}
  five: {endpoints: [http://10.0.0.2:8000], version: "5"}
  six: {endpoints: [http://10.0.0.3:8000]}
segments: {s: {header: x-s, exists: true}}
routes:
  r:
    match: {path: /r}
    split: {live: 9, six: 0}
    shadow: [{variant: five, keep: 3}]
"""
RULED = TEXT.replace(b"keep: 3", b"keep: 3, compare: {ignore: [$.id]}")
VERSIONED = TEXT.replace(b'"5"', b'"5.1"')
SPLIT = TEXT.replace(b"six: 0", b"six: 1")
RAMPED = TEXT.replace(b"live: 9", b"live: 7")
GONE = TEXT.replace(b"shadow: [{variant: five, keep: 3}]", b"shadow: []")
MORE = TEXT.replace(b"keep: 3}]", b"keep: 3}, {variant: six}]")
PAIR: Pair = ("r", "five")
PATIENCE = 10.0

SAME = Judgement("matched")
DIFFERENCE = Difference("$.score", "value", "1", "2")
OTHER = Judgement("mismatched", "", (DIFFERENCE,), frozenset({("$.score", "value")}))


def mismatch(number: int, body: bytes = b'{"score": 1}') -> Mismatch:
    return Mismatch(
        request_id=f"request {number}",
        time=1_780_000_000.5 + number,
        live_variant="live",
        live_version="1",
        shadow_variant="five",
        shadow_version="5",
        revision=1,
        serial=1,
        asked=Asked(b"POST", b"/r", b"a=1", ((b"content-type", b"application/json"),), b"{}", f"request {number}"),
        live=Observation(200, ((b"content-type", b"application/json"),), body, 0.004),
        shadow=Observation(200, (), b'{"score": 2}', 0.006),
        differences=(DIFFERENCE,),
    )


class Run:
    """One life of a gateway: its run directory, its board, one worker, and the shadow process."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.folder = tempfile.mkdtemp(prefix="gateway-")
        self.run_dir = RunDir(self.folder)
        self.board = Path(self.folder, "board")
        Board.create(self.board, 2, names=65_536, cells=4_096)
        self.worker()
        self.tallies = Tallies("life 1")
        self.door: Door | None = None

    def worker(self) -> None:
        """A new one, in the place of the one before."""
        board = Board.open(self.board)
        tally = Tally(board.slot(0))
        ledger.settle(board, 0, tally)
        self.account = Ledger(tally, *PAIR)

    def answered(self, *outcomes: str) -> None:
        """So many requests were sampled, and this is what came of them: `ignored gone`, `matched`."""
        for outcome in outcomes:
            self.account.open()
            self.close(outcome)

    def close(self, outcome: str) -> None:
        word, _, why = outcome.partition(" ")
        self.account.close(word, why)  # type: ignore[arg-type]

    @asynccontextmanager
    async def shadow_process(self) -> AsyncIterator[Tallies]:
        door = Door(self.run_dir.shadow_socket, self.tallies, lambda copy, size, tell: None)
        await door.open()
        sending = asyncio.create_task(door.run())
        try:
            yield self.tallies
        finally:
            sending.cancel()
            await door.close(1.0)

    def found(self, *judgements: Judgement, kept: Mismatch | None = None) -> None:
        """What the shadow process found."""
        account = self.tallies.account(PAIR)
        for judgement in judgements:
            account.add(judgement, 0.004, 0.006)
        if kept is not None:
            self.tallies.keep(account, kept, most=9)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class Control:
    """One life of control, in a run."""

    def __init__(self, run: Run, *, is_shared: bool = False, keeping: Keeping | None = None) -> None:
        self.run, self.place = run, run.place
        self.keeping = keeping or self.place.keeping
        self.shadows = Shadows(
            Board.open(run.board),
            run.run_dir,
            keeping=self.keeping,
            is_shared=is_shared,
            snapshot=self.snapshot,
            began=self.began,
            now=lambda: self.place.now,
            log=self.place.log,
        )
        self.reports = Reports(self.shadows, self.keeping, self.snapshot)

    def snapshot(self) -> Snapshot:
        return self.place.gate.standing.in_force

    async def began(self, period: Period) -> None:
        await self.place.gate.record("shadow_period_started", period.variant, period.why, who=period.who)

    async def apply(self, text: bytes) -> None:
        await self.place.gate.apply(text, author="ci", message="", expected=None)
        await self.shadows.look()

    async def report(self, pair: Pair = PAIR) -> ShadowReport:
        return await self.reports.present(pair)

    async def until(self, is_so: Callable[[ShadowReport], bool]) -> ShadowReport:
        """The first report of which it is so."""
        async with asyncio.timeout(PATIENCE):
            while not is_so(found := await self.report()):
                await asyncio.sleep(0.01)
            return found


def started(place: Place) -> list[tuple[str, str]]:
    """Why periods began, and who began them."""
    events = place.events.recent(1, 99) or []
    return [(event.why, event.who) for event in events if event.kind == "shadow_period_started"]


def is_exact(found: ShadowReport) -> bool:
    report = found.report
    others = sum(report.errors.values()) + sum(report.dropped.values())
    return report.sampled == report.compared + report.ignored + others + found.pending
