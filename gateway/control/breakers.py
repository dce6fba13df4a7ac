"""The breakers as operators see them: read from the cells that the workers share.

It decides nothing: the state in force is the one that the workers agree on, or what an override holds it in.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from gateway.admin.operations import BreakerStatus
from gateway.core.agreement import newest
from gateway.core.breaker import State
from gateway.core.breaker_cells import RUNS, key
from gateway.core.model import Snapshot
from gateway.links.board import Board

_STATE = RUNS[0]


class Breakers:
    """All of them. The clocks are the monotonic one, which the cells go by, and the wall's."""

    def __init__(
        self,
        board: Board,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._board = board
        self._clock = clock
        self._now = now
        self._begun = now()
        self._sentences: dict[str, str] = {}

    def told(self, subject: str, why: str) -> None:
        """What a worker said last of a variant's breaker."""
        self._sentences[subject] = why

    def status(self, snapshot: Snapshot, variant: str) -> BreakerStatus:
        """One variant's."""
        forced = snapshot.forced.get(variant)
        found = newest(self._board.runs(key(_STATE, variant), _STATE.size))
        state = State.CLOSED if found is None else State(found.state)
        since = self._begun if found is None or not found.word else self._wall(found.since)
        is_open = found is not None and state is State.OPEN
        return BreakerStatus(
            state=forced or state.name.lower(),
            forced=forced is not None,
            reason=self._sentences.get(f"variant {variant}", ""),
            since=since,
            retry_at=self._wall(found.until) if found is not None and is_open and forced is None else None,
        )

    def _wall(self, milliseconds: int) -> datetime:
        """A time of the monotonic clock, by the wall's."""
        return self._now() + timedelta(seconds=milliseconds / 1000 - self._clock())
