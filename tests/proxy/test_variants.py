"""A variant that nobody calls costs nothing to look at, until something happens to it."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.core import endpoints, model
from gateway.core.model import Ejection
from gateway.links.board import Board
from gateway.proxy.guards import Guards
from gateway.proxy.permits import open_file
from gateway.proxy.pool import Pool
from gateway.proxy.tally import Tally
from gateway.proxy.variants import Variant
from gateway.wire.outbox import Outbox
from tests.proxy.standin import variant

URLS = "http://127.0.0.1:1", "http://127.0.0.1:2"
START = 1_000.0


class Stage:
    """One variant, its guards, and the board that it tells of itself on."""

    def __init__(self, folder: Path, settings: model.Variant) -> None:
        self.board = Board.create(folder / "board", 1)
        self.permits = open_file(str(folder / "permits"))
        tally = Tally(self.board.slot(0))
        self.guards = Guards(self.board, tally, number=0, descriptor=self.permits)
        self.pool = Pool(settings, Outbox(asyncio.get_running_loop()), tls=None)
        guard = self.guards.of(settings, None)
        self.variant = Variant(settings, self.pool, guard, tally=tally, board=self.board)

    def look(self, now: float) -> bool:
        """As a worker does; whether it is at rest then."""
        self.guards.tick(now, lambda name, transition: None)
        if not self.variant.is_at_rest:
            self.variant.look(now)
        return self.variant.is_at_rest

    def told(self, url: str) -> list[int]:
        key = endpoints.endpoint_key(self.variant.name, url)
        return [*self.board.runs(key, endpoints.SIZE)[0]]


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    """What is in it is let go of at the end."""
    made = Stage(folder, variant("v", *URLS, ejection=Ejection(consecutive_errors=1, for_=5.0, max_share=1.0)))
    yield made
    made.pool.stop()
    os.close(made.permits)


async def test_it_rests_once_nothing_is_under_way(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        assert at.look(START)
        at.variant.guard.retries.calls += 1
        at.pool.endpoints[0].in_flight = 1
        assert not at.look(START + 1)
        assert at.told(URLS[0])[endpoints.IN_FLIGHT] == 1
        assert not at.look(START + 100), "a long call is under way"
        at.pool.endpoints[0].in_flight = 0
        assert at.look(START + 101)
        assert at.told(URLS[0])[endpoints.IN_FLIGHT] == 0


async def test_an_endpoint_that_is_out_keeps_it_awake(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        at.variant.guard.retries.calls += 1
        at.look(START)
        at.pool.failed(at.pool.endpoints[0], START)
        assert list(at.pool.news()) == [at.pool.endpoints[0]]
        assert not at.look(START + 100)
        assert at.told(URLS[0])[endpoints.USE] == endpoints.UNUSED
        at.pool.returned(START + 200)
        at.pool.returned(START + 400)
        assert at.look(START + 400)
        assert at.told(URLS[0])[endpoints.USE] == endpoints.USED


async def test_what_health_checks_say_is_told_at_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        assert at.look(START)
        at.pool.check(frozenset({URLS[1]}))
        assert not at.variant.is_at_rest
        assert at.look(START + 1)
        assert [at.told(url)[endpoints.USE] for url in URLS] == [endpoints.USED, endpoints.UNUSED]
