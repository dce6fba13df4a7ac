"""One try of one request on one variant: an endpoint, a connection, the bytes out, the reply in, the clocks over them.

It ends in exactly one outcome: `success`, `error`, `timeout`, `connect`, `slow` or `cancelled`. What follows from a
failure is the call's business. A reply whose status is a failure is kept back, since another variant may do better.
"""

from time import monotonic
from typing import Protocol

from gateway.core.chain import AttemptFailure, Failure, Obstacle
from gateway.core.decide import CompiledRoute
from gateway.core.permits import Permit
from gateway.core.upstream_path import upstream_path
from gateway.errors import Refusal, refusal
from gateway.proxy import heads
from gateway.proxy.kept import Kept, Whole
from gateway.proxy.known import Known
from gateway.proxy.payload import Payload
from gateway.proxy.pool import Endpoint
from gateway.proxy.recording import Recording, Tap
from gateway.proxy.runtime import Runtime
from gateway.proxy.streams import EventStream
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
_GLANCE = 0.1
"""Seconds between two looks at whether a call that waits too long is to be let go."""
_PARKED = 64 << 10
"""Bytes of a reply kept back that are read before it has to wait."""
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
    permit: Permit
    """Leave to call the variant."""
    recording: Recording | None
    """For the shadows that get a copy."""
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

    def on_failed(self, failure: Failure, bit: int, kept: Kept | None = None) -> None:
        """Nothing of a reply can be used, but for one whose status is the failure. `bit` stands for the endpoint."""

    def on_broken(self) -> None:
        """The reply broke off after some of it had gone out."""

    def on_kept_lost(self) -> None:
        """A reply that was kept back is of no use any more."""


class Attempt:
    """One try. `tried` are the endpoints that this request has been sent to before."""

    # Defaults stand here rather than in __init__, since an attempt is made for each call and most of them stay.
    _endpoint: Endpoint | None = None
    _connection: ClientConnection | None = None
    _opening: Opening | None = None
    _replying = False
    _latest = NEVER
    """When the reply, once it has begun, must have ended."""
    _held = False
    _backlog = 0
    _status = 0
    _sent = 0.0
    _due = NEVER
    """When the model must have begun its reply."""
    _is_overdue = False
    _stream: EventStream | None = None
    _parked: list[bytes] | None = None
    """What came of a reply that is kept back."""
    _parked_size = 0
    _is_ended = False
    _client: "Request | Tap"
    """Where the reply goes, once it does."""
    bit = 0
    """What stands for the endpoint that failed."""

    def __init__(self, call: Call, lane: Lane, tried: tuple[Endpoint, ...] = ()) -> None:
        self._call = call
        self._request = call.request
        self.lane = lane
        self.tried = tried
        self._variant = lane.variant
        self._began = monotonic()

    def start(self) -> None:
        """Begin; everything else comes by itself."""
        self._call.runtime.tally.values[self._variant.in_flight] += 1
        endpoint = self._endpoint = self._variant.pool.choose(self._began, self.tried)
        if endpoint is None:
            self._end("connect")
            self._fail("unavailable", refusal("no_available_variant", f"no address of {self._variant.name} is known"))
            return
        endpoint.in_flight += 1
        connection = endpoint.connections.take() if self._call.payload.complete or self._may_reuse() else None
        if connection is None:
            self._open(endpoint)
        else:
            self._send(connection, self._began)

    def cancel(self) -> None:
        """The answer is not wanted any more."""
        self._end("cancelled")

    def late(self, now: float) -> None:
        """The time the call set as `due` has come."""
        if self._opening is not None:
            self._connect_failed("it does not answer a connection in time", late=True)
        elif self._replying or self._parked is not None:
            self._too_late_within(now)
        elif self._request.expects:
            self._request.go_on()
            self._watch_first_byte(now)
        elif now >= self._due and not (now < self._limit() and self._has_moved()):
            self._end("timeout")
            self._fail("timeout", refusal("upstream_timeout", f"{self._variant.name} did not answer in time"))
        elif now >= self._due:
            self._watch_first_byte(now)
        else:
            self._wait_on(now)

    def _wait_on(self, now: float) -> None:
        """It is slow: from here on it counts as that, and goes elsewhere where the breaker says so."""
        breaker = self._variant.breaker
        if not self._is_overdue and self._endpoint is not None:
            self._is_overdue = True
            self._call.permit = breaker.overdue(self._call.permit, now, self._endpoint.bit)
        if breaker.rescues:
            self._end("slow")
            self._fail("slow", refusal("upstream_timeout", f"{self._variant.name} is slow and was given up"))
        else:
            self._call.due = min(self._due, now + _GLANCE) if breaker.settings.rescue else self._due

    def _too_late_within(self, now: float) -> None:
        """The reply has begun and does not go on."""
        self._end("timeout")
        if self._parked is not None:
            self._call.on_kept_lost()
            return
        self._break()

    def _break(self) -> None:
        """After the end: the client has some of the reply, and nothing more comes."""
        self._variant.breaker.failure(self._call.permit, monotonic(), self.bit)
        if self._stream is not None:
            self._client.write(self._stream.error(f"{self._variant.name} broke off"))
            self._client.end()
            self._call.on_answered()
        else:
            self._call.on_broken()

    def _fail(self, kind: AttemptFailure | Obstacle, answer: Refusal) -> None:
        self._call.on_failed(Failure(kind, answer), self.bit)

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
        self._end("connect")
        code = "upstream_timeout" if late else "upstream_error"
        self._fail("connect", refusal(code, f"{self._variant.name} cannot be reached: {why}"))

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
            variant = self._variant
            due = now + variant.wait
            self._due = min(call.deadline, due)
            self._slow_at = slow_at = now + variant.breaker.slow_after
            call.due = min(self._due, slow_at)
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
        path = upstream_path(request.path, self._call.route.route, self._variant.settings)
        return b"%b?%b" % (path, request.query) if b"?" in request.target else path

    # ---- clocks

    def _limit(self) -> float:
        """When the attempt must have ended."""
        return min(self._call.deadline, self._began + self._variant.settings.timeouts.total)

    def _watch_first_byte(self, now: float) -> None:
        """`first_byte` and `slow_after` run from the request's last byte, or while the model does not take what is held
        for it; a patient call has no `first_byte`, and `slow_after` only where it is a length."""
        if self._replying or self._parked is not None:
            return
        call = self._call
        breaker = self._variant.breaker
        connection = self._connection
        self._backlog = 0 if connection is None else connection.backlog()
        runs = call.payload.complete or bool(self._backlog)
        due = self._limit()
        if runs and not call.patient:
            due = min(due, now + self._variant.settings.timeouts.first_byte)
        self._due = due
        if runs and (not call.patient or breaker.settings.slow_after is not None) and not self._is_overdue:
            due = min(due, now + breaker.slow_after)
        call.due = min(due, now + _EXPECTATION) if self._request.expects else due

    def _has_moved(self) -> bool:
        """Whether the model has taken some of what was held for it since the clock was set."""
        return self._connection is not None and self._connection.backlog() < self._backlog

    def _watch_idle(self) -> None:
        if self._replying and not self._held and (self._stream is None or self._stream.has_begun):
            due = monotonic() + self._variant.settings.timeouts.idle
            self._call.due = min(self._latest, due)

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
        waited = now - self._sent
        self._connection = None
        self._status = head.status
        self._call.runtime.tally.observe(self._variant.first_byte, waited)
        self._settle("", now)
        if head.status in self.lane.failing:
            self._variant.breaker.first_byte(self._call.permit, now, waited)
            kept = Whole(self._call, self.lane, head=head, body=body, times=(self._sent, now))
            self._call.on_failed(self._bad_status(), self.bit, kept)
            return
        self._variant.breaker.answered(self._call.permit, now, waited)
        self._call.on_whole(self.lane, head, body, (self._sent, now))

    def on_interim(self, status: int, reason: bytes, fields: list[Field]) -> None:
        """Passed on; a 100 only to a client that waits for it, and once."""
        request = self._request
        if status == 100:
            request.go_on()
        else:
            request.inform([status_line(status, reason), *heads.reply_fields(fields), b"\r\n"])

    def on_reply(self, uptake: Uptake) -> None:
        """The reply begins."""
        self._status = uptake.status
        self._uptake = uptake
        streaming = heads.is_event_stream(uptake.fields)
        self._latest = NEVER if streaming else self._limit()
        if uptake.status in self.lane.failing:
            self._begin()
            self._parked = []
            self._call.on_failed(self._bad_status(), self.bit, self)
        elif streaming and self._call.route.route.protocol == "openai":
            self._stream = EventStream()
        else:
            self._begin()
            self._reply()

    def _bad_status(self) -> Failure:
        name, status = self._variant.name, self._status
        is_error = status in self._variant.error_statuses
        answer = refusal("upstream_error", f"{name} answered with status {status}")
        return Failure("status", answer, status=status, is_error=is_error)

    def _reply(self) -> None:
        """From here on no other variant can answer."""
        request, uptake = self._request, self._uptake
        recording = self._call.recording
        self._client = request
        if recording is not None:
            recording.on_reply(uptake.fields, self._sent)
            self._client = Tap(request, recording.reply)
        self._replying = True
        added = self._call.on_answer(self.lane, uptake.status, self._sent)
        head = [status_line(uptake.status, uptake.reason), *heads.reply_fields(uptake.fields), added]
        if request.method == b"HEAD" or uptake.status in (204, 304):
            request.reply(head, uptake.length if uptake.status != 204 else None, bodiless=True)
        else:
            request.reply(head, uptake.length)
        self._watch_idle()

    def _begin(self) -> None:
        """The first byte is here; in an openai stream, its first content event."""
        now = monotonic()
        waited = now - self._sent
        self._call.runtime.tally.observe(self._variant.first_byte, waited)
        self._variant.breaker.first_byte(self._call.permit, now, waited)

    def on_reply_piece(self, data: bytes) -> None:
        """A piece of a reply of known length, straight to the client."""
        if self._stream is not None or self._parked is not None:
            self.on_reply_body(data)
            self.on_reply_flush()
            return
        self._client.pass_on(data)
        self._watch_idle()

    def on_reply_body(self, data: bytes) -> None:
        """A piece of the reply, straight to the client."""
        if self._parked is not None:
            self._park(data)
        elif self._stream is not None:
            self._on_events(self._stream, data)
        else:
            self._client.write(data)

    def _on_events(self, stream: EventStream, data: bytes) -> None:
        """Whole events are passed on, once the answer has begun; one that begins with an error is none."""
        begun = stream.has_begun
        events = stream.feed(data)
        if not begun and stream.has_failed:
            self._end("error")
            self._fail("error", refusal("upstream_error", f"{self._variant.name} began its stream with an error"))
            return
        if not begun and stream.has_begun:
            self._begin()
            self._reply()
        if events:
            self._client.write(events)

    def on_reply_flush(self) -> None:
        """All that came is written."""
        if self._replying:
            self._client.flush()
            self._watch_idle()

    def on_reply_end(self) -> None:
        """The reply is complete."""
        self._connection = None
        if self._parked is not None:
            self._settle("", monotonic())
            self._is_ended = True
            return
        if self._stream is not None:
            if not self._replying:
                self._begin()
                self._reply()
            if rest := self._stream.rest():
                self._client.write(rest)
        now = monotonic()
        self._settle("", now)
        self._variant.breaker.success(self._call.permit, now)
        self._client.end()
        self._call.on_answered()

    def on_reply_lost(self, why: str) -> None:
        """No reply, or only a part: a stale connection is replaced, anything else is the model's failure."""
        connection, self._connection = self._connection, None
        assert connection is not None
        if self._parked is not None:
            self._end("error")
            self._call.on_kept_lost()
        elif self._replying:
            self._end("error")
            self._break()
        elif connection.used and connection.unread and self._call.payload.is_replayable and self._endpoint is not None:
            self._open(self._endpoint)
        else:
            self._end("error")
            message = f"{self._variant.name} gave no usable reply: {why}"
            self._fail("reset" if connection.unread else "error", refusal("upstream_error", message))

    def on_switch(self, tail: bytes) -> None:
        """The model accepted the upgrade: both connections become a tunnel."""
        call = self._call
        connection, self._connection = self._connection, None
        assert connection is not None
        uptake = connection.uptake
        self._replying = True
        self._status = uptake.status
        if call.recording is not None:
            call.recording.flaw = "upgrade"
        self._begin()
        added = call.on_answer(self.lane, uptake.status, self._sent)
        upgrade = (b"connection: upgrade\r\nupgrade: ", self._request.upgrade or b"", b"\r\n\r\n")
        head = [status_line(101, uptake.reason), *heads.reply_fields(uptake.fields), added, *upgrade]
        call.due = NEVER
        switch(self._request, connection, [*head, tail], idle=self._variant.settings.timeouts.idle, done=self._closed)

    def _closed(self) -> None:
        """The tunnel has ended."""
        now = monotonic()
        self._settle("", now)
        self._variant.breaker.success(self._call.permit, now)
        self._call.on_answered()

    def on_upstream_full(self) -> None:
        """The model is slow to take the body."""
        self._request.hold(True)
        self._watch_first_byte(monotonic())

    def on_upstream_ready(self) -> None:
        """The model has taken it."""
        self._request.hold(False)
        self._watch_first_byte(monotonic())

    # ---- a reply that is kept back

    def _park(self, data: bytes) -> None:
        assert self._parked is not None
        self._parked.append(data)
        self._parked_size += len(data)
        if self._parked_size > _PARKED and self._connection is not None:
            self._connection.hold(True)

    def give(self) -> None:
        """It is the answer after all."""
        parked, self._parked = self._parked or [], None
        self._reply()
        for data in parked:
            self._client.write(data)
        if self._is_ended:
            self._client.end()
            self._call.on_answered()
            return
        self._client.flush()
        if self._connection is not None and not self._held:
            self._connection.hold(False)

    def drop(self) -> None:
        """It is not."""
        if not self._is_ended:
            self._end("")

    # ---- the end

    def _end(self, outcome: str) -> None:
        """Report the outcome and let go of everything."""
        self._settle(outcome, monotonic())
        self._stop_opening()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.cancel()

    def _settle(self, outcome: str, now: float) -> None:
        """Report the outcome, that of the reply's status where none is given."""
        variant = self._variant
        failed = outcome != "cancelled" if outcome else self._status in variant.error_statuses
        endpoint, self._endpoint = self._endpoint, None
        if endpoint is not None:
            endpoint.in_flight -= 1
            if failed:
                self.bit = endpoint.bit
                self.tried += (endpoint,)
                variant.pool.failed(endpoint, now)
            elif endpoint.errors:
                endpoint.errors = 0
        tally = self._call.runtime.tally
        values = tally.values
        values[variant.in_flight] -= 1
        tally.observe(variant.duration, now - self._began)
        if outcome:
            tally.count("gateway_attempts_total", variant.name, outcome)
        else:
            values[variant.failed if failed else variant.succeeded] += 1
