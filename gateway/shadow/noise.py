"""Noise: how much two replies of one and the same variant differ. Whether a request goes once more to the variant that
answered live.

It decides by what the workers share on the board: only a variant that is well and has time is asked again.
"""

from collections import Counter
from collections.abc import Callable

from gateway.core.agreement import newest
from gateway.core.breaker_cells import RUNS, key
from gateway.core.metrics import key as metric
from gateway.core.model import Snapshot, Variant
from gateway.core.verdict import FIRST_REPLAYED
from gateway.links.board import Board

ENOUGH = 2 * FIRST_REPLAYED
"""Replays after which no more are made for that: where they fail, the live variant is not asked twice for ever."""
_STATE = RUNS[0]
_CLOSED = 0
_REFUSALS = frozenset({401, 403, 407, 429})
"""Statuses that say that a replay was refused: for the caller's credentials, which it lacks, or for being one more."""


class Noise:
    """Who is asked again. `board` is a view of the reader's own; `draw` gives random numbers in [0, 1)."""

    def __init__(self, board: Board, draw: Callable[[], float]) -> None:
        self.replays: Counter[str] = Counter()
        """Requests on their way, by variant: the board's counts are those of live ones."""
        self._board = board
        self._draw = draw

    def is_wanted(self, share: float, known: int, tried: int) -> bool:
        """Whether one more pair is, after so many replays; a share of 0 asks for none at all."""
        return share > 0 and ((known < FIRST_REPLAYED and tried < ENOUGH) or self._draw() < share)

    def has_time(self, snapshot: Snapshot, variant: Variant) -> bool:
        """Whether the variant is well, and under half of its concurrency."""
        name = variant.name
        if name in snapshot.disabled or snapshot.forced.get(name) == "open":
            return False
        found = newest(self._board.runs(key(_STATE, name), _STATE.size))
        if found is not None and found.state != _CLOSED:
            return False
        live = sum(values[at] for values, at in self._board.cells(metric("gateway_in_flight_requests", name)))
        return 2 * (live + self.replays[name] + 1) <= variant.concurrency


def is_noise(status: int, live: int) -> bool:
    """Whether the reply to a replay tells of noise, and not of having been refused."""
    return status == live or status not in _REFUSALS
