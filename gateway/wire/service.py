"""What all client connections of a process share: who answers, the limits, and the room for what they have not read.

It decides when each connection is looked at, and how much may wait for it. It must not know what a connection does.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from gateway.errors import Refusal
from gateway.wire.outbox import Outbox
from gateway.wire.request import Request
from gateway.wire.rounds import Late, Rounds
from gateway.wire.turns import Turns
from gateway.wire.verdicts import Bounds
from gateway.wire.whole import Heads

_UNREAD = 32 << 20
_UNREAD_LEAST = 16 << 10
_UNREAD_MOST = 512 << 10
"""Bytes of answers that may wait for all clients of a process together: each has its share, within bounds, before less
is read from its model."""


class Handler(Protocol):
    """Who answers requests."""

    def handle(self, request: Request) -> None:
        """Answer it, now or later; its body may still be coming."""

    def refuse(self, request: Request, refusal: Refusal) -> None:
        """Answer it with that error; the connection closes afterwards."""


class Limits(Bounds, Protocol):
    """The limits of a listener; times in seconds."""

    @property
    def header_timeout(self) -> float:
        """How long a head may take from its first byte to its last."""

    @property
    def body_idle(self) -> float:
        """How long a client may send nothing of its body, or read nothing of its reply."""

    @property
    def keepalive(self) -> float:
        """How long a connection may rest between requests."""


class Member(Late, Protocol):
    """What a service keeps track of: a connection or a tunnel."""

    def drain(self) -> None:
        """End as soon as nothing is in flight."""

    def kill(self) -> None:
        """End now."""

    def bound(self, unread: int) -> None:
        """Let so many bytes wait for its client at most, before less is read for it."""


class Service:
    """What all client connections of a process share."""

    def __init__(self, handler: Handler, limits: Limits, clock: Callable[[], float], outbox: Outbox) -> None:
        loop = asyncio.get_running_loop()
        self.handler = handler
        self.outbox = outbox
        self.newcomers = Turns(loop)
        """Of clients that have just come."""
        self.limits = limits
        self.clock = clock
        self.heads: Heads = Heads()
        """To be forgotten when what is `known` of them is no longer so."""
        self.members: set[Member] = set()
        self.unread = _UNREAD_MOST
        """Bytes that wait for one client before less is read from its model."""
        self.draining = False
        self._rounds = Rounds(self.members, clock, loop.call_later)

    def sweep(self, now: float) -> None:
        """End what has waited too long; `now` is of the same clock. To be called twenty times a second."""
        self._share()
        self._rounds.sweep(now)

    def join(self, member: Member) -> None:
        """One client more. Where many come at once their shares shrink before they are given anything."""
        self.members.add(member)
        if len(self.members) * self.unread > 2 * _UNREAD:
            self._share()

    def _share(self) -> None:
        """Divide the room for what is unread anew, where the number of clients has changed much."""
        share = min(_UNREAD_MOST, max(_UNREAD_LEAST, _UNREAD // (1 + len(self.members))))
        if self.unread // 2 < share < self.unread * 2:
            return
        self.unread = share
        for member in self.members:
            member.bound(share)

    def drain(self) -> None:
        """Close idle connections now and each other one after its reply."""
        self.draining = True
        for member in list(self.members):
            member.drain()

    def kill(self) -> None:
        """End all connections at once."""
        for member in list(self.members):
            member.kill()
