"""What control itself counts: reloads, webhooks, and how the store does."""

from typing import Literal

from gateway.core.metrics import key
from gateway.links.board import Slot

Reload = Literal["applied", "unchanged", "refused"]
Webhook = Literal["arrived", "failed", "given_up"]


class Counts:
    """Control's cells on the board."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._waiting = slot.index(key("gateway_store_waiting"), gauge=True)

    def reload(self, result: Reload) -> None:
        """One more."""
        self._add("gateway_reloads_total", result)

    def webhook(self, result: Webhook) -> None:
        """One more."""
        self._add("gateway_webhooks_total", result)

    def forced_open(self, variant: str) -> None:
        """An operator opened its breaker."""
        self._add("gateway_breaker_trips_total", variant, "forced")

    def store_failed(self) -> None:
        """The store could not do something."""
        self._add("gateway_store_failures_total")

    def store_waits(self, changes: int) -> None:
        """So many changes wait for it now."""
        self._slot.values[self._waiting] = changes

    def _add(self, name: str, *labels: str) -> None:
        self._slot.values[self._slot.index(key(name, *labels))] += 1
