"""What the gate asks of the workers."""

from collections.abc import Sequence
from typing import Protocol

from gateway.core.model import Snapshot


class RejectedError(Exception):
    """Every worker that serves has refused the snapshot, and serves on by the one it had; the message says why."""


class Fleet(Protocol):
    """The workers."""

    async def swap(self, before: Snapshot, after: Snapshot) -> Sequence[str]:
        """All that serve take the snapshot, or are replaced; answers what is worth saying. RejectedError."""
