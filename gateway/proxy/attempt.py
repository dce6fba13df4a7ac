"""One try of one request on one variant: an endpoint, a connection, the bytes out, the reply in, the clocks over them.

It ends in exactly one outcome: `success`, `error`, `timeout`, `connect` or `cancelled`.
"""

from time import monotonic
from typing import Protocol

from gateway.core.bodies import write_model_path
from gateway.core.decide import CompiledRoute
from gateway.core.stream import Beginning
from gateway.errors import Refusal, refusal
from gateway.proxy import heads
from gateway.proxy.known import Known
from gateway.proxy.payload import Payload
from gateway.proxy.pool import Endpoint
from gateway.proxy.runtime import Runtime
from gateway.proxy.variants import Lane
from gateway.wire.client import ClientConnection
from gateway.wire.connections import Opening
from gateway.wire.fields import Field, status_line
from gateway.wire.request import Request
from gateway.wire.tunnel import switch
from gateway.wire.uptake import Uptake
from gateway.wire.whole import ReplyHead

NEVER = float("inf")
_EXPECTATION = 1.0
"""Seconds that a client's `Expect: 100-continue` is left to the model, which may know nothing of it."""
_CODING = frozenset({b"content-encoding"})


class Call(Protocol):
    """The request that an attempt is made for."""

    request: Request
    route: CompiledRoute
    runtime: Runtime
    payload: Payload
    marks: tuple[bytes, bytes]
    forwarded: bytes
    known: Known | None
    """What is remembered of the request's head."""
    patient: bool
    """The clock of `first_byte` does not run."""
    decoded: bool
    """The body is sent without the coding it came in."""
    due: float
    """When `late` is to be called; on the monotonic clock, as all times here."""
    deadline: float

    def on_whole(self, lane: Lane, head: ReplyHead, body: bytes, times: tuple[float, float]) -> None:
        """The reply came whole; `times` are when the request was sent and when the reply came."""

    def on_answer(self, lane: Lane, status: int, sent: float) -> bytes:
        """A reply is going out; answers the fields to be added to it."""

    def on_answered(self) -> None:
        """The reply has gone out."""

    def on_failed(self, failure: str, answer: Refusal) -> None:
        """Nothing of a reply can be used."""

    def on_broken(self) -> None:
        """The reply broke off after some of it had gone out."""


class Attempt:
    """One try."""

    # Defaults stand here rather than in __init__, since an attempt is made for each call and most of them stay.
    _endpoint: Endpoint | None = None
    _connection: ClientConnection | None = None
    _opening: Opening | None = None
    _tried: tuple[Endpoint, ...] = ()
    _replying = False
    _latest = NEVER
    """When the reply, once it has begun, must have ended."""
    _held = False
    _backlog = 0
    _status = 0
    _sent = 0.0
    _beginning: Beginning | None = None

    def __init__(self, call: Call, lane: Lane) -> None:
        self._call = call
        self._request = call.request
        self.lane = lane
        self._variant = lane.variant
        self._began = monotonic()

    def start(self) -> None:
        """Begin; everything else comes by itself."""
        self._call.runtime.tally.values[self._variant.in_flight] += 1
        self._choose(self._began)

    def cancel(self) -> None:
        """The answer is not wanted any more."""
        self._end("cancelled")

    def late(self, now: float) -> None:
        """The time the call set as `due` has come."""
        if self._request.expects and self._opening is None and not self._replying:
            self._request.go_on()
            self._watch_first_byte(now)
        elif self._opening is not None:
            self._connect_failed("it does not answer a connection in time", late=True)
        elif self._replying:
            self._end("timeout")
            self._call.on_broken()
        elif now < self._limit() and self._has_moved():
            self._watch_first_byte(now)
        else:
            self._end("timeout")
            answer = refusal("upstream_timeout", f"{self._variant.name} did not answer in time")
            self._call.on_failed("timeout", answer)

    # ---- the body

    def on_body(self, parts: list[bytes]) -> None:
        """More of the body, framed; before the connection is there the payload keeps it."""
        if self._connection is not None:
            self._connection.write(parts)
        elif self._call.payload.is_large:
            self._request.hold(True)

    def on_body_end(self, parts: list[bytes]) -> None:
        """All of the body."""
        if self._connection is not None:
            if parts:
                self._connection.write(parts)
            self._connection.whole()
            self._watch_first_byte(monotonic())

    def on_client_full(self) -> None:
        """The client is slow: read less, and do not blame the model for it."""
        self._held = True
        if self._connection is not None:
            self._connection.hold(True)
        if self._replying:
            self._call.due = self._latest

    def on_client_ready(self) -> None:
        """The client has caught up."""
        self._held = False
        if self._connection is not None:
            self._connection.hold(False)
            self._watch_idle()

    # ---- connecting

    def _choose(self, now: float) -> None:
        endpoint = self._endpoint = self._variant.pool.choose(now, self._tried)
        if endpoint is None:
            self._end("connect")
            answer = refusal("no_available_variant", f"no address of {self._variant.name} is known")
            self._call.on_failed("unavailable", answer)
            return
        endpoint.in_flight += 1
        connection = endpoint.connections.take() if self._call.payload.complete or self._may_reuse() else None
        if connection is None:
            self._open(endpoint)
        else:
            self._send(connection, now)

    def _may_reuse(self) -> bool:
        """A body that cannot be sent twice gets a connection that cannot be stale."""
        announced = self._request.length or 0
        return not self._call.payload.is_large and announced <= self._call.route.route.replay_body

    def _open(self, endpoint: Endpoint) -> None:
        self._opening = endpoint.connections.open(self._opened, self._connect_failed)
        self._call.due = min(self._limit(), monotonic() + self._variant.settings.timeouts.connect)

    def _opened(self, connection: ClientConnection) -> None:
        self._opening = None
        self._send(connection, monotonic())
        if not self._call.payload.complete:
            self._request.hold(False)

    def _connect_failed(self, why: str, late: bool = False) -> None:
        endpoint = self._endpoint
        assert endpoint is not None
        now = endpoint.failed_at = monotonic()
        self._tried += (endpoint,)
        self._stop_opening()
        retry = self._variant.settings.retry
        others = len(self._variant.pool.endpoints) > len(self._tried)
        if others and len(self._tried) <= retry.extra and "connect" in retry.when and now < self._limit():
            self._leave_endpoint()
            self._call.runtime.tally.count("gateway_attempts_total", self._variant.name, "connect")
            self._choose(now)
            return
        self._end("connect")
        code = "upstream_timeout" if late else "upstream_error"
        self._call.on_failed("connect", refusal(code, f"{self._variant.name} cannot be reached: {why}"))

    def _stop_opening(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.cancel()

    # ---- sending

    def _send(self, connection: ClientConnection, now: float) -> None:
        call = self._call
        payload = call.payload
        self._connection = connection
        self._sent = now
        parts = self._head()
        if payload.framing:
            parts += payload.so_far()
        request = self._request
        plain = request.method != b"HEAD" and request.upgrade is None
        connection.send(self, parts, whole=payload.complete, plain=plain)
        if payload.complete and not call.patient:
            call.due = min(call.deadline, now + self._variant.wait)
        else:
            self._watch_first_byte(now)

    def _head(self) -> list[bytes]:
        call = self._call
        request = self._request
        endpoint = self._endpoint
        assert endpoint is not None
        removed = self._variant.removed
        if call.decoded:
            removed |= _CODING
        request_id, trace = call.marks
        target = self._target() if self._variant.rewrites else request.target
        parts = [request.method, b" ", target, endpoint.line]
        known = call.known
        if known is not None and (not removed or removed.isdisjoint(request.headers)):
            parts.append(known.lines)
        else:
            parts += heads.passing(request, removed)
        parts += (b"x-request-id: ", request_id, b"\r\ntraceparent: ", trace, b"\r\n", call.forwarded, self.lane.added)
        if request.expects:
            parts.append(b"expect: 100-continue\r\n")
        if request.upgrade is not None:
            parts += (b"connection: upgrade\r\nupgrade: ", request.upgrade, b"\r\n")
        parts += (call.payload.framing, b"\r\n")
        return parts

    def _target(self) -> bytes:
        """The client's target as the variant's own `path` or `model` makes it; the query stays."""
        request = self._request
        settings = self._variant.settings
        route = self._call.route
        path = request.path
        if settings.path is not None:
            path = settings.path.encode().replace(b"{rest}", route.rest(path))
        if settings.model is not None and route.route.protocol == "oip":
            path = write_model_path(path, settings.model)
        return b"%b?%b" % (path, request.query) if b"?" in request.target else path

    # ---- clocks

    def _limit(self) -> float:
        """When the attempt must have ended."""
        return min(self._call.deadline, self._began + self._variant.settings.timeouts.total)

    def _watch_first_byte(self, now: float) -> None:
        """`first_byte` runs from the request's last byte, or while the model does not take what is held for it."""
        if self._replying:
            return
        call = self._call
        due = self._limit()
        connection = self._connection
        self._backlog = 0 if connection is None else connection.backlog()
        if not call.patient and (call.payload.complete or self._backlog):
            due = min(due, now + self._variant.settings.timeouts.first_byte)
        call.due = min(due, now + _EXPECTATION) if self._request.expects else due

    def _has_moved(self) -> bool:
        """Whether the model has taken some of what was held for it since the clock was set."""
        return self._connection is not None and self._connection.backlog() < self._backlog

    def _watch_idle(self) -> None:
        if self._replying and not self._held and self._beginning is None:
            due = monotonic() + self._variant.settings.timeouts.idle
            self._call.due = due if due < self._latest else self._latest

    # ---- what comes back

    @property
    def is_head(self) -> bool:
        """Whether the reply has no body, whatever it says."""
        return self._request.method == b"HEAD"

    @property
    def is_upgrade(self) -> bool:
        """Whether a 101 may come."""
        return self._request.upgrade is not None

    def on_whole(self, head: ReplyHead, body: bytes) -> None:
        """The whole reply at once."""
        now = monotonic()
        self._connection = None
        self._status = head.status
        self._call.runtime.tally.observe(self._variant.first_byte, now - self._sent)
        self._settle("", now)
        self._call.on_whole(self.lane, head, body, (self._sent, now))

    def on_interim(self, status: int, reason: bytes, fields: list[Field]) -> None:
        """Passed on; a 100 only to a client that waits for it, and once."""
        request = self._request
        if status == 100:
            request.go_on()
        else:
            request.inform([status_line(status, reason), *heads.reply_fields(fields), b"\r\n"])

    def on_reply(self, uptake: Uptake) -> None:
        """The reply begins: from here on no other variant can answer."""
        request = self._request
        self._replying = True
        status = self._status = uptake.status
        streaming = heads.is_event_stream(uptake.fields)
        self._latest = NEVER if streaming else self._limit()
        if streaming and self._call.route.route.protocol == "openai":
            self._beginning = Beginning()
        else:
            self._begin()
        added = self._call.on_answer(self.lane, status, self._sent)
        head = [status_line(status, uptake.reason), *heads.reply_fields(uptake.fields), added]
        if request.method == b"HEAD" or status in (204, 304):
            request.reply(head, uptake.length if status != 204 else None, bodiless=True)
        else:
            request.reply(head, uptake.length)
        self._watch_idle()

    def _begin(self) -> None:
        """The first byte is here; in an openai stream, its first content event."""
        self._beginning = None
        self._call.runtime.tally.observe(self._variant.first_byte, monotonic() - self._sent)

    def on_reply_piece(self, data: bytes) -> None:
        """A piece of a reply of known length, straight to the client."""
        if self._beginning is not None:
            self.on_reply_body(data)
            self.on_reply_flush()
            return
        self._request.pass_on(data)
        self._watch_idle()

    def on_reply_body(self, data: bytes) -> None:
        """A piece of the reply, straight to the client."""
        if self._beginning is not None and self._beginning.is_in(data):
            self._begin()
        self._request.write(data)

    def on_reply_flush(self) -> None:
        """All that came is written."""
        self._request.flush()
        self._watch_idle()

    def on_reply_end(self) -> None:
        """The reply is complete."""
        self._connection = None
        self._end("")
        self._request.end()
        self._call.on_answered()

    def on_reply_lost(self, why: str) -> None:
        """No reply, or only a part: a stale connection is replaced, anything else is the model's failure."""
        connection, self._connection = self._connection, None
        assert connection is not None
        if self._replying:
            self._end("error")
            self._call.on_broken()
        elif connection.used and connection.unread and self._call.payload.is_replayable and self._endpoint is not None:
            self._open(self._endpoint)
        else:
            self._end("error")
            message = f"{self._variant.name} gave no usable reply: {why}"
            self._call.on_failed("error", refusal("upstream_error", message))

    def on_switch(self, tail: bytes) -> None:
        """The model accepted the upgrade: both connections become a tunnel."""
        call = self._call
        connection, self._connection = self._connection, None
        assert connection is not None
        uptake = connection.uptake
        self._replying = True
        self._status = uptake.status
        added = call.on_answer(self.lane, uptake.status, self._sent)
        upgrade = (b"connection: upgrade\r\nupgrade: ", self._request.upgrade or b"", b"\r\n\r\n")
        head = [status_line(101, uptake.reason), *heads.reply_fields(uptake.fields), added, *upgrade]
        call.due = NEVER
        switch(self._request, connection, [*head, tail], idle=self._variant.settings.timeouts.idle, done=self._closed)

    def _closed(self) -> None:
        """The tunnel has ended."""
        self._end("")
        self._call.on_answered()

    def on_upstream_full(self) -> None:
        """The model is slow to take the body."""
        self._request.hold(True)
        self._watch_first_byte(monotonic())

    def on_upstream_ready(self) -> None:
        """The model has taken it."""
        self._request.hold(False)
        self._watch_first_byte(monotonic())

    # ---- the end

    def _leave_endpoint(self) -> None:
        endpoint, self._endpoint = self._endpoint, None
        if endpoint is not None:
            endpoint.in_flight -= 1

    def _end(self, outcome: str) -> None:
        """Report the outcome and let go of everything."""
        self._settle(outcome, monotonic())
        self._stop_opening()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.cancel()

    def _settle(self, outcome: str, now: float) -> None:
        """Report the outcome, that of the reply's status where none is given."""
        self._leave_endpoint()
        variant = self._variant
        tally = self._call.runtime.tally
        values = tally.values
        values[variant.in_flight] -= 1
        tally.observe(variant.duration, now - self._began)
        if outcome:
            tally.count("gateway_attempts_total", variant.name, outcome)
        else:
            values[variant.failed if self._status in variant.error_statuses else variant.succeeded] += 1
