"""A snapshot at work in this worker: its routes ready to decide, its variants with their live state."""

import asyncio
import ipaddress

from gateway.core import model
from gateway.core.decide import CompiledRoute
from gateway.core.routing import RouteTable
from gateway.links.board import Board
from gateway.proxy.heads import forwarded
from gateway.proxy.pool import Pool
from gateway.proxy.tally import Tally
from gateway.proxy.variants import Lane, Variant
from gateway.wire.outbox import Outbox
from gateway.wire.request import Request

HEALTH_PATHS = frozenset({b"/livez", b"/readyz"})


class Runtime:
    """What one request takes at its beginning and keeps to its end."""

    def __init__(self, snapshot: model.Snapshot, tally: Tally, board: Board, outbox: Outbox) -> None:
        loop = asyncio.get_running_loop()
        self.snapshot = snapshot
        self.limits = snapshot.limits
        self.tally = tally
        self.table = RouteTable(snapshot)
        self.variants = {
            name: Variant(one, Pool(one, loop, outbox), tally, board) for name, one in snapshot.variants.items()
        }
        claimed = {route.match.path.encode() for route in snapshot.routes.values()}
        self.health_paths = HEALTH_PATHS - claimed
        self._trusted = [ipaddress.ip_network(network) for network in snapshot.trusted_proxies]
        self.has_trusted = bool(self._trusted)
        self._lanes: dict[tuple[str, str], Lane] = {}

    async def start(self) -> None:
        """Get ready to serve."""
        await asyncio.gather(*(variant.pool.start() for variant in self.variants.values()))

    def stop(self) -> None:
        """Let go of the pools."""
        for variant in self.variants.values():
            variant.pool.stop()

    def lane(self, route: CompiledRoute, variant: str) -> Lane:
        """The way from that route to that variant."""
        lane = self._lanes.get((route.name, variant))
        if lane is None:
            exposed = self._exposed(route, variant) if self.snapshot.expose_headers else None
            lane = Lane(route, self.variants[variant], self.tally, exposed=exposed)
            self._lanes[route.name, variant] = lane
        return lane

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
        """Close what rests for too long."""
        for variant in self.variants.values():
            variant.pool.sweep(now)

    def connections(self) -> int:
        """How many connections to models are open."""
        pools = (variant.pool for variant in self.variants.values())
        return sum(len(endpoint.connections) for pool in pools for endpoint in pool.endpoints)

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


def _unmapped(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An IPv4 address that was written as an IPv6 one, as itself."""
    return getattr(ip, "ipv4_mapped", None) or ip


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
