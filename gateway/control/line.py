"""The line of one webhook: which of the events that wait for it is sent next, and when.

It decides order, back-off and giving up:

- Events are sent one at a time and in their order. While the receiver cannot be reached or fails (5xx, 408, 425, 429),
  the first is tried again and the others wait behind it: they would fail as well.
- One that the receiver refuses (any other status) steps aside: it is tried again by itself, and those behind go ahead.
- Each pause is twice the one before, from 5 s up to an hour, less a random part of up to a half. What fails a day after
  it happened is given up.

It must not know how anything is sent or kept.
"""

from bisect import insort
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.core.records import Delivery

FIRST_PAUSE = 5.0
LONGEST_PAUSE = 3600.0
GIVEN_UP_AFTER = timedelta(hours=24)
MOST = 1_000
"""Deliveries a line holds; more of them wait in the store."""
_AT_ONCE = datetime.min.replace(tzinfo=UTC)
_DOUBLINGS = 10
"""After so many, a pause is longer than the longest."""


def pause(tries: int, draw: float) -> timedelta:
    """How long to wait after so many failed tries, 1 or more; `draw` is random in [0, 1)."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(tries - 1, _DOUBLINGS))
    return timedelta(seconds=longest * (1 - draw / 2))


class Line:
    """What waits for one webhook. `has_more` says that more of it is in the store than here."""

    def __init__(self) -> None:
        self.has_more = False
        self._waiting: list[Delivery] = []
        self._aside: set[int] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Delivery]:
        return iter(self._waiting)

    def add(self, delivery: Delivery) -> bool:
        """At its place; False where the line is full, which leaves it, and all that come later, to the store."""
        if any(each.id == delivery.id for each in self._waiting):
            return True
        if self.has_more or len(self._waiting) >= MOST:
            self.has_more = True
            return False
        insort(self._waiting, delivery, key=_by_id)
        return True

    def next(self, now: datetime) -> Delivery | None:
        """The one to send now."""
        return next((each for each in self._candidates() if _due(each) <= now), None)

    def due(self) -> datetime | None:
        """When there is something to send; None while nothing waits."""
        return min(map(_due, self._candidates()), default=None)

    def settled(self, delivery: Delivery) -> None:
        """It has arrived, or is given up."""
        self._waiting = [each for each in self._waiting if each.id != delivery.id]
        self._aside.discard(delivery.id)

    def failed(self, delivery: Delivery, now: datetime, *, refused: bool, draw: float) -> Delivery | None:
        """It has not arrived. The delivery as it waits on, or None where it is given up."""
        self.settled(delivery)
        if now - delivery.event.time >= GIVEN_UP_AFTER:
            return None
        tries = delivery.tries + 1
        again = replace(delivery, tries=tries, due=now + pause(tries, draw))
        insort(self._waiting, again, key=_by_id)
        if refused:
            self._aside.add(again.id)
        return again

    def _candidates(self) -> Iterator[Delivery]:
        """Those who stepped aside, up to and with the first who did not."""
        for each in self._waiting:
            yield each
            if each.id not in self._aside:
                return


def _by_id(delivery: Delivery) -> int:
    return delivery.id


def _due(delivery: Delivery) -> datetime:
    return delivery.due or _AT_ONCE
