"""Replies that are kept back, because their status is a failure: they are the answer when nobody does better."""

from typing import Protocol

from gateway.proxy.variants import Lane
from gateway.wire.whole import ReplyHead


class Kept(Protocol):
    """One of them. It is given or dropped, once."""

    lane: Lane

    def give(self) -> None:
        """It is the answer after all."""

    def drop(self) -> None:
        """It is not."""


class Answering(Protocol):
    """The call that it is kept for."""

    def on_whole(self, lane: Lane, head: ReplyHead, body: bytes, times: tuple[float, float]) -> None:
        """The reply, whole; see `attempt.Call`."""


class Whole:
    """A reply that came whole."""

    def __init__(
        self, call: Answering, lane: Lane, *, head: ReplyHead, body: bytes, times: tuple[float, float]
    ) -> None:
        self.lane = lane
        self._call = call
        self._head = head
        self._body = body
        self._times = times

    def give(self) -> None:
        """It is the answer after all."""
        self._call.on_whole(self.lane, self._head, self._body, self._times)

    def drop(self) -> None:
        """It is not; there is nothing to let go of."""
