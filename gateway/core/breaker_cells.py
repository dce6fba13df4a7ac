"""The breaker's numbers: where each stands among the cells that the workers share. Data only; it decides nothing.

Each worker has, per variant, its own cells and writes only those; every worker reads everyone's. Zero everywhere is a
closed breaker that has seen nothing. Times in cells are whole milliseconds of the machine's monotonic clock, which is
the same in all processes. A `word` names one state the breaker was in; see `core.agreement`.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol


class Cells(Protocol):
    """A run of 64-bit integers that can be written in place: a memoryview of the board, or a list."""

    def __getitem__(self, index: int, /) -> int: ...
    def __setitem__(self, index: int, value: int, /) -> None: ...
    def __iter__(self) -> Iterator[int]: ...


class Run(NamedTuple):
    """A named run of cells, one of each per worker and variant. Those of a gauge are zero once its worker ended."""

    name: str
    size: int
    gauge: bool = False


class Slot(NamedTuple):
    """One worker's cells of one variant. `number` is the worker's place among all: ties go to the lowest."""

    number: int
    state: Cells
    recent: Cells
    window: Cells
    waiting: Cells


class Shared(NamedTuple):
    """The cells of one variant, as one worker sees them. `slots` are those of every worker, its own among them; the
    sequence may grow as workers come. `changes` is one cell, which counts the changes of state that this worker makes
    of any breaker: who sees it grow knows that there is something to look at."""

    own: Slot
    slots: Sequence[Slot]
    changes: Cells


# ---- state: what this worker made of the breaker, and what it knows of the variant

MADE = 0
"""The word of the last change that this worker made; written last, after the three that tell of it."""
SINCE = 1
UNTIL = 2
"""When an open breaker turns half_open."""
ROW = 3
"""Trips in a row."""
COUNTED = 4
"""The word that all counts of this slot belong to: those of another are not looked at."""
PROBED = 5
"""Probes that succeeded."""
STREAK = 6
"""Failures since this worker's last success, and when the first of them was, and the endpoints they were on."""
STREAK_FROM = 7
STREAK_BAD = 8
SUCCEEDED = 9
"""When a call succeeded last."""
ALIVE = 10
"""When a first byte came last."""
BAD_AT = 11
"""When something bad was counted last."""
PAST_CALLS = 12
"""Calls that left the window, fading with time, in 1/1024; and how many of them failed."""
PAST_FAILURES = 13
PAST_AT = 14
"""Until when both have faded."""
WAITS = 15
"""How many calls waited how long for their first byte in calm times; see `core.slowness`."""
WAIT_BUCKETS = 22
WAITS_AT = WAITS + WAIT_BUCKETS
"""When they were halved last."""

# ---- recent: the last groups of calls, for low traffic; a group is what came between two flushes

GROUPS = 10
OUTCOMES = 0
"""A ring of groups, failures among calls that ended; and for each the endpoints they failed on."""
DECISIONS = 2 * GROUPS
"""The same of slow calls among those whose wait for the first byte was decided."""

# ---- window: ten slices, each of these cells

SLICES = 10
STAMP, SUCCESSES, FAILURES, TIMELY, SLOW, BAD = range(6)
"""When the slice began; calls by outcome; first bytes in time, and calls whose late wait has ended; a bit for each
endpoint with a failure or a slow call."""
SLICE = 6

# ---- waiting: calls without a first byte that have passed `slow_after`

OVERDUE = 0
OVERDUE_BAD = 1
"""The endpoints they are on."""

RUNS = (
    Run("state", WAITS_AT + 1),
    Run("recent", 4 * GROUPS),
    Run("window", SLICES * SLICE),
    Run("waiting", 2, gauge=True),
)
"""In the order of a Slot's fields. What is of the breaker outlives the worker; only the callers that wait do not."""


def key(run: Run, variant: str) -> bytes:
    """What a run is filed under on the board."""
    return f"breaker {run.name} {variant}".encode()


_BITS = 62


def bit(position: int) -> int:
    """The bit that stands for an endpoint, by its position in the pool; in very large pools some share one."""
    return 1 << position % _BITS


def milliseconds(seconds: float) -> int:
    """A time as it stands in a cell."""
    return int(seconds * 1000 + 0.5)
