"""Permits: leave to call a variant, and what becomes of those that are not plain.

Calls of a closed breaker share one permit, which costs nothing; probes and overdue calls have their own. It must not
know why a breaker opens or closes.
"""

from typing import Protocol

from gateway.core.breaker_cells import OVERDUE, OVERDUE_BAD, Slot


class Tokens(Protocol):
    """What probes are counted by, in all workers together. A worker's end must free its tokens."""

    def claim(self, limit: int) -> int | None:
        """One of the first `limit` that nobody has, not even this worker; None where all are taken. Those above, from
        before a reload that lowered the limit, need not be looked at."""

    def release(self, token: int) -> None:
        """It is free again."""


class Permit:
    """Leave to call the variant, given under one word of its breaker. A probe's has a token."""

    __slots__ = ("bit", "token", "word")

    def __init__(self, word: int, *, token: int | None = None, bit: int = 0) -> None:
        self.word = word
        self.token = token
        self.bit = bit
        """Where an overdue call waits."""


UNCOUNTED = Permit(-1)
"""Leave without any count: reports under it change nothing."""


class Probes:
    """The tokens that this worker has."""

    __slots__ = ("_kept", "_tokens")

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._kept: list[int] = []

    def permit(self, word: int, limit: int) -> Permit | None:
        """Leave for one more probe, if one of `limit` is left."""
        token = self._tokens.claim(limit)
        return None if token is None else Permit(word, token=token)

    def keep(self, permit: Permit) -> None:
        """The probe succeeded: nobody else is put at risk in its place."""
        assert permit.token is not None
        self._kept.append(permit.token)
        permit.token = None

    def free(self, permit: Permit) -> None:
        """The probe has ended; a second time, or for a permit that is no probe's, nothing happens."""
        token, permit.token = permit.token, None
        if token is not None:
            self._tokens.release(token)

    def free_kept(self) -> None:
        """The try is over."""
        for token in self._kept:
            self._tokens.release(token)
        self._kept.clear()


class Overdue:
    """The calls that have passed `slow_after` and still wait for a first byte."""

    __slots__ = ("_cells", "_permits")

    def __init__(self, slot: Slot) -> None:
        self._cells = slot.waiting
        self._permits: dict[Permit, None] = {}
        self.tell()

    def __bool__(self) -> bool:
        return bool(self._permits)

    def __contains__(self, permit: Permit) -> bool:
        return permit in self._permits

    def add(self, permit: Permit) -> None:
        """One more."""
        self._permits[permit] = None

    def end(self, permit: Permit) -> None:
        """It waits no longer."""
        del self._permits[permit]

    def clear(self) -> None:
        """None of them counts any more."""
        self._permits.clear()

    def tell(self) -> None:
        """Write down, for all workers, how many there are and where."""
        where = 0
        for permit in self._permits:
            where |= permit.bit
        self._cells[OVERDUE] = len(self._permits)
        self._cells[OVERDUE_BAD] = where
