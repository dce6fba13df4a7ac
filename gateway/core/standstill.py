"""Standstills: a process that was not let run, or was long at something, has yet to read what came meanwhile. Before it
did, nothing is to be called late.
"""

TICK = 0.05
"""Seconds between two looks at the clock."""
STILL = 2 * TICK
"""Seconds between two looks from which on the process stood still."""


class Standstill:
    """What the looks at one clock tell; all times are of it, in seconds."""

    def __init__(self, now: float) -> None:
        self.before = now
        """When the last look was."""
        self._waived = False

    def look(self, now: float) -> bool:
        """Whether what is late is to wait for the next look, by which everything has been read. Never twice in a row,
        or a process that is always slow would not end what hangs."""
        before, self.before = self.before, now
        self._waived = now - before > STILL and not self._waived
        return self._waived
