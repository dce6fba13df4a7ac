"""The serving side of a worker: takes requests from the wire, finds their route, and lets a call answer them."""

import asyncio
import socket
from collections.abc import Callable, Mapping
from time import monotonic

from gateway.core import model
from gateway.core.breaker import Transition
from gateway.core.decide import CompiledRoute
from gateway.core.routing import Miss, path_fault
from gateway.core.standstill import TICK, Standstill
from gateway.errors import Refusal, StartError, refusal
from gateway.links.board import Board, Slot
from gateway.proxy import events
from gateway.proxy.answers import answer, answer_error
from gateway.proxy.call import Call
from gateway.proxy.copies import Copies
from gateway.proxy.draft import Draft
from gateway.proxy.events import Told
from gateway.proxy.guards import Guards
from gateway.proxy.heads import marks, passing
from gateway.proxy.known import Known
from gateway.proxy.ledger import settle
from gateway.proxy.pieces import Pieces
from gateway.proxy.runtime import Shared
from gateway.proxy.tally import Tally
from gateway.wire.listen import Listener
from gateway.wire.outbox import Outbox
from gateway.wire.request import Request
from gateway.wire.server import ServerConnection
from gateway.wire.service import Service
from gateway.wire.whole import VARYING

_LOOK = 2
"""Every so many ticks the breakers are looked at."""
_SLOW = 5
"""Every so many ticks the connections are looked at as well."""


class Server:
    """One worker's server."""

    def __init__(self, snapshot: model.Snapshot, slot: Slot, board: Board, *, index: int, permits: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.calls: set[Call] = set()
        self._tally = Tally(slot)
        outbox = Outbox(self._loop)
        self._snapshot = snapshot
        self._guards = Guards(board, self._tally, number=index, descriptor=permits)
        settle(board, index, self._tally)
        self.copies = Copies(self._loop, self._tally)
        self._shared = Shared(self._tally, board, outbox, self._guards, self.copies)
        self.told: Callable[[Told], None] = lambda event: None
        """Is told of what happens; to be set before the start."""
        self._service = Service(self, snapshot.limits, monotonic, outbox)
        self._clients = self._tally.gauge("gateway_connections", "client")
        self._upstreams = self._tally.gauge("gateway_connections", "upstream")
        self._everywhere = board.cells(self._tally.key("gateway_connections", "client"))
        self._listeners: list[tuple[Listener, int]] = []
        self._ticks = 0
        self._standstill = Standstill(monotonic())
        self._index = index
        self._board = board
        self._ending: asyncio.Event | None = None

    async def start(self, sockets: list[socket.socket], listeners: list[int]) -> None:
        """Begin to accept; StartError when a file that the snapshot names cannot be used."""
        draft = await Draft.make(self._snapshot, self._shared, Pieces())
        self._enter(draft)
        for sock, index in zip(sockets, listeners, strict=True):
            tls = draft.tls.get(index)
            self._listeners.append((Listener(sock, self._service, tls, is_full=self._is_full), index))
        for listener, _ in self._listeners:
            listener.start()
        self._loop.call_later(TICK, self._tick)

    async def take(self, snapshot: model.Snapshot, pieces: Pieces) -> None:
        """Serve by that snapshot from now on; requests in flight end by the one they began with. StartError when it
        cannot be: then nothing has changed."""
        draft = await Draft.make(snapshot, self._shared, pieces, following=self._draft)
        if self._ending is not None:
            draft.abandon()
            raise StartError("the worker is about to end")
        before, access = self._runtime, self._access
        draft.runtime.follow(before)
        self._enter(draft)
        if draft.access is not None:
            access.let_go()
        if snapshot.trusted_proxies != before.snapshot.trusted_proxies:
            self._forget()
        await before.leave(draft.runtime, pieces)

    async def drain(self, delay: bool) -> None:
        """End when nothing is in flight, or `limits.drain` is over. A second call cuts the delay short."""
        if self._ending is not None:
            self._ending.set()
            return
        self._ending = asyncio.Event()
        self._service.drain()
        limits = self._runtime.limits
        if delay and limits.drain_delay:
            try:
                async with asyncio.timeout(limits.drain_delay):
                    await self._ending.wait()
            except TimeoutError:
                pass
        for listener, _ in self._listeners:
            listener.stop()
        await self._empty(monotonic() + limits.drain)
        self.abort()

    def abort(self) -> None:
        """End everything now."""
        self._service.kill()
        self._runtime.stop()
        self._access.close()

    # ---- for the wire

    def handle(self, request: Request) -> None:
        """Answer a request."""
        runtime = self._runtime
        head = request.head
        if head is not None and isinstance(head.known, Known):
            Call(self, runtime, request, head.known.route, head.known).begin()
            return
        path = request.path
        if path in self._health_paths and request.method in (b"GET", b"HEAD"):
            self._answer_health(request)
            return
        fault = path_fault(path) if b"." in path or b"%" in path else None
        if fault is not None:
            self._reject(request, refusal("bad_request", fault))
            return
        found = self._table.find(request.host or b"", path, request.method, request.headers)
        if isinstance(found, CompiledRoute):
            known = None
            if head is not None:
                head.known = known = Known(found, passing(request, frozenset()))
            Call(self, runtime, request, found, known).begin()
        else:
            self._miss(request, found)

    def refuse(self, request: Request, refusal: Refusal) -> None:
        """Answer what is no proper request."""
        self._reject(request, refusal)

    def log(self, call: Call, ended: float) -> None:
        """Write the access log's line."""
        self._access.write(call, ended)

    # ---- inside

    def _enter(self, draft: Draft) -> None:
        """Put it into force."""
        self._draft = draft
        self._runtime = draft.runtime
        self._table = draft.table
        self._health_paths = draft.health_paths
        self._service.limits = draft.runtime.limits
        self._service.heads.forget()
        self._service.heads.vary = VARYING.isdisjoint(draft.table.looks_at)
        self._guards.force(draft.runtime.snapshot)
        for listener, index in self._listeners:
            listener.tls = draft.tls.get(index, listener.tls)
        if draft.access is not None:
            self._access = draft.access
            self.logs = draft.access.is_on

    def _forget(self) -> None:
        """What connections remember of how their clients are trusted."""
        for member in self._service.members:
            if isinstance(member, ServerConnection):
                member.memo = None

    def _miss(self, request: Request, miss: Miss) -> None:
        if miss.code == "no_route":
            self._reject(request, refusal("no_route", "no route takes this host and path"))
            return
        allowed = b", ".join(miss.allowed)
        message = f"this path takes {allowed.decode()}"
        self._reject(request, refusal("method_not_allowed", message), extra=b"allow: %b\r\n" % allowed)

    def _reject(self, request: Request, verdict: Refusal, *, extra: bytes = b"") -> None:
        self._tally.count("gateway_rejected_requests_total", verdict.code)
        if not request.complete:
            request.keep_alive = False
        answer_error(request, verdict, marks(request.headers)[0], extra=extra)

    def _answer_health(self, request: Request) -> None:
        draining = self._service.draining and request.path == b"/readyz"
        if not request.complete:
            request.keep_alive = False
        body = b"draining\n" if draining else b"ok\n"
        answer(request, 503 if draining else 200, body, kind=b"content-type: text/plain\r\ncache-control: no-store\r\n")

    def _is_full(self) -> bool:
        """Whether as many clients are connected, to all workers, as `limits.connections` allows."""
        self._tally.values[self._clients] = len(self._service.members)
        return sum(values[index] for values, index in self._everywhere) >= self._runtime.limits.connections

    def _tick(self) -> None:
        self._loop.call_later(TICK, self._tick)
        now = monotonic()
        if self._standstill.look(now):
            return
        late = [call for call in self.calls if call.due <= now]
        for call in late:
            call.late(now)
        self._ticks += 1
        if self._ticks % _LOOK == 0:
            self._look(now)
        self._service.sweep(now)
        self._access.flush()
        if self._ticks % _SLOW == 0:
            self._runtime.sweep(now)
            self._board.cells(b"")
            self._tally.values[self._clients] = len(self._service.members)
            self._tally.values[self._upstreams] = self._runtime.connections()

    def _look(self, now: float) -> None:
        """At the breakers and the pools."""
        self._guards.tick(now, self._on_transition)
        for event in self._runtime.tick(now):
            self.told(event)

    def _on_transition(self, variant: str, transition: Transition) -> None:
        if transition.trigger:
            self._tally.count("gateway_breaker_trips_total", variant, transition.trigger)
        self.told(events.transition(variant, transition, now=monotonic()))

    def check(self, unhealthy: Mapping[str, frozenset[str]]) -> None:
        """What health checks say, of all variants."""
        self._shared.unhealthy.clear()
        self._shared.unhealthy.update(unhealthy)
        self._runtime.check()

    async def _empty(self, until: float) -> None:
        """Wait until no connection is left; each closes after its present reply."""
        self._service.drain()  # again, for those that came meanwhile
        while self._service.members and monotonic() < until:  # noqa: ASYNC110 - counting them is cheaper than an event
            await asyncio.sleep(TICK)
