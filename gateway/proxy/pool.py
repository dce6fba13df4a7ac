"""A variant's endpoints with their live state: connections, requests in flight, recent failures.

Names become endpoints here, one for each address, looked up again off the request path. Which endpoint is next, and
which ones a change of the settings leaves alone, is decided by `core.pool`.
"""

import asyncio
import random
import ssl
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from gateway.core import model
from gateway.core.breaker_cells import bit
from gateway.core.ejection import Ejections, Member
from gateway.core.pool import NEVER, host, kept, least_loaded, round_robin
from gateway.wire import resolve
from gateway.wire.connections import Address, Connections
from gateway.wire.outbox import Outbox


class Endpoint(Member):
    """One address that is called."""

    __slots__ = ("bit", "connections", "failed_at", "in_flight", "is_healthy", "line", "url")

    def __init__(self, url: str, line: bytes, connections: Connections) -> None:
        super().__init__()
        self.bit = 1
        """What stands for it in its variant's breaker."""
        self.is_healthy = True
        self.url = url
        self.line = line
        """The end of a request line, and the Host field."""
        self.connections = connections
        self.in_flight = 0
        self.failed_at = NEVER


class Site:
    """One endpoint of the configuration: the addresses it stands for. A pool and the one that follows it share those
    that did not change; when no pool has a site any more its connections end as they become free."""

    def __init__(self, configured: model.Endpoint, make: Callable[[str], Endpoint]) -> None:
        self.addresses: list[Endpoint] = []
        self._make = make
        self._pools: list[Pool] = []
        self._name: resolve.Name | None = None
        if is_named(configured):
            self._name = resolve.Name(configured.host, configured.port, self._changed)
        else:
            self.addresses.append(make(configured.host))

    async def looked_up(self) -> None:
        """Returns once its name was looked up for the first time, well or not."""
        if self._name is not None:
            await self._name.looked.wait()

    def join(self, pool: "Pool") -> None:
        """That pool has this site."""
        self._pools.append(pool)

    def leave(self, pool: "Pool") -> "list[Pool]":
        """That pool has it no more; who still has."""
        self._pools.remove(pool)
        if not self._pools:
            if self._name is not None:
                self._name.stop()
                self._name = None
            for each in self.addresses:
                each.connections.close()
        return self._pools

    def _changed(self, addresses: tuple[str, ...]) -> None:
        old = {each.connections.address.host: each for each in self.addresses}
        self.addresses = [old.pop(one) if one in old else self._make(one) for one in sorted(addresses)]
        for gone in old.values():
            gone.connections.close()
        for pool in self._pools:
            pool.gather()


class Pool:
    """The endpoints of one variant. `previous` is the pool of the settings it had before."""

    def __init__(
        self,
        variant: model.Variant,
        outbox: Outbox,
        *,
        tls: ssl.SSLContext | None,
        previous: "Pool | None" = None,
    ) -> None:
        self._variant = variant
        self._last = -1
        self._ejections: Ejections = Ejections(variant.ejection, None if previous is None else previous._ejections)
        self._ejected: list[Endpoint] = []
        self._unhealthy: frozenset[str] = frozenset() if previous is None else previous._unhealthy
        self.is_available = True
        """Whether health checks leave an endpoint."""
        self.is_stirred = False
        """Health checks or look-ups changed something that is not told yet."""
        make = partial(_endpoint, outbox=outbox, variant=variant, tls=tls)
        same = kept(previous.variant, variant) if previous is not None else frozenset()
        self._sites = {
            each: previous.site(each) if previous is not None and each in same else Site(each, partial(make, each))
            for each in variant.endpoints
        }
        self.endpoints: list[Endpoint] = []
        self.gather()
        for site in self._sites.values():
            site.join(self)

    @property
    def variant(self) -> model.Variant:
        """Whose endpoints they are."""
        return self._variant

    def site(self, endpoint: model.Endpoint) -> Site:
        """One of its own."""
        return self._sites[endpoint]

    async def looked_up(self) -> None:
        """Returns once every name was looked up; one that gives nothing leaves its endpoints out until it does."""
        for site in self._sites.values():
            await site.looked_up()

    def stop(self) -> None:
        """Let go of the sites; requests that still have this pool may use it to their end. Where it shared some of them
        with another one their places are that one's again."""
        others = {pool for site in self._sites.values() for pool in site.leave(self)}
        self._sites = {}
        for pool in others:
            pool.gather()

    def choose(self, now: float, tried: tuple[Endpoint, ...]) -> Endpoint | None:
        """The endpoint for the next attempt: one not yet tried for this request where there is one."""
        endpoints: Sequence[Endpoint] = self._healthy
        if tried:
            endpoints = [endpoint for endpoint in endpoints if endpoint not in tried] or endpoints
        if len(endpoints) < 2:
            return endpoints[0] if endpoints else None
        if not self._ejections.is_calm:
            endpoints = self._ejections.takers(endpoints, now=now, draw=random.random)
        failed = [endpoint.failed_at for endpoint in endpoints]
        if self._variant.balance == "round_robin":
            self._last = position = round_robin(failed, now=now, last=self._last)
        else:
            position = least_loaded([one.in_flight for one in endpoints], failed, now=now, draw=random.random)
        return endpoints[position]

    def sweep(self, now: float) -> None:
        """Close connections that were free for too long."""
        for endpoint in self.endpoints:
            endpoint.connections.sweep(now)

    def failed(self, endpoint: Endpoint, now: float) -> None:
        """An attempt failed there."""
        endpoint.failed_at = now
        if self._ejections.failed(endpoint, self._healthy, now):
            self._ejected.append(endpoint)

    def news(self) -> Sequence[Endpoint]:
        """Endpoints that were ejected since the last time."""
        news, self._ejected = self._ejected, []
        return news

    def returned(self, now: float) -> Sequence[Endpoint]:
        """Endpoints that come back from ejection now."""
        return () if self._ejections.is_calm else self._ejections.returned(self.endpoints, now)

    @property
    def is_busy(self) -> bool:
        """Whether anything of it is under way or changes with time."""
        if self._ejected or not self._ejections.is_calm:
            return True
        return any(each.in_flight or each.connections for each in self.endpoints)

    @property
    def ejected(self) -> list[int]:
        """The places of the endpoints that are ejected."""
        if self._ejections.is_calm:
            return []
        return [place for place, each in enumerate(self.endpoints) if each.out_until is not None]

    def told(self) -> Iterator[tuple[str, bool, int]]:
        """Each endpoint of the configuration: whether an address of it gets calls, and its requests in flight."""
        for configured, site in self._sites.items():
            is_used = any(each.is_healthy and each.out_until is None for each in site.addresses)
            yield configured.url, is_used, sum(each.in_flight for each in site.addresses)

    @property
    def in_use(self) -> int:
        """A bit for each endpoint that gets calls."""
        bits = 0
        for each in self._healthy:
            if each.out_until is None:
                bits |= each.bit
        return bits or 1

    def check(self, unhealthy: frozenset[str]) -> None:
        """What health checks say: the endpoints that are not well, as `url` or `url#address`."""
        self._unhealthy = unhealthy
        self._sort_out()

    def gather(self) -> None:
        """Take what the sites stand for now, in the same order in every worker."""
        self.endpoints = [one for each in self._variant.endpoints for one in self._sites[each].addresses]
        for position, endpoint in enumerate(self.endpoints):
            endpoint.bit = bit(position)
        self._sort_out()

    def _sort_out(self) -> None:
        """Those that are well; all of them where none is."""
        for each in self.endpoints:
            name = f"{each.url}#{each.connections.address.host}"
            each.is_healthy = each.url not in self._unhealthy and name not in self._unhealthy
        healthy = [each for each in self.endpoints if each.is_healthy]
        self.is_available = bool(healthy) or not self.endpoints
        self._healthy = healthy or self.endpoints
        self.is_stirred = True


def is_named(endpoint: model.Endpoint) -> bool:
    """Whether it stands for the addresses of a name."""
    return endpoint.scheme != "unix" and not resolve.is_address(endpoint.host)


def _endpoint(
    configured: model.Endpoint, address: str, *, outbox: Outbox, variant: model.Variant, tls: ssl.SSLContext | None
) -> Endpoint:
    context = tls if configured.scheme == "https" else None
    name = (variant.tls.server_name or configured.host) if context is not None else None
    own = host(variant)
    authority = own if own is not None else configured.authority
    line = b" HTTP/1.1\r\nhost: %b\r\n" % authority.encode()
    reached = Address(address, configured.port, configured.path, context, name)
    return Endpoint(configured.url, line, Connections(reached, asyncio.get_running_loop(), outbox))
