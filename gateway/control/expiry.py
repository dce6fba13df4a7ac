"""The expiry of overrides: on time by the wall clock, traffic or not."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from gateway.control.gate import Gate
from gateway.core.overrides import next_expiry

_LONGEST = 1.0
"""Seconds between two looks: overrides come and go meanwhile, and the wall clock may be set."""


class Expiry:
    """Ends overrides at `gate` when their time is over."""

    def __init__(self, gate: Gate, now: Callable[[], datetime]) -> None:
        self._gate = gate
        self._now = now

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            due = next_expiry(self._gate.standing.overrides)
            left = _LONGEST if due is None else (due - self._now()).total_seconds()
            if left <= 0:
                await self._gate.expire()
            else:
                await asyncio.sleep(min(left, _LONGEST))
