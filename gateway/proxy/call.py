"""One request's way: gather what the decision needs, decide, attempt, answer, record.

A call is told of everything by plain method calls, from the client's connection and from its attempt; it never
waits. `due` is when it will have waited too long; a sweep then calls `late`.
"""

from random import random
from time import perf_counter
from typing import Protocol

from gateway.core.attempts import next_variant
from gateway.core.bodies import write_model
from gateway.core.decide import CompiledRoute, Decision
from gateway.core.facts import Facts
from gateway.errors import Refusal, refusal
from gateway.proxy import heads, reading
from gateway.proxy.answers import answer_error, answer_fixed
from gateway.proxy.attempt import Attempt
from gateway.proxy.heads import Marks
from gateway.proxy.payload import Payload
from gateway.proxy.runtime import Runtime
from gateway.proxy.variants import Lane
from gateway.wire.request import Request
from gateway.wire.uptake import Uptake


class Desk(Protocol):
    """The server, as a call sees it."""

    calls: "set[Call]"

    def now(self) -> float:
        """The loop's time."""

    def log(self, call: "Call", status: int, ended: float) -> None:
        """Write the access log's line."""


class Call:
    """One request on a route."""

    __slots__ = (
        *("_attempt", "_decision", "_desk", "_gathering", "_refusal", "_tried", "deadline", "decoded", "due", "facts"),
        *("first", "first_byte", "forwarded", "lane", "marks", "patient", "payload", "reason", "request", "route"),
        *("runtime", "started", "status"),
    )

    def __init__(self, desk: Desk, runtime: Runtime, request: Request, *, facts: Facts, route: CompiledRoute) -> None:
        self._desk = desk
        self.runtime = runtime
        self.request = request
        self.route = route
        self.facts = facts
        self.first = facts.headers
        self.started = perf_counter()
        self.marks = Marks(self.first)
        trusted = runtime.trusts(request.connection.peer)
        self.forwarded = heads.forwarded(request, self.first, trusted=trusted)
        self.deadline = self.due = desk.now() + route.route.deadline
        self.payload = Payload(request, route.route.replay_body)
        self.patient = False
        self.decoded = False
        self.reason = ""
        self.lane: Lane | None = None
        self.status = 0
        self.first_byte = 0.0
        self._decision: Decision | None = None
        self._attempt: Attempt | None = None
        self._gathering = False
        self._refusal: Refusal | None = None
        self._tried: list[str] = []

    def now(self) -> float:
        """The time on the clock of `due`."""
        return self._desk.now()

    def begin(self) -> None:
        """Start; the body may still be coming."""
        self._desk.calls.add(self)
        self.request.receiver = self
        route = self.route
        if self.request.has_body and (route.needs_body or route.route.protocol == "openai"):
            self._gather()
        else:
            self._decide()

    def late(self, now: float) -> None:
        """`due` has come."""
        if self._attempt is not None:
            self._attempt.late(now)
        else:
            self._refuse(refusal("timeout", "the request's body did not come within the deadline"))

    # ---- what the client does

    def on_body(self, data: bytes) -> None:
        """More of the body."""
        parts = self.payload.add(data)
        if self._attempt is not None:
            self._attempt.on_body(parts)
        elif self._gathering and self.payload.size > self.runtime.limits.inspect_body:
            self._read(None)

    def on_body_end(self) -> None:
        """The body is complete."""
        parts = self.payload.end()
        if self._attempt is not None:
            self._attempt.on_body_end(parts)
        elif self._gathering:
            self._read(self.payload.joined())

    def on_refused(self, answer: Refusal) -> None:
        """The rest of the request cannot be had."""
        self._cancel()
        if self.request.replying:
            self.request.abort()
            self._record(self.status)
        else:
            self._refuse(answer)

    def on_gone(self) -> None:
        """The client left."""
        self._cancel()
        self.runtime.tally.count("gateway_client_disconnects_total", self.route.name)
        self._desk.calls.discard(self)

    def on_client_full(self) -> None:
        """The client is slow."""
        if self._attempt is not None:
            self._attempt.on_client_full()

    def on_client_ready(self) -> None:
        """The client has caught up."""
        if self._attempt is not None:
            self._attempt.on_client_ready()

    # ---- what the attempt tells

    def on_answer(self, lane: Lane, uptake: Uptake, sent: float) -> bytes:
        """A reply is going out."""
        now = perf_counter()
        self.lane = lane
        self.status = uptake.status
        self.first_byte = now
        _, exposed = lane.answer(self.reason, uptake.status)
        added = b"%bx-request-id: %b\r\n%b" % (exposed, self.marks.request_id, self._cookie())
        if not self.runtime.snapshot.expose_headers:
            return added
        upstream = heads.milliseconds(now - sent)
        return b"%bserver-timing: upstream;dur=%b, gateway;dur=%b\r\n" % (
            added,
            upstream,
            heads.milliseconds(sent - self.started),
        )

    def on_answered(self) -> None:
        """The reply has gone out whole."""
        self._attempt = None
        self._record(self.status)

    def on_broken(self) -> None:
        """The reply broke off: the client's connection must end, and not cleanly."""
        self._attempt = None
        self.request.abort()
        self._record(self.status)

    def on_failed(self, failure: str, answer: Refusal) -> None:
        """No reply: another variant may answer, or the fixed response, or else an error."""
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            self._refusal = answer
            self._tried.append(attempt.lane.variant.name)
        fallback = self.route.route.fallback
        name = None
        if self.payload.is_replayable and self._desk.now() < self.deadline:
            name = next_variant(self.route.fallback, self._tried, failure=failure, when=fallback.when)
        if name is not None:
            self.runtime.tally.count("gateway_fallbacks_total", self.route.name, self._tried[-1], name, failure)
            self._go(name, f"fallback:{failure}")
        elif fallback.response is not None and failure in fallback.when:
            self._answer_fixed()
        else:
            self._refuse(self._refusal or answer)

    # ---- inside

    def _gather(self) -> None:
        self._gathering = True
        if self.payload.complete:
            self._read(self.payload.joined())
        elif self.payload.size > self.runtime.limits.inspect_body:
            self._read(None)
        else:
            self.request.go_on()

    def _read(self, body: bytes | None) -> None:
        """The body is here (or too large to be looked at): the decision can be made."""
        self._gathering = False
        if body is not None:
            protocol = self.route.route.protocol
            self.facts.body = reading.readable(body, self.first, protocol, self.runtime.limits.inspect_body)
        self._decide()

    def _decide(self) -> None:
        decision = self._decision = self.route.decide(self.facts, random)
        if not decision.keyed:
            self.runtime.tally.count("gateway_unkeyed_requests_total", self.route.name)
        if self.route.route.protocol == "openai":
            self.patient = not reading.wants_stream(self.facts.body)
        self._go(decision.variant, decision.reason)

    def _go(self, name: str, reason: str) -> None:
        """Try that variant."""
        self.reason = reason
        lane = self.runtime.lane(self.route, name)
        if lane.variant.is_full():
            self._tried.append(name)
            self.on_failed("overload", refusal("overloaded", f"{name} has as many requests in flight as it takes"))
        elif self._fit_body(lane):
            attempt = self._attempt = Attempt(self, lane)
            attempt.start()

    def _fit_body(self, lane: Lane) -> bool:
        """Write the variant's own model name into an openai body; False when that cannot be done and was answered."""
        model = lane.variant.settings.model
        if model is None or self.route.route.protocol != "openai" or not self.request.has_body:
            return True
        limit = self.runtime.limits.inspect_body
        if self.facts.body is None and self.payload.size > limit:
            message = f"the body is larger than the {limit} bytes within which the model's name can be written"
            self._refuse(refusal("body_too_large", message))
            return False
        text = self.facts.body
        written = None if text is None else write_model(text, model)
        if written is None:
            self._refuse(refusal("bad_request", "the body is not a JSON object, so it names no model"))
            return False
        self.decoded = True
        self.payload.replace(written)
        return True

    def _cookie(self) -> bytes:
        cookie = None if self._decision is None else self._decision.cookie
        if cookie is None:
            return b""
        secure = b"; Secure" if self.request.connection.secure else b""
        return b"set-cookie: %b=%b; Max-Age=%d; Path=/; HttpOnly; SameSite=Lax%b\r\n" % (*cookie, secure)

    def _answer_fixed(self) -> None:
        response = self.route.route.fallback.response
        assert response is not None
        self.reason = "fallback:response"
        self.status = response.status
        exposed = b"x-gateway-reason: fallback:response\r\n" if self.runtime.snapshot.expose_headers else b""
        head = b"%bx-request-id: %b\r\n%b" % (exposed, self.marks.request_id, self._cookie())
        self._stop_reading()
        answer_fixed(self.request, response, head=head)
        self._record(response.status)

    def _refuse(self, answer: Refusal) -> None:
        self.lane = None
        self.reason = answer.code
        self._stop_reading()
        protocol = self.route.route.protocol
        answer_error(self.request, answer, self.marks.request_id, protocol=protocol)
        self._record(answer.status)

    def _stop_reading(self) -> None:
        """What is still to come of the body is of no use."""
        if not self.request.complete:
            self.request.keep_alive = False

    def _cancel(self) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.cancel()

    def _record(self, status: int) -> None:
        """The call is over."""
        desk = self._desk
        desk.calls.discard(self)
        ended = perf_counter()
        tally = self.runtime.tally
        lane = self.lane
        if lane is not None:
            tally.values[lane.answer(self.reason, status)[0]] += 1
            tally.observe(lane.duration, ended - self.started)
        else:
            route = self.route.name
            tally.count("gateway_requests_total", route, "", self.reason, str(status))
            tally.observe(tally.histogram("gateway_request_duration_seconds", route, ""), ended - self.started)
        desk.log(self, status, ended)
