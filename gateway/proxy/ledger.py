"""The account of one route's shadow, as cells of this worker's board slot.

Every sampled request is closed exactly once: matched, mismatched, ignored, error or dropped. What a worker that died
left open is closed by the next one in its slot, as dropped: lost.
"""

from gateway.core.copies import Outcome
from gateway.core.metrics import parse_key
from gateway.links.board import Board
from gateway.proxy.tally import Tally

COMPARISONS = "gateway_shadow_comparisons_total"
DROPPED = "gateway_shadow_dropped_total"
REQUESTS, SAMPLED, PENDING = "shadow_requests", "shadow_sampled", "shadow_pending"
"""No metrics: the requests that could have been sampled, those that were, and those not closed yet."""
_REASONS: dict[Outcome, str] = {"ignored": "shadow_ignored", "error": "shadow_errors"}
"""No metrics: such outcomes by reason."""


class Ledger:
    """One of them."""

    def __init__(self, tally: Tally, route: str, variant: str) -> None:
        self.route = route
        self.variant = variant
        self._tally = tally
        self._requests = tally.cell(REQUESTS, route, variant)
        self._sampled = tally.cell(SAMPLED, route, variant)
        self._pending = tally.gauge(PENDING, route, variant)

    def pass_by(self) -> None:
        """A request was not sampled."""
        self._tally.values[self._requests] += 1

    def open(self) -> None:
        """A request was sampled."""
        values = self._tally.values
        values[self._requests] += 1
        values[self._sampled] += 1
        values[self._pending] += 1

    def close(self, outcome: Outcome, why: str = "") -> None:
        """What came of it."""
        tally, route, variant = self._tally, self.route, self.variant
        if outcome == "dropped":
            tally.count(DROPPED, route, variant, why)
        else:
            tally.count(COMPARISONS, route, variant, outcome)
        if outcome in _REASONS:
            tally.count(_REASONS[outcome], route, variant, why)
        tally.values[self._pending] -= 1


def settle(board: Board, number: int, tally: Tally) -> None:
    """Close what the slot's worker before this one left open."""
    values, entries = board.names(number)
    left: dict[tuple[str, ...], int] = {}
    for entry in entries:
        if not entry.key.startswith(b"["):
            continue
        name, labels = parse_key(entry.key)
        if name in (SAMPLED, COMPARISONS, DROPPED):
            sign = 1 if name == SAMPLED else -1
            left[labels[:2]] = left.get(labels[:2], 0) + sign * values[entry.first]
    for (route, variant), count in left.items():
        tally.values[tally.cell(DROPPED, route, variant, "lost")] += count
