"""Ejection: taking one endpoint out of its pool for a while, as one worker sees it.

So many errors in a row take it out, unless too many are out already; a pool of one ejects nobody. An endpoint that
comes back takes a tenth of its calls at first and all of them after `RAMP` seconds. When all are out, all are used.
It must not know addresses, connections or health.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from gateway.core import model

RAMP = 10.0
"""Seconds until an endpoint that came back takes its whole part."""

_FIRST_PART = 0.1
_EPSILON = 1e-9


class Member:
    """What ejection knows of one endpoint. A success sets `errors` to 0; nothing else is needed then."""

    __slots__ = ("errors", "out_until", "returned_at")

    def __init__(self) -> None:
        self.errors = 0
        """Failed attempts in a row."""
        self.out_until: float | None = None
        """Until when it is out of the pool."""
        self.returned_at = float("-inf")


M = TypeVar("M", bound=Member)


class Ejections:
    """The members of one pool that are out, or that came back a moment ago. A pool that follows another one, with
    members of it, shares what is known of them: calls that began in the old one may still fail there."""

    __slots__ = ("_uneasy", "settings")

    def __init__(self, settings: model.Ejection, previous: "Ejections | None" = None) -> None:
        self.settings = settings
        self._uneasy: set[Member] = set() if previous is None else previous._uneasy

    @property
    def is_calm(self) -> bool:
        """Nobody is out and nobody is coming back: `takers` would answer all."""
        return not self._uneasy

    def failed(self, member: Member, pool: Sequence[Member], now: float) -> bool:
        """An attempt failed on that member of the pool; whether it is taken out for it."""
        member.errors += 1
        if member.errors < self.settings.consecutive_errors or member.out_until is not None:
            return False
        out = sum(other.out_until is not None for other in pool)
        if len(pool) < 2 or out + 1 > self.settings.max_share * len(pool) + _EPSILON:
            return False
        member.out_until = now + self.settings.for_
        self._uneasy.add(member)
        return True

    def returned(self, pool: Sequence[M], now: float) -> list[M]:
        """Let those come back whose time is over; which they are. To be asked at each tick."""
        self._uneasy.intersection_update(pool)
        back = [member for member in pool if member.out_until is not None and member.out_until <= now]
        for member in back:
            member.errors = 0
            member.out_until = None
            member.returned_at = now
        self._uneasy.difference_update([member for member in self._uneasy if part(member, now) >= 1])
        return back

    def takers(self, pool: Sequence[M], *, now: float, draw: Callable[[], float]) -> Sequence[M]:
        """Who may take this call: not those that are out, and those that came back only now and then."""
        inside = [member for member in pool if member.out_until is None]
        return [member for member in inside if _takes(member, now, draw)] or inside or pool


def part(member: Member, now: float) -> float:
    """How much of its calls a member takes: from nothing while it is out to 1."""
    if member.out_until is not None:
        return 0.0
    return min(max((now - member.returned_at) / RAMP, _FIRST_PART), 1.0)


def _takes(member: Member, now: float, draw: Callable[[], float]) -> bool:
    share = part(member, now)
    return share >= 1 or draw() < share
