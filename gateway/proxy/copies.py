"""Copies of live requests, on their way from this worker to the shadow process, and what is told of them.

It decides who is sampled, what is dropped, and when a copy goes: after the live answer. Bounded in requests and in
bytes; what does not fit is dropped and counted at once. No one waits for it: the shadow process may be slow, stopped
or dead.
"""

import asyncio
import pickle
from collections.abc import Callable
from random import random
from time import monotonic, time
from typing import NamedTuple

from gateway.core.copies import Copy, Told
from gateway.core.decide import CompiledRoute, Decision
from gateway.core.model import Shadow
from gateway.core.permits import Permit
from gateway.links.frames import Bounds, Frames
from gateway.proxy.ledger import Ledger
from gateway.proxy.recording import Recording
from gateway.proxy.tally import Tally
from gateway.proxy.variants import Variant
from gateway.wire.request import Request

COPY = b"C"
"""What a frame with a copy begins with."""
TOLD = b"T"
"""What a frame with what came of copies begins with."""
MOST = 1000
"""Copies that wait for what came of them."""
ROOM = 64 << 20
"""Bytes of recordings and copies together."""
BOUNDS = Bounds(largest=ROOM + (1 << 20), backlog=ROOM)
"""Of the link."""
_PAUSE = 0.005
"""Seconds that copies wait for others to go with them: each write wakes up the shadow process."""
_PROBE_BODY = 1 << 20
"""Bytes of a request that a probe may have."""


class Wait(NamedTuple):
    """A copy that was sent."""

    size: int
    ledger: Ledger | None
    probe: tuple[Variant, Permit] | None


class Served(NamedTuple):
    """A request that has been answered, whose copies are to go."""

    recording: Recording
    route: CompiledRoute
    serial: int
    marks: tuple[bytes, bytes]
    forwarded: bytes
    variant: str
    """Who answered; empty for the gateway itself."""
    status: int
    ended: float


class Copies:
    """All of one worker's."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tally: Tally) -> None:
        self._loop = loop
        self._tally = tally
        self.send: Callable[..., bool] = _nowhere
        """The link; takes frames or says that it does not."""
        self._is_linked = False
        self._ledgers: dict[tuple[str, str], Ledger] = {}
        self._served: list[Served] = []
        self._waits: dict[int, Wait] = {}
        self._number = 0
        self._used = 0

    # ---- memory

    def take(self, size: int) -> bool:
        """Whether so many bytes more may be kept."""
        if self._used + size > ROOM:
            return False
        self._used += size
        return True

    def give_back(self, size: int) -> None:
        """They are not kept any more."""
        self._used -= size

    # ---- requests

    def sample(self, request: Request, route: CompiledRoute, decision: Decision) -> Recording | None:
        """A recording of the request where a shadow of its route is to get a copy."""
        chosen: list[tuple[Ledger, Shadow]] = []
        for one in route.shadows:
            ledger = self._ledger(route.name, one.settings.variant)
            if one.takes(decision.key, random):
                ledger.open()
                chosen.append((ledger, one.settings))
            else:
                ledger.pass_by()
        if not chosen:
            return None
        largest = max(shadow.max_body for _, shadow in chosen)
        recording = Recording(request, self, largest=largest, assigned=decision.variant, time=time())
        recording.shadows = chosen
        return recording

    def probe(self, request: Request, recording: Recording | None, variant: Variant) -> Recording | None:
        """The recording, or a new one, with leave to try that variant, whose breaker is open to copies alone."""
        permit = variant.breaker.probe() if self._is_linked else None
        if permit is None:
            return recording
        if recording is None:
            recording = Recording(request, self, largest=_PROBE_BODY, assigned="", time=time())
        recording.probes.append((variant, permit))
        return recording

    def give_up(self, recording: Recording, why: str) -> None:
        """The request came to no answer."""
        for ledger, _ in recording.shadows:
            ledger.close("ignored", why)
        for variant, permit in recording.probes:
            variant.breaker.release(permit)
        recording.close()

    def served(self, served: Served) -> None:
        """A request has been answered: its copies go a little later, with others."""
        if not self._served:
            self._loop.call_later(_PAUSE, self._go)
        self._served.append(served)

    def _go(self) -> None:
        served, self._served = self._served, []
        frames: dict[int, bytes] = {}
        for each in served:
            self._pack(each, frames)
            each.recording.close()
        if frames and not self.send(*frames.values()):
            for number in frames:
                self._close(number, Told(number, "dropped", "bytes"))

    def _pack(self, served: Served, frames: dict[int, bytes]) -> None:
        """Put the request's copies to the frames that are to go."""
        recording = served.recording
        protocol = served.route.route.protocol
        for ledger, shadow in recording.shadows:
            why = recording.unfit(shadow, variant=served.variant, status=served.status, protocol=protocol)
            if why:
                ledger.close("ignored", why)
                continue
            size = recording.size
            dropped = "bytes" if recording.has_no_room else self._obstacle(size)
            if dropped:
                ledger.close("dropped", dropped)
                continue
            copy = self._copy(served, ledger.variant, live=served.variant)
            frames[copy.number] = self._hand_in(copy, Wait(size, ledger, None))
        for variant, permit in recording.probes:
            size = recording.body.size
            if recording.body.lost or not recording.is_complete or self._obstacle(size):
                variant.breaker.release(permit)
                continue
            copy = self._copy(served, variant.name, within=variant.breaker.slow_after)
            frames[copy.number] = self._hand_in(copy, Wait(size, None, (variant, permit)))

    def _obstacle(self, size: int) -> str:
        """Why a copy of that size cannot go, or nothing."""
        if not self._is_linked:
            return "unlinked"
        if len(self._waits) >= MOST:
            return "queue"
        return "" if self._used + size <= ROOM else "bytes"

    def _hand_in(self, copy: Copy, wait: Wait) -> bytes:
        self._used += wait.size
        self._waits[copy.number] = wait
        return COPY + pickle.dumps(copy)

    def _copy(self, served: Served, variant: str, *, live: str = "", within: float | None = None) -> Copy:
        """A copy for that variant; one that probes has no live side."""
        recording = served.recording
        self._number += 1
        return Copy(
            self._number,
            served.serial,
            served.route.name,
            variant,
            live=live,
            asked=recording.asked(served.marks, served.forwarded),
            reply=recording.observation(served.status, served.ended) if live else None,
            time=recording.time,
            within=within,
        )

    def _ledger(self, route: str, variant: str) -> Ledger:
        ledger = self._ledgers.get((route, variant))
        if ledger is None:
            ledger = self._ledgers[route, variant] = Ledger(self._tally, route, variant)
        return ledger

    # ---- the link

    def greeting(self, index: int) -> bytes:
        """The shadow process is there: the link's first frame."""
        self._is_linked = True
        return b"worker %d" % index

    def received(self, link: Frames, frame: bytes) -> None:
        """It tells what came of copies."""
        told: tuple[Told, ...] = pickle.loads(frame[len(TOLD) :])  # noqa: S301 - only we can write there
        for each in told:
            self._close(each.number, each)

    def lost(self) -> None:
        """The link is gone, and with it all that was sent."""
        self._is_linked = False
        for number in list(self._waits):
            self._close(number, Told(number, "dropped", "lost"))

    def _close(self, number: int, told: Told) -> None:
        wait = self._waits.pop(number, None)
        if wait is None:
            return
        self._used -= wait.size
        if wait.ledger is not None:
            wait.ledger.close(told.outcome, told.why)
        if wait.probe is not None:
            _report(*wait.probe, told)


def _report(variant: Variant, permit: Permit, told: Told) -> None:
    """Tell the breaker what came of a probe."""
    breaker = variant.breaker
    if told.outcome == "probed":
        breaker.answered(permit, monotonic(), told.seconds)
    elif told.outcome == "error":
        breaker.failure(permit, monotonic(), 0)
    else:
        breaker.release(permit)


def _nowhere(*frames: bytes) -> bool:
    return False
