"""A reply that comes in pieces, on its way to the client: what of it is held back, and how it ends.

An event stream of chat completions is held back until its first content event. A reply whose status is a failure is
kept back, up to a bound, until it is known that no variant does better. Everything else goes on as it comes. Once some
of it has gone out no other variant can answer.
"""

from time import monotonic
from typing import Protocol

from gateway.core.chain import AttemptFailure
from gateway.core.decide import CompiledRoute
from gateway.core.permits import Permit
from gateway.errors import Refusal, refusal
from gateway.proxy import heads
from gateway.proxy.recording import Recording, Tap
from gateway.proxy.streams import EventStream
from gateway.proxy.variants import Lane, Variant
from gateway.wire.client import ClientConnection
from gateway.wire.fields import is_event_stream, status_line
from gateway.wire.request import Request
from gateway.wire.uptake import Uptake

NEVER = float("inf")
_KEPT = 64 << 10
"""Bytes of a reply kept back that are read before it has to wait."""


class Call(Protocol):
    """The call that it answers."""

    route: CompiledRoute
    permit: Permit
    recording: Recording | None
    due: float

    def on_answer(self, lane: Lane, status: int, sent: float) -> bytes:
        """A reply is going out; answers the fields to be added to it."""

    def on_answered(self) -> None:
        """The reply has gone out."""

    def on_broken(self) -> None:
        """The reply broke off after some of it had gone out."""

    def on_kept_lost(self) -> None:
        """A reply that was kept back is of no use any more."""


class Attempt(Protocol):
    """The attempt whose reply it is."""

    request: Request
    lane: Lane
    variant: Variant
    connection: ClientConnection | None
    sent: float
    bit: int

    @property
    def call(self) -> Call:
        """Whom it is made for."""

    def begin(self) -> None:
        """The first byte that counts is here."""

    def limit(self) -> float:
        """When the attempt must have ended."""

    def end(self, outcome: str) -> None:
        """Report the outcome and let go of everything."""

    def settle(self, outcome: str, now: float) -> None:
        """Report the outcome, that of the reply's status where none is given."""

    def fail(self, kind: AttemptFailure, answer: Refusal) -> None:
        """Nothing of the reply can be used."""


class Reply:
    """One reply. `held` says that the client is slow."""

    def __init__(self, attempt: Attempt, uptake: Uptake, *, held: bool) -> None:
        self._attempt = attempt
        self._call = attempt.call
        self._client: Request | Tap = attempt.request
        """Where it goes, once it does."""
        self._uptake = uptake
        self._length = uptake.length
        """That of the whole; the uptake counts its own down."""
        self._held = held
        self._is_out = False
        """Some of it has gone to the client."""
        self._stream: EventStream | None = None
        self._kept: list[bytes] | None = None
        self._kept_size = 0
        self.is_complete = False
        """All of it is here, and kept back."""
        self._is_events = is_event_stream(uptake.fields)
        self._latest = NEVER if self._is_events else attempt.limit()
        """When it must have ended."""

    @property
    def has_begun(self) -> bool:
        """Whether it is more than the silent beginning of a stream."""
        return self._is_out or self._kept is not None

    def begin(self) -> None:
        """It is an answer; a stream may still turn out to be none."""
        if self._is_events and self._call.route.route.protocol == "openai":
            self._stream = EventStream()
        else:
            self._attempt.begin()
            self._go_out()

    # ---- a reply that is kept back

    def keep(self) -> None:
        """Keep it back, whatever comes."""
        self._kept = []

    def give(self) -> None:
        """It is the answer after all."""
        kept, self._kept = self._kept or [], None
        self._go_out()
        for data in kept:
            self._client.write(data)
        if self.is_complete:
            self._client.end()
            self._call.on_answered()
            return
        self._client.flush()
        connection = self._attempt.connection
        if connection is not None and not self._held:
            connection.hold(False)

    def _keep(self, kept: list[bytes], data: bytes) -> None:
        kept.append(data)
        self._kept_size += len(data)
        connection = self._attempt.connection
        if self._kept_size > _KEPT and connection is not None:
            connection.hold(True)

    # ---- what comes

    def on_reply_piece(self, data: bytes) -> None:
        """A piece of a reply of known length, straight to the client."""
        if self._stream is not None or self._kept is not None:
            self.on_reply_body(data)
            self.on_reply_flush()
            return
        self._client.pass_on(data)
        self._watch_idle()

    def on_reply_body(self, data: bytes) -> None:
        """A piece of the reply, straight to the client."""
        if self._kept is not None:
            self._keep(self._kept, data)
        elif self._stream is not None:
            self._on_events(self._stream, data)
        else:
            self._client.write(data)

    def on_reply_flush(self) -> None:
        """All that came is written."""
        if self._is_out:
            self._client.flush()
            self._watch_idle()

    def on_reply_end(self) -> None:
        """The reply is complete."""
        attempt = self._attempt
        attempt.connection = None
        if self._kept is not None:
            attempt.settle("", monotonic())
            self.is_complete = True
            return
        if self._stream is not None:
            self._end_stream(self._stream)
        now = monotonic()
        attempt.settle("", now)
        attempt.variant.breaker.success(self._call.permit, now)
        self._client.end()
        self._call.on_answered()

    def late(self) -> None:
        """It does not go on."""
        is_blamed = not (self._held and self._is_out)  # a slow client is never the model's fault
        self._attempt.end("timeout" if is_blamed else "cancelled")
        self._cut_off(is_blamed=is_blamed)

    def lost(self) -> None:
        """Nothing more of it comes."""
        self._attempt.end("error")
        self._cut_off(is_blamed=True)

    def on_client_full(self) -> None:
        """The client is slow: do not blame the model for it."""
        self._held = True
        if self._is_out:
            self._call.due = self._latest

    def on_client_ready(self) -> None:
        """The client has caught up."""
        self._held = False
        self._watch_idle()

    # ---- inside

    def _go_out(self) -> None:
        """From here on no other variant can answer."""
        request, uptake = self._attempt.request, self._uptake
        recording = self._call.recording
        if recording is not None:
            recording.on_reply(uptake.fields, self._attempt.sent)
            self._client = Tap(request, recording.reply)
        self._is_out = True
        added = self._call.on_answer(self._attempt.lane, uptake.status, self._attempt.sent)
        head = [status_line(uptake.status, uptake.reason), *heads.reply_fields(uptake.fields), added]
        if request.method == b"HEAD" or uptake.status in (204, 304):
            request.reply(head, self._length if uptake.status != 204 else None, bodiless=True)
        else:
            request.reply(head, None if self._stream is not None else self._length)
        self._watch_idle()

    def _on_events(self, stream: EventStream, data: bytes) -> None:
        """Whole events are passed on, once the answer has begun; one that begins with an error is none."""
        begun = stream.has_begun
        events = stream.feed(data)
        if not begun and stream.has_failed:
            attempt = self._attempt
            attempt.end("error")
            attempt.fail("error", refusal("upstream_error", f"{attempt.variant.name} began its stream with an error"))
            return
        if not begun and stream.has_begun:
            self._attempt.begin()
            self._go_out()
        if events:
            self._client.write(events)

    def _end_stream(self, stream: EventStream) -> None:
        if not self._is_out:
            self._attempt.begin()
            self._go_out()
        if rest := stream.rest():
            self._client.write(rest)

    def _cut_off(self, *, is_blamed: bool) -> None:
        """After the end: where the client has some of the reply, nothing more comes. `is_blamed` is the model."""
        attempt = self._attempt
        if self._kept is not None:
            self._call.on_kept_lost()
            return
        breaker, permit = attempt.variant.breaker, self._call.permit
        if is_blamed:
            breaker.failure(permit, monotonic(), attempt.bit)
        else:
            breaker.release(permit)
        if self._stream is not None:
            if self._call.recording is not None:
                self._call.recording.flaw = "live_broken"
            self._client.write(self._stream.error(f"{attempt.variant.name} broke off"))
            self._client.end()
            self._call.on_answered()
        else:
            self._call.on_broken()

    def _watch_idle(self) -> None:
        if self._is_out and not self._held and (self._stream is None or self._stream.has_begun):
            due = monotonic() + self._attempt.variant.settings.timeouts.idle
            self._call.due = min(self._latest, due)
