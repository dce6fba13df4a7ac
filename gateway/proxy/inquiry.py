"""What the decision about one request is made from: its head, and its body where anything asks for that.

It decides when there is enough to decide by. What is decided is `core.decide`'s business, what follows the call's.
"""

from random import random
from typing import Protocol

from gateway.core import reading
from gateway.core.decide import CompiledRoute, Decision
from gateway.core.facts import Facts
from gateway.proxy.known import Known
from gateway.proxy.payload import Payload
from gateway.proxy.runtime import Runtime
from gateway.wire.request import Request


class Asking(Protocol):
    """The call that asks."""

    request: Request
    route: CompiledRoute
    runtime: Runtime
    payload: Payload
    known: Known | None

    def on_decided(self, decision: Decision) -> None:
        """The decision is made."""


class Inquiry:
    """One request's; not made where the decision is remembered."""

    def __init__(self, call: Asking) -> None:
        self._call = call
        self._is_gathering = False
        request, runtime = call.request, call.runtime
        client = runtime.client(request) if runtime.has_trusted else request.connection.peer
        self._facts = Facts(request.method, request.path, request.query, request.host or b"", request.headers, client)

    @property
    def text(self) -> bytes | None:
        """The body's text, decoded, where it was looked at and could be read."""
        return self._facts.body

    def begin(self) -> None:
        """Decide, now or when the body is here."""
        call = self._call
        if call.request.has_body and (call.route.needs_body or call.route.route.protocol == "openai"):
            self._gather()
            return
        decision = self._decide()
        if call.known is not None:
            call.known.remember(decision)

    def on_body(self) -> None:
        """More of the body is in the payload."""
        if self._is_gathering and self._is_large():
            self._read(None)

    def on_body_end(self) -> None:
        """The body is complete."""
        if self._is_gathering:
            self._read(self._call.payload.joined())

    def _gather(self) -> None:
        self._is_gathering = True
        payload = self._call.payload
        if payload.complete:
            self._read(payload.joined())
        elif self._is_large():
            self._read(None)
        else:
            self._call.request.go_on()

    def _is_large(self) -> bool:
        return self._call.payload.size > self._call.runtime.limits.inspect_body

    def _read(self, body: bytes | None) -> None:
        """The body is here (or too large to be looked at): the decision can be made."""
        self._is_gathering = False
        if body is not None:
            call = self._call
            protocol = call.route.route.protocol
            limit = call.runtime.limits.inspect_body
            self._facts.body = reading.readable(body, call.request.headers, protocol, limit)
        self._decide()

    def _decide(self) -> Decision:
        call = self._call
        decision = call.route.decide(self._facts, random)
        if not decision.keyed:
            call.runtime.tally.count("gateway_unkeyed_requests_total", call.route.name)
        call.on_decided(decision)
        return decision
