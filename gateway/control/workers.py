"""The workers control knows: adopted by what they say of themselves, forgotten when their link ends.

It decides which snapshot each is sent, how long it may take, and that one which cannot take it is replaced: it is told
to end, and the launcher starts another. A snapshot that all refuse is at fault itself, and replaces nobody. They serve
without control.
"""

import asyncio
import os
import pickle
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypedDict, cast

import orjson

from gateway.control.fleet import RejectedError
from gateway.core.delta import delta
from gateway.core.model import Snapshot
from gateway.links.frames import Frames
from gateway.links.log import Log

PART = b"D"
"""What a frame with a part of a delta begins with."""
_HEALTH = b"H"
"""What a frame with the endpoints that are not well begins with."""
TAKE_WITHIN = 5.0
"""Seconds a worker may take over a snapshot."""
END_WITHIN = 5.0
"""Seconds until one that was told to end must say so, and must have ended once a drain's time is over."""
_PACE = 0.01
"""Seconds between two tries to send to a worker that reads slowly."""
_RECENT = 3
"""Snapshots that a worker may have now and be sent only the difference to."""


class State(TypedDict):
    """What a worker says of itself, at each new link and whenever it changes."""

    index: int
    pid: int
    revision: int
    serial: int
    draining: bool
    blocked: float
    """Seconds for which the last snapshot held up its loop at most."""


class Refusal(TypedDict):
    """What a worker says when it cannot take a snapshot."""

    index: int
    pid: int
    serial: int
    refused: str


class Told(TypedDict):
    """What a worker says that happened to a variant."""

    index: int
    pid: int
    event: str
    subject: str
    why: str
    detail: dict[str, object]


_TOLD = {name: dict if name == "detail" else kind for name, kind in Told.__annotations__.items()}


@dataclass(slots=True)
class Adopted:
    """A worker that is linked to control, and since when."""

    state: State
    since: datetime
    refused: str = ""
    """Why it did not take the snapshot it was sent last, in its own words."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever it says something."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever sends it a snapshot: parts of two must not mix."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A worker that has not taken the target, and why."""

    link: Frames
    why: str
    refused: bool
    """Whether it said so itself; else it said nothing in time."""


class Workers:
    """All that are linked now. `target` is the snapshot that all should serve by."""

    def __init__(
        self,
        target: Snapshot,
        log: Log,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        replaced: Callable[[int, int], None] = lambda index, pid: None,
        told: Callable[[Told], None] = lambda happened: None,
    ) -> None:
        self.target = target
        self._recent = {target.serial: target}
        self._cut: dict[int, asyncio.Task[list[bytes]]] = {}
        """The frames of deltas to the target, by the serial that they start from."""
        self._linked: dict[Frames, Adopted] = {}
        self._log = log
        self._now = now
        self._replaced = replaced
        self._told = told
        self._health: dict[str, list[str]] = {}
        self._pids: dict[int, int] = {}
        self._adopted = asyncio.Event()
        self._tasks: set[asyncio.Task[object]] = set()

    # ---- what they say

    def received(self, link: Frames, frame: bytes) -> None:
        """A worker said something; what no worker says ends the link."""
        said = parse(frame)
        if said is None:
            self._log.error("a link said what no worker says")
            link.close()
        elif "event" in said:
            self._told(cast(Told, said))
        elif "refused" in said:
            self._refused(link, cast(Refusal, said))
        else:
            self._said(link, said)

    def lost(self, link: Frames) -> None:
        """A link ended."""
        gone = self._linked.pop(link, None)
        if gone is not None:
            gone.changed.set()
            self._log.info("worker left", index=gone.state["index"], pid=gone.state["pid"])

    def _said(self, link: Frames, state: State) -> None:
        known = self._linked.get(link)
        if known is not None:
            known.state = state
            known.changed.set()
            return
        self._linked[link] = Adopted(state, self._now())
        self._adopted.set()
        self._log.info("worker adopted", index=state["index"], pid=state["pid"], revision=state["revision"])
        if self._health:
            link.send(_HEALTH + orjson.dumps(self._health))
        self._note_restart(state)
        if state["serial"] != self.target.serial and not state["draining"]:
            self._spawn(self._catch_up(link))

    def _note_restart(self, state: State) -> None:
        before = self._pids.get(state["index"])
        self._pids[state["index"]] = state["pid"]
        if before is not None and before != state["pid"]:
            self._replaced(state["index"], state["pid"])

    def _refused(self, link: Frames, refusal: Refusal) -> None:
        known = self._linked.get(link)
        if known is not None and refusal["serial"] == self.target.serial:
            known.refused = refusal["refused"]
            known.changed.set()

    # ---- what is known of them

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

    def tell_health(self, unwell: dict[str, list[str]]) -> None:
        """What health checks say: by variant, the endpoints that are not well; all workers, and those to come, know."""
        self._health = unwell
        for link in self._linked:
            link.send(_HEALTH + orjson.dumps(unwell))

    # ---- snapshots

    async def swap(self, before: Snapshot, after: Snapshot) -> Sequence[str]:
        """All that serve take the snapshot, or are replaced; answers which are, and why. RejectedError where all refuse
        it: then none is replaced."""
        self.target = after
        self._cut = {}
        for each in self._linked.values():
            each.changed.set()
        self._recent |= {before.serial: before, after.serial: after}
        self._recent = dict(sorted(self._recent.items())[-_RECENT:])
        serving = [link for link, each in self._linked.items() if not each.state["draining"]]
        failed = [each for each in await asyncio.gather(*map(self._hand_over, serving)) if each is not None]
        self._cut = {}
        if failed and len(failed) == len(serving) and all(each.refused for each in failed):
            raise RejectedError(failed[0].why)
        return [note for note in map(self._replace, failed) if note]

    async def _catch_up(self, link: Frames) -> None:
        """One that has come takes the target, or is replaced."""
        failed = await self._hand_over(link)
        if failed is not None:
            self._replace(failed)

    async def _hand_over(self, link: Frames) -> Failed | None:
        """Sends what the worker does not have of the target; None where it has it then, or need not any more."""
        adopted, after = self._linked.get(link), self.target
        if adopted is None:
            return None
        async with adopted.turn:
            adopted.refused = why = ""
            parts = await self._frames(adopted.state["serial"], after)
            try:
                async with asyncio.timeout(TAKE_WITHIN):
                    await self._send(link, parts)
                    await self._taken(link, adopted, after)
            except TimeoutError:
                why = f"it did not take the snapshot within {TAKE_WITHIN:g} s"
            why = adopted.refused or why
        if not why or link not in self._linked or after is not self.target:
            return None
        return Failed(link, why, refused=bool(adopted.refused))

    async def _frames(self, serial: int, after: Snapshot) -> list[bytes]:
        """Cut up once for all workers that start from the same."""
        base = self._recent.get(serial)
        start = 0 if base is None else serial
        if after is not self.target:
            return []
        if start not in self._cut:
            self._cut[start] = asyncio.ensure_future(asyncio.to_thread(_frames, base, after))
        return await asyncio.shield(self._cut[start])

    async def _send(self, link: Frames, parts: list[bytes]) -> None:
        for part in parts:
            while link in self._linked and not link.send(part):  # noqa: ASYNC110 - a link has no event for it
                await asyncio.sleep(_PACE)

    async def _taken(self, link: Frames, adopted: Adopted, after: Snapshot) -> None:
        """Waits for its word; also that it ends, or is about to, is one."""
        while link in self._linked and not adopted.refused:
            state = adopted.state
            if state["serial"] >= after.serial or state["draining"] or after is not self.target:
                return
            adopted.changed.clear()
            await adopted.changed.wait()

    def _replace(self, failed: Failed) -> str:
        adopted = self._linked.get(failed.link)
        if adopted is None:
            return ""
        index, pid = adopted.state["index"], adopted.state["pid"]
        self._log.error("worker replaced", index=index, pid=pid, why=failed.why)
        _signal(pid, signal.SIGTERM)
        self._spawn(self._make_sure(failed.link, pid))
        return f"worker {index} is replaced: {failed.why}"

    async def _make_sure(self, link: Frames, pid: int) -> None:
        limits = self.target.limits
        for seconds in (END_WITHIN, limits.drain_delay + limits.drain):
            await asyncio.sleep(seconds)
            adopted = self._linked.get(link)
            if adopted is None:
                return
            if not adopted.state["draining"]:
                break
        _signal(pid, signal.SIGKILL)

    def _spawn(self, work: "asyncio._CoroutineLike[object]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _frames(before: Snapshot | None, after: Snapshot) -> list[bytes]:
    return [PART + pickle.dumps(part) for part in delta(before, after)]


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # it has ended meanwhile


def parse(frame: bytes) -> State | Refusal | Told | None:
    """What a worker says, or None for anything else."""
    try:
        said = orjson.loads(frame)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(said, dict):
        return None
    kinds = {name: type(value) for name, value in said.items()}
    if kinds == Refusal.__annotations__:
        return cast(Refusal, said)
    if kinds == _TOLD:
        return cast(Told, said)
    if isinstance(said.get("blocked"), int):
        kinds["blocked"] = float
    return cast(State, said) if kinds == State.__annotations__ else None
