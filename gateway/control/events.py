"""Events: facts about changes, in their order.

It decides their ids and who is told. It must not know how they are kept: whoever makes one passes it on to the store.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from gateway.core.records import Event
from gateway.links.log import Log

RECENT = 1_000
"""The newest events are at hand without the store."""
_BEHIND = 1_000
"""Events that a follower may be behind; one that does not keep up is let go, and asks again from where it was."""


class Events:
    """All that happen from now on, and the newest of those before; `told` is told of each as well."""

    def __init__(
        self, log: Log, now: Callable[[], datetime], *, last: int, told: Callable[[Event], None] = lambda event: None
    ) -> None:
        self._log = log
        self._now = now
        self._told = told
        self._recent = deque[Event]((), RECENT)
        self._followers: set[asyncio.Queue[Event | None]] = set()
        self.last = last
        """The id of the newest."""

    def recall(self, last: int, newest: Sequence[Event]) -> None:
        """What the store knows of before."""
        self.last = max(self.last, last)
        known = {event.id for event in self._recent}
        self._recent.extendleft(event for event in reversed(newest) if event.id not in known)

    def make(self, kind: str, subject: str, *, who: str, why: str, detail: Mapping[str, object] | None = None) -> Event:
        """The next one; it has happened when it is published."""
        self.last += 1
        return Event(self.last, self._now(), kind, subject, who, why, detail or {})

    def unmake(self, events: Sequence[Event]) -> None:
        """These, the last that were made, have not happened: their ids are free again."""
        self.last = min(self.last, events[0].id - 1)

    def publish(self, event: Event) -> None:
        """Tell everybody who follows, and the log."""
        self._log.info(event.kind, subject=event.subject, who=event.who, why=event.why, id=event.id)
        self._told(event)
        self.join(event)

    def join(self, event: Event) -> None:
        """One that was told elsewhere, by another gateway that shares the store: only those who follow are told."""
        self.last = max(self.last, event.id)
        self._recent.append(event)
        for queue in list(self._followers):
            if queue.qsize() < _BEHIND:
                queue.put_nowait(event)
            else:
                self._followers.discard(queue)
                queue.put_nowait(None)

    def recent(self, since: int | None, limit: int) -> list[Event] | None:
        """Those after `since`, the oldest first, or the newest without it; None where older ones are asked for."""
        events = list(self._recent)
        if since is None:
            return events[-limit:] if len(events) >= limit or self._has_all(events) else None
        if events and events[0].id > since + 1 and not self._has_all(events):
            return None
        return [event for event in events if event.id > since][:limit]

    def _has_all(self, events: list[Event]) -> bool:
        return self.last == 0 or bool(events and events[0].id == 1)

    @contextmanager
    def followed(self) -> "Iterator[asyncio.Queue[Event | None]]":
        """Each event as it happens, from now on; None ends it for a follower that is too far behind."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue(_BEHIND + 1)
        self._followers.add(queue)
        try:
            yield queue
        finally:
            self._followers.discard(queue)
