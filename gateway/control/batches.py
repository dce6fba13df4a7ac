"""Batches: what the shadow process says its comparisons found, and what it is told.

It decides when it is told which periods are present: at each link, and at each change. It must not know what a batch
means, nor when it is kept: who does says so by `acknowledge`.
"""

import asyncio
import pickle
from collections.abc import Callable, Iterable, Mapping

from gateway.core.periods import Pair
from gateway.core.tally import Batch, Present
from gateway.links.frames import Bounds, Frames, Redial

BATCH, TAKEN, PERIODS = b"R", b"A", b"P"
"""What frames begin with: a batch; the number of one that was taken; the present period of each pair."""
GREETING = b"control"
BOUNDS = Bounds(largest=65 << 20, backlog=64 << 20)
"""Of the link; a batch holds replies as large as shadows compare."""


class Batches:
    """The link to the shadow process; `take` is given each batch."""

    def __init__(self, path: str, take: Callable[[Batch], None]) -> None:
        self._take = take
        self._told: dict[Pair, Present] | None = None
        """None before anything is known: the shadow process would throw away what it has found."""
        self._unlinked = asyncio.Event()
        self._unlinked.set()
        self._link = Redial(path, greeting=self._greet, received=self._received, lost=self._unlinked.set, bounds=BOUNDS)

    async def run(self) -> None:
        """Dials until cancelled."""
        await self._link.run()

    async def ended(self) -> None:
        """Waits until there is no link."""
        await self._unlinked.wait()

    def tell(self, periods: Mapping[Pair, Present]) -> None:
        """These are present from now on. How many noise pairs there are is news only to a process that was not there
        when they were found, so it is told with the next link."""
        before, self._told = self._told, dict(periods)
        if before is None or _numbers(before) != _numbers(self._told):
            self._tell()

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """Those batches need not come again."""
        for number in numbers:
            self._link.send(TAKEN + pickle.dumps(number))

    def _greet(self) -> bytes:
        self._unlinked.clear()
        asyncio.get_running_loop().call_soon(self._tell)
        return GREETING

    def _tell(self) -> None:
        if self._told is not None:
            self._link.send(PERIODS + pickle.dumps(self._told))

    def _received(self, link: Frames, frame: bytes) -> None:
        if frame.startswith(BATCH):
            self._take(pickle.loads(frame[len(BATCH) :]))  # noqa: S301 - only we can write there


def _numbers(periods: Mapping[Pair, Present]) -> dict[Pair, int]:
    return {pair: present.period for pair, present in periods.items()}
