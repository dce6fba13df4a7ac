"""One try of one request on one variant: an endpoint, a connection, the bytes out, the reply in, the clocks over them.

It ends in exactly one outcome: `success`, `error`, `timeout`, `connect` or `cancelled`.
"""

from time import perf_counter
from typing import Protocol

from gateway.core.bodies import write_model_path
from gateway.core.decide import CompiledRoute
from gateway.errors import Refusal, refusal
from gateway.proxy import heads
from gateway.proxy.heads import Marks
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

NEVER = float("inf")
_CODING = frozenset({b"content-encoding"})


class Call(Protocol):
    """The request that an attempt is made for."""

    request: Request
    route: CompiledRoute
    runtime: Runtime
    first: dict[bytes, bytes]
    marks: Marks
    payload: Payload
    forwarded: bytes
    patient: bool
    """The clock of `first_byte` does not run."""
    decoded: bool
    """The body is sent without the coding it came in."""
    due: float
    deadline: float

    def now(self) -> float:
        """The time on the clock of `due`."""

    def on_answer(self, lane: Lane, uptake: Uptake, sent: float) -> bytes:
        """A reply is going out; answers the fields to be added to it."""

    def on_answered(self) -> None:
        """The reply has gone out."""

    def on_failed(self, failure: str, answer: Refusal) -> None:
        """Nothing of a reply can be used."""

    def on_broken(self) -> None:
        """The reply broke off after some of it had gone out."""


class Attempt:
    """One try."""

    __slots__ = (
        *("_backlog", "_began", "_call", "_connection", "_endpoint", "_held", "_opening", "_replying", "_request"),
        *("_sent", "_status", "_streaming", "_tried", "_variant", "lane", "limit"),
    )

    def __init__(self, call: Call, lane: Lane) -> None:
        self._call = call
        self._request = call.request
        self.lane = lane
        self._variant = lane.variant
        self._tried: list[Endpoint] = []
        self._endpoint: Endpoint | None = None
        self._connection: ClientConnection | None = None
        self._opening: Opening | None = None
        self._replying = False
        self._streaming = False
        self._held = False
        self._backlog = 0
        self._status = 0
        self._sent = 0.0
        self._began = perf_counter()
        self.limit = min(call.deadline, call.now() + lane.variant.settings.timeouts.total)
        """When the attempt must have ended."""

    def start(self) -> None:
        """Begin; everything else comes by itself."""
        call = self._call
        call.runtime.tally.values[self._variant.in_flight] += 1
        self._choose()

    def cancel(self) -> None:
        """The answer is not wanted any more."""
        self._end("cancelled")

    def late(self, now: float) -> None:
        """The time the call set as `due` has come."""
        if self._opening is not None:
            self._connect_failed("it does not answer a connection in time", late=True)
        elif self._replying:
            self._end("timeout")
            self._call.on_broken()
        elif now < self.limit and self._has_moved():
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
            self._watch_first_byte(self._call.now())

    def on_client_full(self) -> None:
        """The client is slow: read less, and do not blame the model for it."""
        if self._connection is not None:
            self._connection.hold(True)
        self._held = True
        if self._replying:
            self._call.due = NEVER if self._streaming else self.limit

    def on_client_ready(self) -> None:
        """The client has caught up."""
        self._held = False
        if self._connection is not None:
            self._connection.hold(False)
            self._watch_idle()

    # ---- connecting

    def _choose(self) -> None:
        now = self._call.now()
        endpoint = self._endpoint = self._variant.pool.choose(now, self._tried)
        if endpoint is None:
            self._end("connect")
            self._call.on_failed("connect", refusal("upstream_error", f"no address of {self._variant.name} is known"))
            return
        endpoint.in_flight += 1
        connection = endpoint.connections.take() if self._may_reuse() else None
        if connection is not None:
            self._send(connection)
        else:
            self._open(endpoint)

    def _may_reuse(self) -> bool:
        """A body that cannot be sent twice gets a connection that cannot be stale."""
        payload = self._call.payload
        announced = self._request.length or 0
        return payload.complete or not (payload.is_large or announced > self._call.route.route.replay_body)

    def _open(self, endpoint: Endpoint) -> None:
        self._opening = endpoint.connections.open(self._opened, self._connect_failed)
        self._call.due = min(self.limit, self._call.now() + self._variant.settings.timeouts.connect)

    def _opened(self, connection: ClientConnection) -> None:
        self._opening = None
        self._send(connection)
        if not self._call.payload.complete:
            self._request.hold(False)

    def _connect_failed(self, why: str, late: bool = False) -> None:
        endpoint = self._endpoint
        assert endpoint is not None
        endpoint.failed_at = self._call.now()
        self._tried.append(endpoint)
        retry = self._variant.settings.retry
        others = len(self._variant.pool.endpoints) > len(self._tried)
        if others and len(self._tried) <= retry.extra and "connect" in retry.when and self._call.now() < self.limit:
            self._leave_endpoint()
            self._call.runtime.tally.count("gateway_attempts_total", self._variant.name, "connect")
            self._choose()
            return
        self._end("connect")
        code = "upstream_timeout" if late else "upstream_error"
        self._call.on_failed("connect", refusal(code, f"{self._variant.name} cannot be reached: {why}"))

    # ---- sending

    def _send(self, connection: ClientConnection) -> None:
        call = self._call
        request = self._request
        payload = call.payload
        self._connection = connection
        parts = self._head()
        if payload.framing:
            parts += payload.so_far()
        now = call.now()
        self._sent = perf_counter()
        upgrade = request.upgrade is not None
        connection.send(
            self, parts, whole=payload.complete, head_only=request.method == b"HEAD", upgrade=upgrade
        )
        self._watch_first_byte(now)

    def _head(self) -> list[bytes]:
        call = self._call
        request = self._request
        marks = call.marks
        endpoint = self._endpoint
        assert endpoint is not None
        removed = self._variant.removed
        if call.decoded:
            removed |= _CODING
        parts = [request.method, b" ", self._target(), endpoint.line]
        parts += heads.passing(request, removed)
        parts += (
            b"x-request-id: ",
            marks.request_id,
            b"\r\ntraceparent: ",
            marks.trace,
            b"\r\n",
            call.forwarded,
            self.lane.added,
        )
        if request.expects:
            parts.append(b"expect: 100-continue\r\n")
        if request.upgrade is not None:
            parts += (b"connection: upgrade\r\nupgrade: ", request.upgrade, b"\r\n")
        parts += (call.payload.framing, b"\r\n")
        return parts

    def _target(self) -> bytes:
        """The client's target, or what the variant's own `path` or `model` makes of it; the query stays."""
        request = self._request
        settings = self._variant.settings
        route = self._call.route
        rewritten = settings.model is not None and route.route.protocol == "oip"
        if settings.path is None and not rewritten:
            return request.target
        path = request.path
        if settings.path is not None:
            path = settings.path.encode().replace(b"{rest}", route.rest(path))
        if settings.model is not None and rewritten:
            path = write_model_path(path, settings.model)
        return b"%b?%b" % (path, request.query) if b"?" in request.target else path

    # ---- clocks

    def _watch_first_byte(self, now: float) -> None:
        """`first_byte` runs from the request's last byte, or while the model does not take what is held for it."""
        call = self._call
        if self._replying:
            return
        due = self.limit
        connection = self._connection
        self._backlog = 0 if connection is None else connection.backlog()
        if not call.patient and (call.payload.complete or self._backlog):
            due = min(due, now + self._variant.settings.timeouts.first_byte)
        call.due = due

    def _has_moved(self) -> bool:
        """Whether the model has taken some of what was held for it since the clock was set."""
        return self._connection is not None and self._connection.backlog() < self._backlog

    def _watch_idle(self) -> None:
        if self._replying and not self._held:
            due = self._call.now() + self._variant.settings.timeouts.idle
            self._call.due = due if self._streaming else min(due, self.limit)

    # ---- what comes back

    def on_interim(self, status: int, reason: bytes, fields: list[Field]) -> None:
        """Passed on; a 100 only to a client that waits for it, and once."""
        request = self._request
        if status == 100:
            request.go_on()
        else:
            parts, _, _ = heads.reply_fields(fields)
            request.inform([status_line(status, reason), *parts, b"\r\n"])

    def on_reply(self, uptake: Uptake) -> None:
        """The reply begins: from here on no other variant can answer."""
        request = self._request
        variant = self._variant
        self._replying = True
        status = self._status = uptake.status
        parts, kind, dated = heads.reply_fields(uptake.fields)
        self._streaming = kind.startswith(b"text/event-stream")
        tally = self._call.runtime.tally
        tally.observe(variant.first_byte, perf_counter() - self._sent)
        added = self._call.on_answer(self.lane, uptake, self._sent)
        head = [status_line(status, uptake.reason), *parts, added]
        if not dated:
            head.append(heads.date())
        if request.method == b"HEAD" or status in (204, 304):
            request.reply(head, uptake.length if status != 204 else None, bodiless=True)
        else:
            request.reply(head, uptake.length)
        self._watch_idle()

    def on_reply_body(self, data: bytes) -> None:
        """A piece of the reply, straight to the client."""
        self._request.write(data)

    def on_reply_flush(self) -> None:
        """All that came is written."""
        self._request.flush()
        self._watch_idle()

    def on_reply_end(self) -> None:
        """The reply is complete."""
        self._connection = None
        self._end("error" if self._variant.is_error(self._status) else "success")
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
        parts, _, _ = heads.reply_fields(uptake.fields)
        added = call.on_answer(self.lane, uptake, self._sent)
        upgrade = (b"connection: upgrade\r\nupgrade: ", self._request.upgrade or b"", b"\r\n\r\n")
        head = [status_line(101, uptake.reason), *parts, added, *upgrade]
        call.due = NEVER
        switch(self._request, connection, [*head, tail], idle=self._variant.settings.timeouts.idle, done=self._closed)

    def _closed(self) -> None:
        """The tunnel has ended."""
        self._end("success")
        self._call.on_answered()

    def on_upstream_full(self) -> None:
        """The model is slow to take the body."""
        self._request.hold(True)
        self._watch_first_byte(self._call.now())

    def on_upstream_ready(self) -> None:
        """The model has taken it."""
        self._request.hold(False)
        self._watch_first_byte(self._call.now())

    # ---- the end

    def _leave_endpoint(self) -> None:
        endpoint, self._endpoint = self._endpoint, None
        if endpoint is not None:
            endpoint.in_flight -= 1

    def _end(self, outcome: str) -> None:
        """Report the outcome and let go of everything."""
        self._leave_endpoint()
        variant = self._variant
        tally = self._call.runtime.tally
        tally.values[variant.in_flight] -= 1
        tally.observe(variant.duration, perf_counter() - self._began)
        if outcome == "success":
            tally.values[variant.succeeded] += 1
        else:
            tally.count("gateway_attempts_total", variant.name, outcome)
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.cancel()
