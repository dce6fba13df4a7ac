"""The desk: every copy comes here, and what came of it is told from here, exactly once.

It decides what is begun and what is dropped at once: memory and places are bounded, and there is no queue. The work on
one copy is a task.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine

from gateway.core.copies import Copy, Observation, Told
from gateway.core.periods import Pair
from gateway.links.log import Log, describe
from gateway.shadow.comparing import Compared, Comparing, Work
from gateway.shadow.errors import UncomparedError
from gateway.shadow.probes import probe
from gateway.shadow.room import Held, Room

Tell = Callable[[Told], None]


class Desk:
    """All copies under way."""

    def __init__(self, comparing: Comparing, log: Log) -> None:
        self._comparing = comparing
        self._log = log
        self._room = Room()
        self._busy: Counter[Pair] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, copy: Copy, size: int, tell: Tell) -> None:
        """One more, of so many bytes."""
        try:
            self._begin(copy, size, tell)
        except Exception as error:
            tell(Told(copy.number, "error" if copy.reply is not None else "released", "internal"))
            self._report(error)

    def _begin(self, copy: Copy, size: int, tell: Tell) -> None:
        self._follow(copy.serial)
        held = self._room.hold()
        if copy.reply is not None:
            self._take_pair(copy, copy.reply, held, size=size, tell=tell)
        elif held.take(size):
            self._spawn(self._probe(copy, held, tell))
        else:
            tell(Told(copy.number, "released", "bytes"))

    async def stop(self) -> None:
        """Give up all that is under way; nothing is told of it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._comparing.pools.close()

    def _follow(self, serial: int) -> None:
        present = self._comparing.present
        if present.look(serial):
            self._comparing.pools.keep(frozenset(present.snapshot.variants))
            self._comparing.tallies.forget_all_but(present.pairs)

    def _take_pair(self, copy: Copy, reply: Observation, held: Held, *, size: int, tell: Tell) -> None:
        present, pair = self._comparing.present, (copy.route, copy.variant)
        lane, live = present.lane(*pair), present.snapshot.variants.get(copy.live)
        if lane is None or live is None:
            tell(Told(copy.number, "ignored", "gone"))
        elif self._busy[pair] >= lane.shadow.max_in_flight:
            tell(Told(copy.number, "dropped", "in_flight"))
        elif not held.take(size):
            tell(Told(copy.number, "dropped", "bytes"))
        else:
            self._busy[pair] += 1
            work = Work(copy, reply, lane, live, self._comparing.tallies.account(pair), held)
            self._spawn(self._place(work, tell))

    async def _place(self, work: Work, tell: Tell) -> None:
        """While it is under way it has one of its shadow's places, and memory."""
        try:
            found = await self._compare(work, tell)
            if found is not None:
                await self._comparing.follow_up(work, found)
        except Exception as error:
            self._report(error)
        finally:
            self._busy[work.copy.route, work.copy.variant] -= 1
            work.held.let_go()

    async def _compare(self, work: Work, tell: Tell) -> Compared | None:
        number = work.copy.number
        try:
            found = await self._comparing.compare(work)
        except UncomparedError as error:
            tell(Told(number, error.outcome, error.why))
            return None
        except Exception as error:
            tell(Told(number, "error", "internal"))
            self._report(error)
            return None
        tell(Told(number, found.judgement.outcome, found.judgement.why, found.shadow.seconds))
        return found

    async def _probe(self, copy: Copy, held: Held, tell: Tell) -> None:
        try:
            told = await probe(copy, self._comparing.present.snapshot, self._comparing.pools)
        except Exception as error:
            told = Told(copy.number, "released", "internal")
            self._report(error)
        finally:
            held.let_go()
        tell(told)

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _report(self, error: Exception) -> None:
        self._log.error("unexpected", what="work on a copy failed", error=describe(error))
