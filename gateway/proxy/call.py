"""One request's way: have it decided, attempt, answer, record.

A call is told of everything by plain method calls, from the client's connection and from its attempt; it never
waits. `due` is when it will have waited too long; a sweep then calls `late`.
"""

from time import monotonic
from typing import Protocol

from gateway.core import reading
from gateway.core.bodies import write_model
from gateway.core.chain import Chances, Failure, Obstacle, Step, reason
from gateway.core.decide import CompiledRoute, Decision
from gateway.core.permits import UNCOUNTED
from gateway.errors import Refusal, refusal
from gateway.proxy import heads
from gateway.proxy.answers import answer_error, answer_fixed, exposed
from gateway.proxy.attempt import Attempt
from gateway.proxy.copies import Served
from gateway.proxy.failures import Failures
from gateway.proxy.inquiry import Inquiry
from gateway.proxy.kept import Kept
from gateway.proxy.known import Known
from gateway.proxy.payload import Payload
from gateway.proxy.recording import Recording
from gateway.proxy.runtime import Runtime
from gateway.proxy.variants import Lane, Variant
from gateway.wire.request import Request
from gateway.wire.whole import ReplyHead

_OBSTACLES: dict[Obstacle, str] = {
    "open": "is guarded by an open breaker",
    "unavailable": "has no healthy endpoint",
    "disabled": "is disabled",
    "overload": "has as many requests in flight as it takes",
}


class Desk(Protocol):
    """The server, as a call sees it."""

    calls: "set[Call]"
    logs: bool
    """Whether there is an access log."""

    def log(self, call: "Call", ended: float) -> None:
        """Write the access log's line."""


class Call:
    """One request on a route."""

    # Defaults stand here rather than in __init__, since a call is made for each request and most of them stay.
    patient = False
    decoded = False
    reason = ""
    status = 0
    first_byte = 0.0
    lane: Lane | None = None
    _attempt: Attempt | None = None
    _cell = 0
    _cookie = b""
    _inquiry: Inquiry | None = None
    _failures: Failures | None = None
    recording: Recording | None = None
    """For the shadows that get a copy."""

    def __init__(
        self, desk: Desk, runtime: Runtime, request: Request, route: CompiledRoute, known: Known | None
    ) -> None:
        self._desk = desk
        self.runtime = runtime
        self.known = known
        self.request = request
        self.route = route
        self.started = monotonic()
        self.deadline = self.due = self.started + route.route.deadline
        self.marks = heads.marks(request.headers)
        self.forwarded = runtime.forwarded(request)
        self.payload = Payload(request, route.route.replay_body)
        self.permit = UNCOUNTED

    def begin(self) -> None:
        """Start; the body may still be coming."""
        known = self.known
        self._desk.calls.add(self)
        self.request.receiver = self
        if known is not None and known.decision is not None:
            decision = known.decision
            if self.route.shadows:
                self._sample(decision)
            self._go(decision.variant, decision.reason)
            return
        self._inquiry = Inquiry(self)
        self._inquiry.begin()

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
        if self.recording is not None:
            self.recording.body.add(data)
        if self._attempt is not None:
            self._attempt.on_body(parts)
        elif self._inquiry is not None:
            self._inquiry.on_body()

    def on_body_end(self) -> None:
        """The body is complete."""
        parts = self.payload.end()
        if self._attempt is not None:
            self._attempt.on_body_end(parts)
        elif self._inquiry is not None:
            self._inquiry.on_body_end()

    def on_refused(self, answer: Refusal) -> None:
        """The rest of the request cannot be had."""
        self._leave("refused")
        if self.request.replying:
            self.request.abort()
            self._record(monotonic())
        else:
            self._refuse(answer)

    def on_gone(self) -> None:
        """The client left."""
        self._leave("client_gone")
        self._let_go()
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

    def on_decided(self, decision: Decision) -> None:
        """The variant is known."""
        if decision.cookie is not None:
            self._cookie = heads.set_cookie(decision.cookie, secure=self.request.connection.secure)
        if self.route.shadows:
            self._sample(decision)
        if self.route.route.protocol == "openai" and self._inquiry is not None:
            self.patient = not reading.wants_stream(self._inquiry.text)
        self._go(decision.variant, decision.reason)

    # ---- what the attempt tells

    def on_whole(self, lane: Lane, head: ReplyHead, body: bytes, times: tuple[float, float]) -> None:
        """The reply came whole."""
        if self._failures is not None:
            self._failures.answered()
        sent, now = times
        if self.recording is not None:
            self.recording.on_reply(head.fields, sent)
            self.recording.reply.add(body)
        parts = [heads.whole_reply_head(head)]
        parts += self._added(lane, head.status, sent, now)
        self.request.answer(parts, body)
        self._attempt = None
        self._record(now)

    def on_answer(self, lane: Lane, status: int, sent: float) -> bytes:
        """A reply is going out."""
        if self._failures is not None:
            self._failures.answered()
        return b"".join(self._added(lane, status, sent, monotonic()))

    def on_answered(self) -> None:
        """The reply has gone out whole."""
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.finish()
        self._record(monotonic())

    def on_broken(self) -> None:
        """The reply broke off: the client's connection must end, and not cleanly."""
        self._attempt = None
        if self.recording is not None:
            self.recording.flaw = "live_broken"
        self.request.abort()
        self._record(monotonic())

    def on_failed(self, failure: Failure, bit: int, kept: Kept | None = None) -> None:
        """The attempt came to nothing, or to a reply whose status is a failure: what is next."""
        attempt = self._attempt
        assert attempt is not None
        self._attempt = None
        variant = attempt.lane.variant
        failures = self._failed(variant.name)
        if kept is not None:
            failures.keep(kept, self.reason)
        chances = Chances(
            self.payload.is_replayable,
            monotonic() < self.deadline,
            retry=variant.settings.retry,
            others=len(attempt.tried) < len(variant.pool.endpoints),
            spend=lambda: variant.guard.retries.spend(monotonic()),
        )
        step = failures.following(variant.name, failure, chances)
        if step.kind == "retry":
            attempt = self._attempt = Attempt(self, attempt.lane, attempt.tried)
            attempt.start()
            return
        permit, self.permit = self.permit, UNCOUNTED
        failures.report(variant, failure, permit=permit, bit=bit)
        self._take(failures, step)

    def on_kept_lost(self) -> None:
        """The reply that was kept back broke off."""
        if self._failures is not None:
            self._failures.take_kept()

    # ---- what is next

    def _obstructed(self, kind: Obstacle, lane: Lane) -> None:
        """No attempt can be made there."""
        name = lane.variant.name
        code = "overloaded" if kind == "overload" else "no_available_variant"
        failure = Failure(kind, refusal(code, f"{name} {_OBSTACLES[kind]}"))
        chances = Chances(self.payload.is_replayable, monotonic() < self.deadline)
        failures = self._failed(name)
        self._take(failures, failures.following(name, failure, chances))

    def _failed(self, variant: str) -> Failures:
        if self._failures is None:
            self._failures = Failures(self.runtime, self.route, variant)
        return self._failures

    def _take(self, failures: Failures, step: Step) -> None:
        failures.settle(step)
        match step.kind:
            case "fall_back" | "use_all":
                tally = self.runtime.tally
                failed, word = failures.variant, str(step.word)
                tally.count("gateway_fallbacks_total", self.route.name, failed, step.variant, word)
                self._go(step.variant, reason(step.word), use_all=step.kind == "use_all")
            case "response":
                failures.drop_kept()
                self._answer_fixed()
            case "reply":
                self._answer_kept(failures, step)
            case _:
                self._refuse_at_last(step)

    def _answer_kept(self, failures: Failures, step: Step) -> None:
        kept, why = failures.take_kept()
        if kept is None:
            self._refuse_at_last(step)
            return
        self._attempt = kept if isinstance(kept, Attempt) else None
        self.reason = why
        kept.give()

    def _refuse_at_last(self, step: Step) -> None:
        self._refuse(step.refusal or refusal("upstream_error", "the reply of the last model broke off"))

    def _leave(self, why: str) -> None:
        """The client is gone, or cannot be served."""
        self._cancel()
        recording, self.recording = self.recording, None
        if recording is not None:
            self.runtime.copies.give_up(recording, why)
        if self._failures is not None:
            self._failures.forgive()

    # ---- inside

    def _sample(self, decision: Decision) -> None:
        """Record the request, where a shadow is to get a copy."""
        recording = self.recording = self.runtime.copies.sample(self.request, self.route, decision)
        if recording is not None:
            recording.body.add(self.payload.joined())

    def _probe_by_copy(self, variant: Variant) -> None:
        """Its breaker keeps callers away; a copy of this request may try whether it is well."""
        before = self.recording
        recording = self.recording = self.runtime.copies.probe(self.request, before, variant)
        if recording is not None and before is None:
            recording.body.add(self.payload.joined())

    def _go(self, name: str, reason: str, *, use_all: bool = False) -> None:
        """Try that variant; with `use_all` even where health checks find none of its endpoints well."""
        self.reason = reason
        lane = self.runtime.lane(self.route, name)
        variant = lane.variant
        if name in self.runtime.disabled:
            self._obstructed("disabled", lane)
            return
        breaker = variant.breaker
        permit = breaker.standing or breaker.admit(monotonic())
        if permit is None:
            if breaker.settings.probe == "shadow" and self.payload.is_replayable:
                self._probe_by_copy(variant)
            self._obstructed("open", lane)
        elif not (variant.pool.is_available or use_all):
            breaker.release(permit)
            self._obstructed("unavailable", lane)
        elif variant.is_full():
            breaker.release(permit)
            self._obstructed("overload", lane)
        elif (variant.settings.model is not None or self.decoded) and not self._fit_body(lane):
            breaker.release(permit)
        else:
            self.permit = permit
            variant.guard.retries.calls += 1
            attempt = self._attempt = Attempt(self, lane)
            attempt.start()

    def _fit_body(self, lane: Lane) -> bool:
        """Write the variant's own model name into an openai body, or the client's again after another variant's; False
        when that cannot be done and was answered."""
        model = lane.variant.settings.model
        if self.route.route.protocol != "openai" or not self.request.has_body:
            return True
        limit = self.runtime.limits.inspect_body
        text = None if self._inquiry is None else self._inquiry.text
        if text is None and self.payload.size > limit:
            message = f"the body is larger than the {limit} bytes within which the model's name can be written"
            self._refuse(refusal("body_too_large", message))
            return False
        written = text if text is None or model is None else write_model(text, model)
        if written is None:
            self._refuse(refusal("bad_request", "the body is not a JSON object, so it names no model"))
            return False
        self.decoded = True
        self.payload.replace(written)
        return True

    def _added(self, lane: Lane, status: int, sent: float, now: float) -> tuple[bytes, ...]:
        """The fields added to a model's reply, which began at `now`."""
        self.lane = lane
        self.status = status
        self.first_byte = now
        self._cell, exposed = lane.answer(self.reason, status)
        if not exposed:
            return self._cookie, b"x-request-id: ", self.marks[0], b"\r\n"
        return (
            exposed,
            self._cookie,
            b"x-request-id: ",
            self.marks[0],
            b"\r\nserver-timing: upstream;dur=",
            heads.milliseconds(now - sent),
            b", gateway;dur=",
            heads.milliseconds(sent - self.started),
            b"\r\n",
        )

    def _answer_fixed(self) -> None:
        response = self.route.route.fallback.response
        assert response is not None
        self.reason = "fallback:response"
        self.status = response.status
        head = b"%bx-request-id: %b\r\n%b" % (self._exposed(), self.marks[0], self._cookie)
        self._stop_reading()
        answer_fixed(self.request, response, head=head)
        self._record(monotonic())

    def _refuse(self, answer: Refusal) -> None:
        if self._failures is not None:
            self._failures.forgive()
        self.lane = None
        self.reason = answer.code
        self.status = answer.status
        self._stop_reading()
        protocol = self.route.route.protocol
        answer_error(self.request, answer, self.marks[0], protocol=protocol, extra=self._exposed())
        self._record(monotonic())

    def _exposed(self) -> bytes:
        """What an answer of the gateway's own tells of the route."""
        return exposed(self.runtime.snapshot, self.route.name, self.reason)

    def _stop_reading(self) -> None:
        """What is still to come of the body is of no use."""
        if not self.request.complete:
            self.request.keep_alive = False

    def _cancel(self) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.lane.variant.breaker.release(self.permit)
            self.permit = UNCOUNTED
            attempt.cancel()

    def _record(self, ended: float) -> None:
        """The call is over."""
        desk = self._desk
        desk.calls.discard(self)
        tally = self.runtime.tally
        lane = self.lane
        if lane is not None:
            tally.values[self._cell] += 1
            lane.forgiven.calls += 1
            tally.observe(lane.duration, ended - self.started)
        else:
            route = self.route.name
            tally.count("gateway_requests_total", route, "", self.reason, str(self.status))
            tally.observe(tally.histogram("gateway_request_duration_seconds", route, ""), ended - self.started)
        if desk.logs:
            desk.log(self, ended)
        if self.recording is not None:
            self._hand_over(self.recording, ended)
        self._let_go()

    def _let_go(self) -> None:
        """Of what is not needed any more and may be large, and of what knows the call: it would stay in memory with it
        until somebody searches for garbage."""
        self._inquiry = None
        self._failures = None
        self.payload.drop()

    def _hand_over(self, recording: Recording, ended: float) -> None:
        """What was recorded is complete."""
        self.recording = None
        name = "" if self.lane is None else self.lane.variant.name
        serial = self.runtime.snapshot.serial
        served = Served(
            recording, self.route, serial, self.marks, self.forwarded, variant=name, status=self.status, ended=ended
        )
        self.runtime.copies.served(served)
