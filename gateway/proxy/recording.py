"""What is recorded of a request and its answer for the shadows that get a copy, while it is served.

It decides what a copy holds, and which requests cannot be compared. It keeps pieces that pass anyway, within a bound
that all recordings of a worker share, and never makes the live way wait.
"""

from collections.abc import Callable
from typing import Protocol

from gateway.core.copies import Asked, Fields, Observation
from gateway.core.model import Shadow
from gateway.core.permits import Permit
from gateway.proxy import heads
from gateway.proxy.ledger import Ledger
from gateway.proxy.variants import Variant
from gateway.wire.fields import HOP_BY_HOP, Field, is_event_stream
from gateway.wire.request import Request

_CREDENTIALS = frozenset({b"authorization", b"cookie", b"proxy-authorization"})


class Room(Protocol):
    """The memory that recordings share."""

    def take(self, size: int) -> bool:
        """Whether so many bytes more may be kept."""

    def give_back(self, size: int) -> None:
        """They are not kept any more."""


class Pieces:
    """One body: its pieces as they pass, as long as there is room and they are no more than `limit` bytes."""

    __slots__ = ("_limit", "_room", "data", "lost", "size")

    def __init__(self, room: Room, limit: int) -> None:
        self._room = room
        self._limit = limit
        self.data: list[bytes] = []
        self.size = 0
        self.lost = ""
        """Why it is not kept: it is too large, or there is no room."""

    def add(self, data: bytes) -> None:
        """One more piece."""
        if self.lost:
            return
        if self.size + len(data) > self._limit:
            self._lose("large")
        elif not self._room.take(len(data)):
            self._lose("bytes")
        else:
            self.data.append(data)
            self.size += len(data)

    def _lose(self, why: str) -> None:
        self.drop()
        self.lost = why

    def drop(self) -> None:
        """It is not needed any more."""
        self._room.give_back(self.size)
        self.data.clear()
        self.size = 0


class Recording:
    """One request's."""

    def __init__(self, request: Request, room: Room, *, largest: int, assigned: str, time: float) -> None:
        self._request = request
        self.assigned = assigned
        """The variant that is to answer."""
        self.time = time
        self.shadows: list[tuple[Ledger, Shadow]] = []
        self.probes: list[tuple[Variant, Permit]] = []
        self.body = Pieces(room, largest)
        self.reply = Pieces(room, largest)
        self.fields: list[Field] = []
        """Of the reply."""
        self.sent = 0.0
        self.flaw = ""
        """Why nothing can be compared, where that is known before the end."""

    def on_reply(self, fields: list[Field], sent: float) -> None:
        """A reply begins; its request was sent then."""
        self.fields = fields
        self.sent = sent

    def unfit(self, shadow: Shadow, *, variant: str, status: int, protocol: str) -> str:
        """Why that shadow's answer could not be compared with the one that went out, or nothing. `variant` is who
        answered, empty for the gateway itself."""
        flaws = {
            self.flaw: bool(self.flaw),
            "gateway": not variant,
            "fallback": variant != self.assigned,
            "same_variant": variant == shadow.variant,
            "live_error": status >= 500,
            "stream": is_event_stream(self.fields) and protocol != "openai",
            "incomplete_request": not self.is_complete,
            "large_request": self.body.lost == "large" or self.body.size > shadow.max_body,
            "large_reply": self.reply.lost == "large" or self.reply.size > shadow.max_body,
        }
        return next((why for why, is_so in flaws.items() if is_so), "")

    @property
    def is_complete(self) -> bool:
        """Whether all of the request has come."""
        return self._request.complete

    @property
    def has_no_room(self) -> bool:
        """Whether something of it was not kept because there was no room."""
        return "bytes" in (self.body.lost, self.reply.lost)

    @property
    def size(self) -> int:
        """Bytes that its copy has, about."""
        return self.body.size + self.reply.size

    def asked(self, marks: tuple[bytes, bytes], forwarded: bytes) -> Asked:
        """The request."""
        request = self._request
        request_id, trace = marks
        left_out = _CREDENTIALS.union(request.options or ())
        fields = [(name, value) for low, name, value, _ in request.fields if heads.goes_on(low) and low not in left_out]
        fields += [(b"x-request-id", request_id), (b"traceparent", trace), *_split(forwarded)]
        body = b"".join(self.body.data)
        return Asked(request.method, request.path, request.query, tuple(fields), body, request_id.decode())

    def observation(self, status: int, ended: float) -> Observation:
        """The reply."""
        fields = tuple((name, value) for low, name, value, _ in self.fields if low not in HOP_BY_HOP)
        return Observation(status, fields, b"".join(self.reply.data), ended - self.sent)

    def close(self) -> None:
        """Let go of what was kept."""
        self.body.drop()
        self.reply.drop()


class Tap:
    """The client's side of a streamed reply, with a recording of what goes there."""

    def __init__(self, request: Request, reply: Pieces) -> None:
        self._add: Callable[[bytes], None] = reply.add
        self._request = request
        self.flush = request.flush
        self.end = request.end

    def write(self, data: bytes) -> None:
        """More of the body."""
        self._request.write(data)
        self._add(data)

    def pass_on(self, data: bytes) -> None:
        """More of a body of known length."""
        self._request.pass_on(data)
        self._add(data)


def _split(lines: bytes) -> Fields:
    """Field lines, each with its end, as names and values."""
    pairs = (line.partition(b": ") for line in lines.split(b"\r\n") if line)
    return tuple((name, value) for name, _, value in pairs)
