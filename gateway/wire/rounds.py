"""All client connections are looked at in rounds: a part of them at a time, and no longer than a moment.

Thousands may be late together, and each that is ended is work for the loop as well. What a moment is not enough for
follows a little later, so that nobody else is held up.
"""

from collections.abc import Callable, Set
from typing import Protocol

_PARTS = 5
"""Calls that a round is divided into."""
_MOMENT = 0.0005
"""Seconds of looking. What it ends costs the loop some twice as much again."""
_REST = 0.01
"""Seconds until what is left of a part goes on."""


class Late(Protocol):
    """Somebody who may have waited too long."""

    def sweep(self, now: float) -> None:
        """End what has."""


class Rounds:
    """Looks at all members, again and again. `clock` is in seconds; `call_later` is as the loop's."""

    def __init__(
        self,
        members: Set[Late],
        clock: Callable[[], float],
        call_later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self._members = members
        self._clock = clock
        self._call_later = call_later
        self._ahead: list[Late] = []
        """Those that the present round has yet to look at."""
        self._part = 0
        self._due = 0
        """How many of them are to be looked at now."""
        self._now = 0.0
        self._is_going = False

    def sweep(self, now: float) -> None:
        """The next part, as of `now`. To be called twenty times a second."""
        self._now = now
        if not self._ahead:
            self._ahead = list(self._members)
            self._part = len(self._ahead) // _PARTS + 1
        self._due = min(len(self._ahead), self._due + self._part)
        if not self._is_going:
            self._go_on()

    def _go_on(self) -> None:
        """Not as of its own time: where the process stood still, nobody is late before what has come is read."""
        self._is_going = False
        until = self._clock() + _MOMENT
        while self._due and self._clock() < until:
            self._due -= 1
            member = self._ahead.pop()
            if member in self._members:
                member.sweep(self._now)
        if self._due:
            self._is_going = True
            self._call_later(_REST, self._go_on)
