"""One try of one request on one variant: an endpoint, a connection, the bytes out, the clocks until a reply begins.

It ends in exactly one outcome: `success`, `error`, `timeout`, `connect`, `slow` or `cancelled`. What follows from a
failure is the call's business, and what becomes of a reply that comes in pieces is decided in `reply`.
"""

from time import monotonic
from typing import Protocol

from gateway.core.chain import AttemptFailure, Failure, Obstacle
from gateway.core.permits import Permit
from gateway.errors import Refusal, refusal
from gateway.proxy import heads
from gateway.proxy.kept import Kept, Whole
from gateway.proxy.outgoing import Outgoing, head_lines
from gateway.proxy.pool import Endpoint
from gateway.proxy.recording import Recording
from gateway.proxy.reply import NEVER, Reply
from gateway.proxy.runtime import Runtime
from gateway.proxy.variants import Lane
from gateway.wire.client import ClientConnection
from gateway.wire.connections import Opening
from gateway.wire.fields import Field, status_line
from gateway.wire.tunnel import switch
from gateway.wire.uptake import Uptake
from gateway.wire.whole import ReplyHead

_EXPECTATION = 1.0
"""Seconds that a client's `Expect: 100-continue` is left to the model, which may know nothing of it."""
_GLANCE = 0.1
"""Seconds between two looks at whether a call that waits too long is to be let go."""


class Call(Outgoing, Protocol):
    """The request that an attempt is made for."""

    runtime: Runtime
    permit: Permit
    """Leave to call the variant."""
    recording: Recording | None
    """For the shadows that get a copy."""
    patient: bool
    """The clock of `first_byte` does not run."""
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
    connection: ClientConnection | None = None
    bit = 0
    """What stands for the endpoint that failed."""
    _endpoint: Endpoint | None = None
    _opening: Opening | None = None
    _reply: Reply | None = None
    _held = False
    """The client is slow."""
    _backlog = 0
    _status = 0
    sent = 0.0
    _is_overdue = False
    _had: int | None = None
    """Bytes of the body that had come when its reply was kept back; None where that was all of it."""
    _is_behind = False
    """Its connection has missed some of the body for good."""

    def __init__(self, call: Call, lane: Lane, tried: tuple[Endpoint, ...] = ()) -> None:
        self.call = call
        self.request = call.request
        self.lane = lane
        self.tried = tried
        self.variant = lane.variant
        self._began = monotonic()
        self._due = NEVER
        """When the model must have begun its reply."""

    def start(self) -> None:
        """Begin; everything else comes by itself."""
        self.call.runtime.tally.values[self.variant.in_flight] += 1
        endpoint = self._endpoint = self.variant.pool.choose(self._began, self.tried)
        if endpoint is None:
            self.end("connect")
            self.fail("unavailable", refusal("no_available_variant", f"no address of {self.variant.name} is known"))
            return
        endpoint.in_flight += 1
        connection = endpoint.connections.take() if self._may_reuse() else None
        if connection is None:
            self._open(endpoint)
        else:
            self._send(connection, self._began)

    def cancel(self) -> None:
        """The answer is not wanted any more."""
        self.end("cancelled")

    def late(self, now: float) -> None:
        """The time the call set as `due` has come. What is here and only waits for its turn is not late."""
        if self._has_come(now):
            return
        if self._opening is not None:
            self._connect_failed("it does not answer a connection in time", late=True)
        elif self._reply is not None and self._reply.has_begun:
            self._reply.late()
        elif self.request.expects:
            self.request.go_on()
            self._watch_first_byte(now)
        elif now >= self._due and not (now < self.limit() and self._has_moved()):
            self.end("timeout")
            self.fail("timeout", refusal("upstream_timeout", f"{self.variant.name} did not answer in time"))
        elif now >= self._due:
            self._watch_first_byte(now)
        else:
            self._wait_on(now)

    def _has_come(self, now: float) -> bool:
        """Whether what it was to wait for was here, and waited for its turn: it has ended, or has more time now."""
        if self.connection is None or not self.connection.take_late():
            return False
        return self.connection is None or self.call.due > now

    def _wait_on(self, now: float) -> None:
        """It is slow: from here on it counts as that, and goes elsewhere where the breaker says so."""
        breaker = self.variant.breaker
        if not self._is_overdue and self._endpoint is not None:
            self._is_overdue = True
            self.call.permit = breaker.overdue(self.call.permit, now, self._endpoint.bit)
        if breaker.rescues:
            self.end("slow")
            self.fail("slow", refusal("upstream_timeout", f"{self.variant.name} is slow and was given up"))
        else:
            self.call.due = min(self._due, now + _GLANCE) if breaker.settings.rescue else self._due

    def fail(self, kind: AttemptFailure | Obstacle, answer: Refusal) -> None:
        """Tell the call; to be done after the end."""
        self.call.on_failed(Failure(kind, answer), self.bit)

    # ---- the body

    def on_body(self, parts: list[bytes]) -> None:
        """More of the body, framed; before the connection is there the payload keeps it."""
        if self._is_behind:
            return
        if self.connection is not None:
            self.connection.write(parts)
        elif self.call.payload.is_large:
            self.request.hold(True)

    def on_body_end(self, parts: list[bytes]) -> None:
        """All of the body."""
        if self._is_behind:
            return
        if self.connection is not None:
            if parts:
                self.connection.write(parts)
            self.connection.whole()
            self._watch_first_byte(monotonic())

    def on_client_full(self) -> None:
        """The client is slow: read less, and do not blame the model for it."""
        self._held = True
        if self.connection is not None:
            self.connection.hold(True)
        if self._reply is not None:
            self._reply.on_client_full()

    def on_client_ready(self) -> None:
        """The client has caught up."""
        self._held = False
        if self.connection is not None:
            self.connection.hold(False)
        if self._reply is not None:
            self._reply.on_client_ready()

    # ---- connecting

    def _may_reuse(self) -> bool:
        """A body that cannot be sent twice gets a connection that cannot be stale."""
        announced = self.request.length or 0
        return not self.call.payload.is_large and announced <= self.call.route.route.replay_body

    def _open(self, endpoint: Endpoint) -> None:
        self.call.payload.rewind()
        self._opening = endpoint.connections.open(self._opened, self._connect_failed)
        self.call.due = min(self.limit(), monotonic() + self.variant.settings.timeouts.connect)

    def _opened(self, connection: ClientConnection) -> None:
        self._opening = None
        self._send(connection, monotonic())

    def _connect_failed(self, why: str, late: bool = False) -> None:
        self.end("connect")
        code = "upstream_timeout" if late else "upstream_error"
        self.fail("connect", refusal(code, f"{self.variant.name} cannot be reached: {why}"))

    def _stop_opening(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.cancel()

    # ---- sending

    def _send(self, connection: ClientConnection, now: float) -> None:
        call = self.call
        payload = call.payload
        self.connection = connection
        self.sent = now
        assert self._endpoint is not None
        parts = head_lines(call, self.lane, self._endpoint)
        if payload.framing:
            parts += payload.so_far()
        request = self.request
        plain = request.method != b"HEAD" and request.upgrade is None
        if not payload.complete:
            request.hold(False)  # before anything is sent: that may be what it is held for
        connection.send(self, parts, whole=payload.complete, plain=plain)
        if payload.complete and not call.patient:
            variant = self.variant
            due = now + variant.wait
            self._due = due = due if due < call.deadline else call.deadline  # noqa: FURB136 - min() costs 0.2 us here
            slow_at = now + variant.breaker.slow_after
            call.due = slow_at if slow_at < due else due  # noqa: FURB136 - the same
        else:
            self._watch_first_byte(now)

    # ---- clocks

    def limit(self) -> float:
        """When the attempt must have ended."""
        return min(self.call.deadline, self._began + self.variant.settings.timeouts.total)

    def _watch_first_byte(self, now: float) -> None:
        """`first_byte` and `slow_after` run from the request's last byte, or while the model does not take what is held
        for it; a patient call has no `first_byte`, and `slow_after` only where it is a length."""
        if self._reply is not None and self._reply.has_begun:
            return
        call = self.call
        breaker = self.variant.breaker
        connection = self.connection
        self._backlog = 0 if connection is None else connection.backlog()
        runs = call.payload.complete or bool(self._backlog)
        due = self.limit()
        if runs and not call.patient:
            due = min(due, now + self.variant.settings.timeouts.first_byte)
        self._due = due
        if runs and (not call.patient or breaker.settings.slow_after is not None) and not self._is_overdue:
            due = min(due, now + breaker.slow_after)
        call.due = min(due, now + _EXPECTATION) if self.request.expects else due

    def _has_moved(self) -> bool:
        """Whether the model has taken some of what was held for it since the clock was set."""
        return self.connection is not None and self.connection.backlog() < self._backlog

    # ---- what comes back

    @property
    def is_head(self) -> bool:
        """Whether the reply has no body, whatever it says."""
        return self.request.method == b"HEAD"

    @property
    def is_upgrade(self) -> bool:
        """Whether a 101 may come."""
        return self.request.upgrade is not None

    def on_whole(self, head: ReplyHead, body: bytes) -> None:
        """The whole reply at once."""
        now = monotonic()
        waited = now - self.sent
        self.connection = None
        self._status = head.status
        self.call.runtime.tally.observe(self.variant.first_byte, waited)
        self.settle("", now)
        if head.status in self.lane.failing:
            self.variant.breaker.first_byte(self.call.permit, now, waited)
            kept = Whole(self.call, self.lane, head=head, body=body, times=(self.sent, now))
            self.call.on_failed(self._bad_status(), self.bit, kept)
            return
        self.variant.breaker.answered(self.call.permit, now, waited)
        self.call.on_whole(self.lane, head, body, (self.sent, now))

    def on_interim(self, status: int, reason: bytes, fields: list[Field]) -> None:
        """Passed on; a 100 only to a client that waits for it, and once."""
        request = self.request
        if status == 100:
            request.go_on()
        else:
            request.inform([status_line(status, reason), *heads.reply_fields(fields), b"\r\n"])

    def on_reply(self, uptake: Uptake) -> None:
        """The reply begins."""
        assert self.connection is not None
        self._status = uptake.status
        reply = self._reply = Reply(self, uptake, held=self._held)
        self.connection.reader = reply
        if uptake.status in self.lane.failing:
            self.begin()
            reply.keep()
            payload = self.call.payload
            self._had = None if payload.complete else payload.size
            if uptake.status in self.variant.error_statuses and self._endpoint is not None:
                self._blame(self._endpoint)
            self.call.on_failed(self._bad_status(), self.bit, self)
        else:
            reply.begin()

    def _bad_status(self) -> Failure:
        name, status = self.variant.name, self._status
        is_error = status in self.variant.error_statuses
        answer = refusal("upstream_error", f"{name} answered with status {status}")
        return Failure("status", answer, status=status, is_error=is_error)

    def begin(self) -> None:
        """The first byte is here; in an openai stream, its first content event."""
        now = monotonic()
        waited = now - self.sent
        self.call.runtime.tally.observe(self.variant.first_byte, waited)
        self.variant.breaker.first_byte(self.call.permit, now, waited)

    def on_reply_lost(self, why: str) -> None:
        """No reply, or only a part: a stale connection is replaced, anything else is the model's failure."""
        connection, self.connection = self.connection, None
        assert connection is not None
        if self._reply is not None and self._reply.has_begun:
            self._reply.lost()
        elif connection.used and connection.unread and self.call.payload.is_replayable and self._endpoint is not None:
            self._open(self._endpoint)
        else:
            self.end("error")
            message = f"{self.variant.name} gave no usable reply: {why}"
            self.fail("reset" if connection.unread else "error", refusal("upstream_error", message))

    def on_switch(self, tail: bytes) -> None:
        """The model accepted the upgrade: both connections become a tunnel."""
        call = self.call
        connection, self.connection = self.connection, None
        assert connection is not None
        uptake = connection.uptake
        self._status = uptake.status
        if call.recording is not None:
            call.recording.flaw = "upgrade"
        self.begin()
        added = call.on_answer(self.lane, uptake.status, self.sent)
        chosen = b", ".join(value for low, _, value, _ in uptake.fields if low == b"upgrade")
        upgrade = (b"connection: upgrade\r\nupgrade: ", chosen or self.request.upgrade or b"", b"\r\n\r\n")
        head = [status_line(101, uptake.reason), *heads.reply_fields(uptake.fields), added, *upgrade]
        call.due = NEVER
        switch(self.request, connection, [*head, tail], idle=self.variant.settings.timeouts.idle, done=self._closed)

    def _closed(self) -> None:
        """The tunnel has ended."""
        now = monotonic()
        self.settle("", now)
        self.variant.breaker.success(self.call.permit, now)
        self.call.on_answered()

    def on_upstream_full(self) -> None:
        """The model is slow to take the body."""
        self.request.hold(True)
        self._watch_first_byte(monotonic())

    def on_upstream_ready(self) -> None:
        """The model has taken it."""
        self.request.hold(False)
        self._watch_first_byte(monotonic())

    # ---- a reply that is kept back

    def give(self) -> None:
        """It is the answer after all."""
        assert self._reply is not None
        if not self.call.payload.complete:
            self.request.hold(False)  # it may be held for one that was asked in between
        self._catch_up()
        self._reply.give()

    def _catch_up(self) -> None:
        """What came of the body while others were asked goes there as well. Where it is not all here any more nothing
        does: what follows a gap is not that body, and the next request on that connection would be taken for some."""
        payload, connection, had = self.call.payload, self.connection, self._had
        if had is None or connection is None:
            return
        self._is_behind = not payload.is_replayable and payload.size > had
        if self._is_behind:
            return
        if parts := payload.since(had):
            connection.write(parts)
        if payload.complete:
            connection.whole()

    def drop(self) -> None:
        """It is not."""
        reply, self._reply = self._reply, None
        if reply is None or not reply.is_complete:
            self.end("")

    # ---- the end

    def finish(self) -> None:
        """The reply has gone out. It knows the attempt: both would stay until somebody searches for garbage."""
        self._reply = None

    def end(self, outcome: str) -> None:
        """Report the outcome and let go of everything."""
        self.settle(outcome, monotonic())
        self._stop_opening()
        self._reply = None
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.cancel()

    def settle(self, outcome: str, now: float) -> None:
        """Report the outcome, that of the reply's status where none is given."""
        variant = self.variant
        failed = outcome != "cancelled" if outcome else self._status in variant.error_statuses
        endpoint, self._endpoint = self._endpoint, None
        if endpoint is not None:
            endpoint.in_flight -= 1
            if failed:
                if not self.bit:
                    self._blame(endpoint)
                variant.pool.failed(endpoint, now)
            elif endpoint.errors:
                endpoint.errors = 0
        tally = self.call.runtime.tally
        values = tally.values
        values[variant.in_flight] -= 1
        tally.observe(variant.duration, now - self._began)
        if outcome:
            tally.count("gateway_attempts_total", variant.name, outcome)
        else:
            values[variant.failed if failed else variant.succeeded] += 1

    def _blame(self, endpoint: Endpoint) -> None:
        self.bit = endpoint.bit
        self.tried += (endpoint,)
