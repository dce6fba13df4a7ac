"""A snapshot at work in this worker: its variants with their live state, and what its requests need of its settings.

A variant comes to life with its first request. Only those with names are made before the snapshot is in force, so that
no request waits for a look-up. What the snapshot before had alive and this one did not change is taken over as it is.
"""

import asyncio
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.core import model
from gateway.core.decide import CompiledRoute
from gateway.links.board import Board
from gateway.proxy import events
from gateway.proxy.contexts import Contexts, contexts, key
from gateway.proxy.copies import Copies
from gateway.proxy.events import Told
from gateway.proxy.guards import Guards
from gateway.proxy.heads import forwarded
from gateway.proxy.pieces import Pieces
from gateway.proxy.pool import Pool, is_named
from gateway.proxy.tally import Tally
from gateway.proxy.variants import Lane, Variant
from gateway.wire.outbox import Outbox
from gateway.wire.request import Request

_FIRST_LOOK_UP = 2.0
"""Seconds that a snapshot waits for names before it is in force."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all runtimes of a worker have in common."""

    tally: Tally
    board: Board
    outbox: Outbox
    guards: Guards
    copies: Copies
    unhealthy: dict[str, frozenset[str]] = field(default_factory=dict)
    """By variant, the endpoints that health checks found unwell."""


class Runtime:
    """What one request takes at its beginning and keeps to its end."""

    def __init__(self, snapshot: model.Snapshot, shared: Shared, tls: Contexts) -> None:
        self.snapshot = snapshot
        self.limits = snapshot.limits
        self.disabled = snapshot.disabled
        self.tally = shared.tally
        self.copies = shared.copies
        self.tls = tls
        self._shared = shared
        self._variants: dict[str, Variant] = {}
        """Those that are alive."""
        self._retired = False
        self._trusted = [ipaddress.ip_network(network) for network in snapshot.trusted_proxies]
        self.has_trusted = bool(self._trusted)
        self._lanes: dict[tuple[str, str], Lane] = {}

    @classmethod
    async def prepare(
        cls, snapshot: model.Snapshot, shared: Shared, pieces: Pieces, *, previous: "Runtime | None" = None
    ) -> "Runtime":
        """A runtime that is ready to follow `previous`; StartError when it cannot be. It is to be stopped if it never
        comes into force."""
        known = {} if previous is None else previous.tls
        runtime = cls(snapshot, shared, await contexts(snapshot.variants.values(), known, pieces))
        try:
            await runtime._make_ahead(previous, pieces)
        except BaseException:
            runtime.stop()
            raise
        return runtime

    async def _make_ahead(self, previous: "Runtime | None", pieces: Pieces) -> None:
        before = {} if previous is None else dict(previous._variants)
        for name, settings in self.snapshot.variants.items():
            known = before.get(name)
            if known is not None and known.settings is not settings:
                self._make(name, known)
            elif known is None and any(map(is_named, settings.endpoints)):
                self._make(name)
            await pieces.breathe()
        pools = [variant.pool for variant in self._variants.values()]
        try:
            await pieces.wait(asyncio.wait_for(_look_up(pools), _FIRST_LOOK_UP))
        except TimeoutError:
            pass

    def follow(self, previous: "Runtime") -> None:
        """Come into force: take over what is alive and unchanged. From here on the other one makes nothing lasting."""
        for name, variant in previous._variants.items():
            settings = self.snapshot.variants.get(name)
            if settings is variant.settings:
                self._variants[name] = variant
            elif settings is not None and name not in self._variants:
                self._make(name, variant)
        previous._retired = True

    async def leave(self, successor: "Runtime", pieces: Pieces) -> None:
        """Let go of what the successor has not taken over; requests in flight end as they began."""
        for name, variant in list(self._variants.items()):
            if successor._variants.get(name) is not variant:
                variant.pool.stop()
                await pieces.breathe()

    def stop(self) -> None:
        """Let go of the pools."""
        for variant in self._variants.values():
            variant.pool.stop()

    def lane(self, route: CompiledRoute, variant: str) -> Lane:
        """The way from that route to that variant."""
        lane = self._lanes.get((route.name, variant))
        if lane is None:
            exposed = self._exposed(route, variant) if self.snapshot.expose_headers else None
            forgiven = self._shared.guards.forgiven(route.name)
            lane = Lane(route, self._variant(variant), forgiven, tally=self.tally, exposed=exposed)
            self._lanes[route.name, variant] = lane
        return lane

    def _variant(self, name: str) -> Variant:
        return self._variants.get(name) or self._make(name)

    def _make(self, name: str, before: Variant | None = None) -> Variant:
        settings = self.snapshot.variants[name]
        previous = None if before is None else before.pool
        pool = Pool(settings, self._shared.outbox, tls=self.tls.get(key(settings)), previous=previous)
        pool.check(self._shared.unhealthy.get(name, frozenset()))
        guard = self._shared.guards.of(settings, self.snapshot.forced.get(name))
        variant = self._variants[name] = Variant(settings, pool, guard, tally=self.tally, board=self._shared.board)
        if self._retired:
            pool.stop()
        return variant

    def trusts(self, peer: str) -> bool:
        """Whether that peer is a proxy whose x-forwarded-* fields are believed."""
        return bool(self._trusted) and self._is_trusted(peer)

    def forwarded(self, request: Request) -> bytes:
        """The x-forwarded-* fields for that request; the same for all of a client that is no trusted proxy."""
        connection = request.connection
        host = request.headers.get(b"host", b"")
        memo = connection.memo
        if memo is not None and memo[0] == host:
            return memo[1]
        trusted = self.trusts(connection.peer)
        fields = forwarded(request, trusted=trusted)
        if not trusted:
            connection.memo = host, fields
        return fields

    def client(self, request: Request) -> str:
        """The caller's address: the last one in x-forwarded-for that is not a trusted proxy's, else the peer's."""
        peer = request.connection.peer
        if not self._trusted or b"x-forwarded-for" not in request.headers or not self._is_trusted(peer):
            return peer
        chain = b",".join(value for low, _, value, _ in request.fields if low == b"x-forwarded-for")
        for hop in reversed(chain.decode("latin-1").split(",")):
            address = hop.strip()
            if not _is_address(address):
                break
            peer = str(_unmapped(ipaddress.ip_address(address)))
            if not self._is_trusted(address):
                break
        return peer

    def sweep(self, now: float) -> None:
        """Close what rests for too long, and tell how endpoints are."""
        for variant in self._awake():
            variant.look(now)

    def tick(self, now: float) -> Iterator[Told]:
        """Look at the pools; what happened to their endpoints."""
        for variant in self._awake():
            name, pool = variant.name, variant.pool
            variant.breaker.in_use = pool.in_use
            settings = variant.settings.ejection
            for endpoint in pool.news():
                yield events.ejected(name, endpoint.url, errors=endpoint.errors, seconds=settings.for_)
            for endpoint in pool.returned(now):
                yield events.returned(name, endpoint.url)

    def check(self) -> None:
        """Take over what health checks say now."""
        for name, variant in self._variants.items():
            variant.pool.check(self._shared.unhealthy.get(name, frozenset()))

    def connections(self) -> int:
        """How many connections to models are open."""
        pools = (variant.pool for variant in self._awake())
        return sum(len(endpoint.connections) for pool in pools for endpoint in pool.endpoints)

    def _awake(self) -> list[Variant]:
        return [variant for variant in self._variants.values() if not variant.is_at_rest]

    def _is_trusted(self, address: str) -> bool:
        if not _is_address(address):
            return False
        ip = _unmapped(ipaddress.ip_address(address))
        return any(ip in network for network in self._trusted)

    def _exposed(self, route: CompiledRoute, name: str) -> bytes:
        variant = self.snapshot.variants[name]
        version = f"x-gateway-version: {variant.version}\r\n" if variant.version else ""
        lines = f"x-gateway-route: {route.name}\r\nx-gateway-variant: {name}\r\n{version}"
        return f"{lines}x-gateway-revision: {self.snapshot.revision}\r\n".encode()


async def _look_up(pools: list[Pool]) -> None:
    for pool in pools:
        await pool.looked_up()


def _unmapped(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An IPv4 address that was written as an IPv6 one, as itself."""
    return getattr(ip, "ipv4_mapped", None) or ip


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
