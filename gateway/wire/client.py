"""Connections toward models: one request at a time out, one reply at a time in.

Bytes become replies in `uptake`. A connection serves again only when its last exchange ended exactly where HTTP says
it ends.
"""

import asyncio
from typing import Protocol, cast

from gateway.wire.fields import Field
from gateway.wire.outbox import Outbox
from gateway.wire.turns import LARGE
from gateway.wire.uptake import Uptake
from gateway.wire.whole import ReplyHead, read_reply

_WRITE_HIGH = 512 << 10


class Reader(Protocol):
    """Who is told of a reply's body. After `on_reply_end` nothing more comes."""

    def on_reply_piece(self, data: bytes) -> None:
        """A piece of it that goes on at once, and is not the last."""

    def on_reply_body(self, data: bytes) -> None:
        """A piece of it."""

    def on_reply_flush(self) -> None:
        """All that has come so far was told."""

    def on_reply_end(self) -> None:
        """The reply is complete, and the connection is free again or closed."""


class Caller(Protocol):
    """Who is told what else comes back for a request. After `on_reply_lost` nothing more comes."""

    @property
    def is_head(self) -> bool:
        """Whether it asked with HEAD."""

    @property
    def is_upgrade(self) -> bool:
        """Whether it asked for an upgrade."""

    def on_interim(self, status: int, reason: bytes, fields: list[Field]) -> None:
        """An interim (1xx) reply."""

    def on_whole(self, head: ReplyHead, body: bytes) -> None:
        """The whole reply at once; the connection is free again, and nothing more comes."""

    def on_reply(self, uptake: Uptake) -> None:
        """The head of the reply; sets the connection's `reader`, unless it cancels."""

    def on_reply_lost(self, why: str) -> None:
        """The reply is broken, or will not come."""

    def on_switch(self, tail: bytes) -> None:
        """The model accepted the upgrade; `tail` is what it has already sent."""

    def on_upstream_full(self) -> None:
        """The model takes the body slower than the client sends it."""

    def on_upstream_ready(self) -> None:
        """The model has caught up."""


class Home(Protocol):
    """Where a connection goes when it is free."""

    outbox: Outbox

    def free(self, connection: "ClientConnection") -> None:
        """It may serve again."""

    def gone(self, connection: "ClientConnection") -> None:
        """It is no more."""


class ClientConnection(asyncio.Protocol):
    """One connection to an endpoint."""

    __slots__ = (
        *("_held", "_late", "_plain", "_whole", "caller", "home", "reader", "since", "transport", "unread", "uptake"),
        "used",
    )

    def __init__(self, home: Home) -> None:
        self.home = home
        self.transport: asyncio.Transport | None = None
        self.caller: Caller | None = None
        self.reader: Reader | None = None
        """Who is told of the body, once a reply has begun."""
        self.uptake = Uptake(self)
        self.used = False
        """It has served before, so the other side may be closing it just now."""
        self.since = 0.0
        """When a sweep found it free first; 0 before."""
        self.unread = True
        """Not one byte of a reply has come."""
        self._held = False
        self._late = b""
        """What came and waits for its turn."""
        self._whole = False
        self._plain = True

    # ---- the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The endpoint is there."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(_WRITE_HIGH)

    def data_received(self, data: bytes) -> None:
        """The model sent something."""
        if (self._late or len(data) > LARGE) and self._is_put_off(data):
            return
        caller = self.caller
        if caller is None:
            self.close()
            return
        if self.unread and self._whole and self._plain:
            reply = read_reply(data)
            if reply is not None:
                head, body = reply
                self._take_plain(caller, head, body)
                return
        uptake = self.uptake
        if uptake.left > len(data) and self.reader is not None:
            uptake.left -= len(data)
            self.reader.on_reply_piece(data)
            return
        if self.unread:
            self.unread = False
            uptake.begin(head_only=caller.is_head, upgrade=caller.is_upgrade)
        uptake.feed(data)
        if self.caller is caller:
            self._look_at(uptake, caller)

    def eof_received(self) -> bool:
        """The model sends nothing more."""
        self._take_late()
        if self.caller is not None and not self.unread and self.uptake.until_close:
            self.uptake.done = True
            self.uptake.reusable = False
            self._finish()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is no more."""
        self._take_late()
        self.transport = None
        self.home.gone(self)
        if self.caller is not None:
            why = "the connection was reset" if exc is not None else "the connection was closed"
            self._lose(why if self.unread else f"{why} within the reply")
        self.end()

    def end(self) -> None:
        """It is no more. Nothing is left that refers to itself, so nobody need search for it."""
        self.transport = None
        self.uptake.end()

    def pause_writing(self) -> None:
        """The model reads slower than the body comes."""
        if self.caller is not None:
            self.caller.on_upstream_full()

    def resume_writing(self) -> None:
        """The model has caught up."""
        if self.caller is not None:
            self.caller.on_upstream_ready()

    # ---- for the caller

    def send(self, caller: Caller, parts: list[bytes], *, whole: bool, plain: bool) -> None:
        """Send a request: head and body so far. `whole`: nothing follows; `plain`: no HEAD, no upgrade."""
        self.caller = caller
        self.reader = None
        self.unread = True
        self._whole = whole
        self._plain = plain
        if self.transport is not None:
            self.home.outbox.put(self.transport, parts)

    def write(self, parts: list[bytes]) -> None:
        """Send more of the body, framed."""
        if self.transport is not None:
            self.home.outbox.put(self.transport, parts)

    def whole(self) -> None:
        """The request has been sent to its end."""
        self._whole = True

    def hold(self, on: bool) -> None:
        """Stop or go on reading the reply."""
        self._held = on
        if not self._late:
            self._read(not on)
        elif not on:
            self.home.outbox.turns.wait(self._take_turn, 0)

    def take_late(self) -> bool:
        """Take what came and waits for its turn, before anything is called late; whether there was any."""
        is_there = bool(self._late) and not self._held
        if is_there:
            self._take_late()
        return is_there

    def backlog(self) -> int:
        """Bytes of the request that the model has not taken yet."""
        return 0 if self.transport is None else self.transport.get_write_buffer_size()

    def cancel(self) -> None:
        """The caller wants nothing more of this exchange."""
        self.caller = self.reader = None
        self.close()

    def close(self) -> None:
        """End the connection."""
        if self.transport is not None:
            self.transport.abort()

    def detach(self) -> asyncio.Transport | None:
        """Give the transport away (to a tunnel)."""
        self.home.outbox.flush()
        transport, self.transport = self.transport, None
        self.caller = self.reader = None
        self.home.gone(self)
        return transport

    # ---- inside

    def _read(self, on: bool) -> None:
        if self.transport is not None and not self.transport.is_closing():
            if on:
                self.transport.resume_reading()
            else:
                self.transport.pause_reading()

    def _is_put_off(self, data: bytes) -> bool:
        """Whether what came waits for a turn that has time for it; nothing more is read until then. Never what nobody
        asked for: by then somebody could have asked, and it would be their answer."""
        turns = self.home.outbox.turns
        if self.caller is None or (not self._late and not turns.is_over()):
            return False
        self._late += data
        self._read(False)
        turns.wait(self._take_turn, len(data))
        return True

    def _take_turn(self) -> None:
        """There is time for what came, unless it is not wanted yet."""
        self.take_late()

    def _take_late(self) -> None:
        data, self._late = self._late, b""
        if data:
            self._read(True)
            self.home.outbox.turns.at_once(self.data_received, data)

    def _look_at(self, uptake: Uptake, caller: Caller) -> None:
        """What has become of the reply."""
        if uptake.fault is not None and not uptake.done:
            self._lose(uptake.fault)
        elif uptake.status == 101:
            caller.on_switch(uptake.tail)
        elif uptake.done:
            self._finish()
        elif self.reader is not None:
            self.reader.on_reply_flush()

    def _take_plain(self, caller: Caller, head: ReplyHead, body: bytes) -> None:
        """The reply is here, or the beginning of one that is only to be counted."""
        if len(body) == head.length:
            self.caller = None
            self.used = True
            self.home.free(self)
            caller.on_whole(head, body)
            return
        self.unread = False
        self.uptake.count(head, left=head.length - len(body))
        caller.on_reply(self.uptake)
        if self.reader is not None:
            self.reader.on_reply_piece(body)

    def _finish(self) -> None:
        reader, self.caller, self.reader = self.reader, None, None
        assert reader is not None
        if self._whole and self.uptake.reusable and self.transport is not None and not self.transport.is_closing():
            if self._held:  # by who reads no more of a reply that has just ended
                self.hold(False)
            self.used = True
            self.home.free(self)
        else:
            self.close()
        reader.on_reply_end()

    def _lose(self, why: str) -> None:
        caller, self.caller, self.reader = self.caller, None, None
        self.close()
        assert caller is not None
        caller.on_reply_lost(why)
