"""What control itself counts: reloads, by what came of them."""

from typing import Literal

from gateway.core.metrics import key
from gateway.links.board import Slot

Result = Literal["applied", "unchanged", "refused"]


class Reloads:
    """Control's cells on the board."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot

    def count(self, result: Result) -> None:
        """One more."""
        self._slot.values[self._slot.index(key("gateway_reloads_total", result))] += 1
