"""Pool: which endpoint of a variant gets the next attempt, and which stay as they are when its settings change.

An endpoint that failed within the last second is chosen last: only when all others did so too.
"""

from collections.abc import Callable, Sequence

from gateway.core.model import Endpoint, Variant

RECENT = 1.0
"""Seconds for which a failure is held against an endpoint."""
NEVER = float("-inf")
"""When an endpoint failed that never did."""


def kept(before: Variant, after: Variant) -> frozenset[Endpoint]:
    """The endpoints whose connections outlive the change: they are in both, and are spoken to in the same way."""
    if host(before) != host(after):
        return frozenset()
    both = frozenset(before.endpoints) & frozenset(after.endpoints)
    return both if before.tls == after.tls else frozenset(each for each in both if each.scheme != "https")


def host(variant: Variant) -> str | None:
    """The Host that the variant's own header settings give, if they do."""
    return next((value for name, value in variant.headers.set if name.lower() == "host"), None)


def least_loaded(in_flight: Sequence[int], failed: Sequence[float], *, now: float, draw: Callable[[], float]) -> int:
    """Of two endpoints chosen at random the one with fewer requests in flight.

    `failed` holds when each failed last, on the clock of `now`; `draw` gives random numbers in [0, 1).
    Source: Mitzenmacher, "The power of two choices in randomized load balancing" (2001).
    """
    if len(in_flight) == 1:
        return 0
    one, other = _two(len(in_flight), draw)
    if now - failed[one] < RECENT or now - failed[other] < RECENT:
        calm = _calm(failed, now)
        if len(calm) == 1:
            return calm[0]
        one, other = (calm[position] for position in _two(len(calm), draw))
    return one if in_flight[one] <= in_flight[other] else other


def round_robin(failed: Sequence[float], *, now: float, last: int) -> int:
    """The next endpoint after `last` in turn; -1 begins."""
    count = len(failed)
    turns = [(last + step) % count for step in range(1, count + 1)]
    return next((position for position in turns if now - failed[position] >= RECENT), turns[0])


def _calm(failed: Sequence[float], now: float) -> Sequence[int]:
    return [position for position, at in enumerate(failed) if now - at >= RECENT] or range(len(failed))


def _two(count: int, draw: Callable[[], float]) -> tuple[int, int]:
    """Two different positions, each pair equally likely."""
    one = int(draw() * count)
    other = int(draw() * (count - 1))
    return one, other + (other >= one)
