"""What costs much takes turns: the large pieces of bodies, and the first requests of clients that have just come.

A turn of the loop serves all that has come since the last one, and who comes next waits for its end. Where many large
pieces come together, or many clients at once, that would be long; so what a turn has no time for waits for the next
ones, in its order, and everything small goes past it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import TypeVarTuple

LARGE = 16 << 10
"""Bytes; a piece of more is a large one."""
_TIME = 0.002
"""Seconds of a turn that are theirs."""
_ROOM = 32 << 20
"""Bytes that may wait; what is more goes on at once."""
Given = TypeVarTuple("Given")


class Turns:
    """Who goes on in the present turn, and who waits."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, clock: Callable[[], float] = monotonic, room: int = _ROOM
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._room = room
        self._until = 0.0
        """When the time of the present turn is over; 0 before anybody asked for some."""
        self._waiting: deque[tuple[Callable[[], None], int]] = deque()
        self._is_serving = False

    def is_over(self) -> bool:
        """Whether the present turn has no time for more; to be asked before anything that takes turns."""
        if self._is_serving:
            return False
        if not self._until:
            self._begin()
            return False
        return (bool(self._waiting) or self._clock() > self._until) and self._room > 0

    def at_once(self, go_on: Callable[[*Given], None], *given: *Given) -> None:
        """Call it now: nothing that it asks for is put off."""
        serving, self._is_serving = self._is_serving, True
        try:
            go_on(*given)
        finally:
            self._is_serving = serving

    def wait(self, go_on: Callable[[], None], size: int) -> None:
        """Call it in a later turn; so many bytes are held until then."""
        self._room -= size
        self._waiting.append((go_on, size))
        if not self._until:
            self._begin()

    def _begin(self) -> None:
        self._until = self._clock() + _TIME
        self._loop.call_soon(self._next)

    def _next(self) -> None:
        """The next turn: who has waited longest goes first."""
        if not self._waiting:
            self._until = 0.0
            return
        self._begin()
        self.at_once(self._serve)

    def _serve(self) -> None:
        while self._waiting:
            go_on, size = self._waiting.popleft()
            self._room += size
            go_on()
            if self._clock() > self._until:
                return
