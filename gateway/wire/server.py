"""Client connections: requests are answered one at a time, in order; those a client sends ahead wait.

Bytes become requests in `intake`; this file has the transport, the queue, and the ends of a connection. What they share
is in `service`.
"""

import asyncio
import socket
import struct
from typing import cast

from gateway.errors import refusal
from gateway.wire.intake import Intake
from gateway.wire.request import Request
from gateway.wire.service import Service
from gateway.wire.turns import LARGE
from gateway.wire.whole import read_request

_LINGER = 5.0
"""Seconds a client may go on sending after an early answer, so that it can read that answer."""
_PROBE_AFTER = 0.3
"""Seconds to the first; the next ones wait twice as long each. (The second one finds out what the first provoked.)"""
_PROBE = b"HTTP/1.1 100 Continue\r\n\r\n"
"""Sent to a client that closed its sending half: one that is gone altogether answers with a reset (RFC 9110 section
15.2: clients must be able to read interim replies)."""
_GONE_AFTER = 1.0
"""Seconds that a client which ends its sending half within the reply may take to have it all. One that half-closes does
so before the reply; what ends later has mostly left, and cannot be asked."""
_NEWCOMER = 1.0
"""Seconds that a client which has just connected has for its request while a drain is under way."""
_RESET = struct.pack("ii", 1, 0)
_TURN = 32
"""Requests of one client that are answered at once before others have their turn."""
_AHEAD = 64 << 10
_AHEAD_EACH = 1 << 10
"""Bytes that a client may send ahead of their turn before it is not read from; a request counts as so many at least."""


class ServerConnection(asyncio.Protocol):
    """One client connection."""

    __slots__ = (
        *("_eof", "_gone_at", "_held", "_is_new", "_last_size", "_late", "_lingering", "_paused", "_probe_at"),
        *("_probe_wait", "_pumping", "_reading", "_served", "_since", "active", "closing", "intake", "memo", "out"),
        *("peer", "queue", "secure", "service", "transport"),
    )

    def __init__(self, service: Service, peer: str, secure: bool) -> None:
        self.service = service
        self.peer = peer
        self.memo: tuple[bytes, bytes] | None = None
        self.secure = secure
        self.transport: asyncio.Transport | None = None
        self.intake = Intake(self, service.limits)
        self.active: Request | None = None
        """The one being answered."""
        self.queue: list[Request] = []
        """Those that wait, oldest first."""
        self.out: list[bytes] = []
        self.closing = False
        """The present reply is the last."""
        self._held = False
        self._is_new = True
        """Nothing has come."""
        self._late = b""
        """What came and waits for its turn."""
        self._reading = True
        self._served = False
        self._paused = False
        self._eof = False
        self._lingering = False
        self._pumping = False
        self._gone_at = float("inf")
        self._probe_at = 0.0
        self._probe_wait = 0.0
        self._last_size = 0
        self._since = service.clock()
        """When the client last did what it is expected to do."""

    # ---- the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The client is there."""
        self.transport = cast(asyncio.Transport, transport)
        self.service.join(self)
        self.transport.set_write_buffer_limits(self.service.unread)

    def data_received(self, data: bytes) -> None:
        """The client sent something."""
        if (self._is_new or self._late or len(data) > LARGE) and self._is_put_off(data):
            return
        if self._lingering:
            return
        intake = self.intake
        if self.active is None and not self.queue and intake.is_resting and not self._paused:
            service = self.service
            limits = service.limits
            request = read_request(data, self, service.heads, header=limits.header, body=limits.body)
            if request is not None:
                self.active = request
                self.closing = service.draining
                service.handler.handle(request)
                return
            intake.bounds = limits
        began = not intake.in_head
        if intake.request is not None and began:
            self._since = self.service.clock()
        intake.feed(data)
        if intake.in_head and began:
            self._since = self.service.clock()
        if self.queue:
            self._pump()
        if self.queue or intake.tail is not None:
            self._pace()

    def eof_received(self) -> bool:
        """The client sends nothing more. Requests it has sent whole are answered; it may also be gone."""
        self._take_late()
        self.service.outbox.flush()  # what waits for the end of this turn would be lost once the transport is closing
        active, cut = self.active, self.intake.cut()
        if self._lingering:
            return False
        if (active is None and not self.queue) or (active is not None and active is cut):
            self._lingering = True
            self._since = self.service.clock()
            return False
        if active is not None and active.replying and not self.queue:
            self._gone_at = self.service.clock() + _GONE_AFTER
        self._eof = True
        self._probe_wait = _PROBE_AFTER
        self._probe_at = self.service.clock() + _PROBE_AFTER
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is no more."""
        self.service.members.discard(self)
        self.transport = None
        self._late = b""
        self.closing = True
        self.intake.end()
        self.queue.clear()
        active, self.active = self.active, None
        if active is not None and active.receiver is not None:
            receiver, active.receiver = active.receiver, None
            receiver.on_gone()

    def pause_writing(self) -> None:
        """The client reads slower than the reply comes."""
        self._paused = True
        self._since = self.service.clock()
        if self.active is not None and self.active.receiver is not None:
            self.active.receiver.on_client_full()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._paused = False
        self._since = self.service.clock()
        if self.active is None:
            self._pump()
        elif self.active.receiver is not None:
            self.active.receiver.on_client_ready()

    # ---- for the active request

    def flush(self) -> None:
        """Write what has been put into `out`."""
        out = self.out
        if not out:
            return
        self.out = []
        if self.transport is not None:
            self.service.outbox.put(self.transport, out)

    def answer(self, parts: list[bytes]) -> None:
        """Write the whole reply of the active request."""
        if self.transport is not None:
            self.service.outbox.put(self.transport, parts)
            self.reply_done()

    def hold(self, on: bool) -> None:
        """Stop or go on reading the body."""
        self._held = on
        self._since = self.service.clock()
        self._pace()

    def reply_done(self) -> None:
        """The reply of the active request is complete: go on with the next, or close."""
        request, self.active = self.active, None
        if self.transport is None or request is None:
            return
        if self.closing or not request.complete:
            self._close()
            return
        self._since = self.service.clock()
        self._served = True
        self._held = False
        if request.upgrade is not None and self.intake.tail is not None:
            self.intake.read_on()
        if self.queue:
            self._pump()
        elif self._eof or (self.service.draining and self.intake.request is None and not self._late):
            self._close()
        elif not self._reading:
            self._pace()

    def abort(self) -> None:
        """Break off: never an end that could be taken for a clean one."""
        active, self.active = self.active, None
        transport = self.transport
        if transport is None:
            return
        self.flush()
        if active is None or active.until_close:
            self.kill()
        else:
            self._lingering = True
            self._since = self.service.clock()
            self.service.outbox.flush()
            transport.close()

    def kill(self) -> None:
        """End the connection with a reset."""
        self.service.outbox.flush()
        if self.transport is not None:
            raw = self.transport.get_extra_info("socket")
            if raw is not None:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.transport.abort()

    def detach(self) -> asyncio.Transport | None:
        """Give the transport away (to a tunnel); this object is told nothing more. All that came is in the intake."""
        self._take_late()
        self.service.outbox.flush()
        transport, self.transport = self.transport, None
        self.active = None
        self.service.members.discard(self)
        return transport

    # ---- time

    def sweep(self, now: float) -> None:
        """End what has waited too long, unless it waits for us."""
        if self._late:
            return
        limits = self.service.limits
        age = now - self._since
        if self._eof and now > self._gone_at:
            self.kill()
        elif self._paused or self._is_flushing():
            self._watch_reader(now, age)
        elif self._lingering:
            if age > _LINGER:
                self.kill()
        elif self.intake.in_head or self.intake.request is not None:
            self._watch_sender(age)
        elif self.active is None:
            if age > (_NEWCOMER if self.service.draining else limits.keepalive):
                self._close()
        elif self._eof and now > self._probe_at:
            self._probe(now)

    def bound(self, unread: int) -> None:
        """Let so many bytes of answers wait, before less is read from the model."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.set_write_buffer_limits(unread)

    def drain(self) -> None:
        """Close now if idle, else after the last request that is here. A client that has just come may have sent its
        first request already: it gets a moment, see `sweep`."""
        if self.active is None and not self.queue and self.intake.request is None:
            if self._served and not self._late:
                self._close()
        elif not self.queue and not self._late:
            self.closing = True

    # ---- inside

    def _is_put_off(self, data: bytes) -> bool:
        """Whether what came waits for a turn that has time for it; nothing more is read until then."""
        turns = self.service.newcomers if self._is_new else self.service.outbox.turns
        self._is_new = False
        if not self._late and not turns.is_over():
            return False
        self._late += data
        self._pace()
        turns.wait(self._take_late, len(data))
        return True

    def _take_late(self) -> None:
        """There is time for what came, or nothing more will come."""
        data, self._late = self._late, b""
        if data:
            self._pace()
            self.service.outbox.turns.at_once(self.data_received, data)

    def _pump(self) -> None:
        """Hand over the next request; a loop, since handlers may answer at once. Not while the client does not read:
        the answers would pile up."""
        if self._pumping or self._lingering:
            return
        self._pumping = True
        try:
            self._hand_over()
        finally:
            self._pumping = False
        if self.queue or not self._reading:
            self._pace()

    def _hand_over(self) -> None:
        handler = self.service.handler
        handed = 0
        while self.active is None and self.queue and self.transport is not None and not self._paused:
            if handed == _TURN:
                asyncio.get_running_loop().call_soon(self._pump)
                break
            handed += 1
            request = self.active = self.queue.pop(0)
            self.intake.refill()
            if self.service.draining and not self.queue:
                self.closing = True
            if request.fault is not None:
                handler.refuse(request, request.fault)
            else:
                handler.handle(request)

    def _pace(self) -> None:
        """Read only while what comes can be used, or kept. (Who is not read from is not seen to leave.)"""
        ahead = sum(map(len, self.intake.tail or ())) + sum(_AHEAD_EACH + one.body_size for one in self.queue)
        full = self._held or bool(self._late) or ahead > _AHEAD
        if full is self._reading and self.transport is not None and not self.transport.is_closing():
            self._reading = not full
            if full:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()

    def _is_flushing(self) -> bool:
        """Whether the last reply is still being sent."""
        return self._lingering and self.transport is not None and self.transport.get_write_buffer_size() > 0

    def _watch_sender(self, age: float) -> None:
        limits = self.service.limits
        if not self._reading:
            self._since = self.service.clock()
        elif self.intake.in_head:
            if age > limits.header_timeout:
                self._refuse_late("the request's head did not come in time")
        elif age > limits.body_idle and not self._held:
            self._refuse_late("the request's body did not come in time")

    def _refuse_late(self, message: str) -> None:
        self.intake.refuse(refusal("timeout", message))
        self._pump()

    def _watch_reader(self, now: float, age: float) -> None:
        assert self.transport is not None
        size = self.transport.get_write_buffer_size()
        if size != self._last_size:
            self._last_size = size
            self._since = now
        elif age > self.service.limits.body_idle:
            self.kill()

    def _probe(self, now: float) -> None:
        assert self.active is not None
        assert self.transport is not None
        self._probe_at = now + self._probe_wait
        self._probe_wait *= 2
        if not self.active.replying and self.active.version == "1.1":
            self.transport.write(_PROBE)

    def _close(self) -> None:
        """Close after what was written; a client that may still be sending gets time to read it first."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        self.closing = True
        self._since = self.service.clock()
        self.service.outbox.flush()
        unread = self.intake.refused or self.intake.request is not None or bool(self._late)
        self.intake.broken = True
        self._lingering = True
        if unread and not self._eof and transport.can_write_eof():
            transport.write_eof()
            self._held = False
            self.queue.clear()
            self.intake.tail = None
            self._pace()
        else:
            transport.close()
