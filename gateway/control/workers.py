"""The workers control knows: adopted by what they say of themselves, forgotten when their link ends.

It decides nothing about them; the launcher starts and ends them, and they serve without control.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict, cast

import orjson

from gateway.links.frames import Frames
from gateway.links.log import Log


class State(TypedDict):
    """What a worker says of itself, at each new link and whenever it changes."""

    index: int
    pid: int
    revision: int
    draining: bool


@dataclass(frozen=True, slots=True)
class Adopted:
    """A worker that is linked to control, and since when."""

    state: State
    since: datetime


class Workers:
    """All that are linked now."""

    def __init__(self, log: Log, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._linked: dict[Frames, Adopted] = {}
        self._log = log
        self._now = now
        self._adopted = asyncio.Event()

    def received(self, link: Frames, frame: bytes) -> None:
        """A worker's state came; what is not one ends the link."""
        state = parse(frame)
        if state is None:
            self._log.error("a link said what no worker says")
            link.close()
            return
        known = self._linked.get(link)
        self._linked[link] = Adopted(state, known.since if known else self._now())
        if known is None:
            self._adopted.set()
            self._log.info("worker adopted", index=state["index"], pid=state["pid"], revision=state["revision"])

    def lost(self, link: Frames) -> None:
        """A link ended."""
        gone = self._linked.pop(link, None)
        if gone is not None:
            self._log.info("worker left", index=gone.state["index"], pid=gone.state["pid"])

    def all(self) -> list[Adopted]:
        """In the order of their numbers."""
        return sorted(self._linked.values(), key=lambda adopted: adopted.state["index"])

    async def complete(self, count: int) -> None:
        """Waits until so many are linked."""
        while len(self._linked) < count:
            self._adopted.clear()
            await self._adopted.wait()

    def any_serves(self) -> bool:
        """Whether a linked worker is not about to end."""
        return any(not adopted.state["draining"] for adopted in self._linked.values())


def parse(frame: bytes) -> State | None:
    """A worker's state, or None for anything else."""
    try:
        said = orjson.loads(frame)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(said, dict) or {name: type(value) for name, value in said.items()} != State.__annotations__:
        return None
    return cast(State, said)
