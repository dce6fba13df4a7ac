"""A reply on its way in: what its connection tells of it, call by call, for one who waits for it.

It decides how much is read ahead of who takes it. It must not know what the reply is for.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from time import monotonic

from gateway.wire.client import ClientConnection
from gateway.wire.fields import Field
from gateway.wire.uptake import Uptake
from gateway.wire.whole import ReplyHead

_AHEAD = 64 << 10
"""Bytes that may wait to be taken before no more is read."""


class LostError(Exception):
    """No reply came, or it broke off."""


class Incoming:
    """The reply to a request that was sent over that connection."""

    is_upgrade = False

    def __init__(self, connection: ClientConnection, *, is_head: bool) -> None:
        self.connection = connection
        self.is_head = is_head
        self.status = 0
        """0 until its head has come."""
        self.fields: Sequence[Field] = ()
        self.came = 0.0
        """When the last piece so far came, in monotonic seconds."""
        self._pieces: list[bytes] = []
        self._size = 0
        self._is_held = False
        self._is_complete = False
        self._is_lost = False
        self._waiter: asyncio.Future[None] | None = None

    async def begun(self) -> None:
        """Wait for its head; LostError."""
        while not self.status:
            await self._more()

    async def pieces(self) -> AsyncIterator[bytes]:
        """Its body as it comes; LostError where it breaks off."""
        while self._pieces or not self._is_complete:
            if self._pieces:
                yield self._taken()
            else:
                await self._more()

    def let_go(self) -> None:
        """No more of it is wanted. Where some is still to come its connection ends."""
        if not self._is_complete:
            self.connection.cancel()

    # ---- what the connection tells

    def on_interim(self, status: int, reason: bytes, fields: list[Field]) -> None:
        """Not the reply."""

    def on_whole(self, head: ReplyHead, body: bytes) -> None:
        """All of it at once."""
        self.status, self.fields = head.status, head.fields
        if body:
            self._pieces.append(body)
        self.on_reply_end()

    def on_reply(self, uptake: Uptake) -> None:
        """Its head."""
        self.status, self.fields = uptake.status, uptake.fields
        self.connection.reader = self
        self._tell()

    def on_reply_piece(self, data: bytes) -> None:
        """Some of its body."""
        self._pieces.append(data)
        self._size += len(data)
        if self._size > _AHEAD and not self._is_held:
            self._is_held = True
            self.connection.hold(True)
        self._tell()

    on_reply_body = on_reply_piece

    def on_reply_flush(self) -> None:
        """Each piece was told of already."""

    def on_reply_end(self) -> None:
        """It is complete, and the connection somebody else's."""
        self._is_complete = True
        self._tell()

    def on_reply_lost(self, why: str) -> None:
        """Nothing more of it comes."""
        self._is_lost = True
        self._tell()

    def on_switch(self, tail: bytes) -> None:
        """Never: no upgrade is asked for."""

    def on_upstream_full(self) -> None:
        """All that is to be sent was handed over at once."""

    def on_upstream_ready(self) -> None:
        """The same."""

    # ---- inside

    def _taken(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        if self._is_held and not self._is_complete:
            self._is_held = False
            self.connection.hold(False)
        return data

    async def _more(self) -> None:
        if self._is_lost:
            raise LostError
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def _tell(self) -> None:
        self.came = monotonic()
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
