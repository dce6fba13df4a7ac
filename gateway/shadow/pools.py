"""The shadow process's own connections: for each variant that is called its endpoints, one client for each address.

It decides which endpoint is next, and when connections end. Live connections, breakers and counts are never touched.
"""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from random import random
from time import monotonic
from typing import NamedTuple

from gateway.core.model import Endpoint, Variant
from gateway.core.pool import NEVER, least_loaded, round_robin
from gateway.shadow.errors import UncomparedError
from gateway.shadow.incoming import LostError
from gateway.shadow.patience import Patience
from gateway.wire.client import ClientConnection
from gateway.wire.connections import Address, Connections
from gateway.wire.outbox import Outbox
from gateway.wire.resolve import Name, is_address
from gateway.wire.tls import client_context

_SWEEP_EVERY = 5.0
"""Seconds between two looks at connections that have been free for long."""


class UnreachableError(Exception):
    """No endpoint can be called."""


class Shared(NamedTuple):
    """What all pools have together."""

    outbox: Outbox
    patience: Patience


class Site:
    """One address that is called."""

    def __init__(
        self, endpoint: Endpoint, address: str, *, variant: Variant, tls: ssl.SSLContext | None, shared: Shared
    ) -> None:
        context = tls if endpoint.scheme == "https" else None
        name = (variant.tls.server_name or endpoint.host) if context is not None else None
        reached = Address(address, endpoint.port, endpoint.path, context, name)
        self.in_flight = 0
        self.failed_at = NEVER
        self.authority = endpoint.authority.encode()
        self.connections = Connections(reached, asyncio.get_running_loop(), shared.outbox)
        self._patience = shared.patience

    async def connect(self, within: float) -> ClientConnection:
        """A new connection, within so many seconds; UnreachableError."""
        try:
            async with self._patience.within(within):
                return await self.connections.connect()
        except (OSError, ssl.SSLError, ssl.CertificateError) as error:
            raise UnreachableError from error

    def leave(self) -> None:
        """It is called no more; its connections end as soon as nothing is in flight."""
        self.connections.close()

    @contextmanager
    def called(self) -> Iterator[None]:
        """While a request is there."""
        self.in_flight += 1
        try:
            yield
        except (UnreachableError, LostError, asyncio.CancelledError):
            self.failed_at = monotonic()
            raise
        finally:
            self.in_flight -= 1


class Pool:
    """One variant's endpoints."""

    def __init__(self, variant: Variant, shared: Shared) -> None:
        self.variant = variant
        self.patience = shared.patience
        self._shared = shared
        self.is_ready = False
        """Whether an endpoint can be chosen at once."""
        self._tls: asyncio.Task[ssl.SSLContext] | None = None
        self._context: ssl.SSLContext | None = None
        self._sites: dict[tuple[Endpoint, str], Site] = {}
        self._names: dict[Endpoint, Name] = {}
        self._last = -1
        self._has_left = False
        for endpoint in variant.endpoints:
            if endpoint.scheme != "unix" and not is_address(endpoint.host):
                self._names[endpoint] = Name(endpoint.host, endpoint.port, lambda _: self._forget())

    async def get_ready(self) -> None:
        """Wait until its names were looked up and its TLS files read; UnreachableError where they cannot be."""
        self._context = await self._made_context()
        for name in self._names.values():
            await name.looked.wait()
        self.is_ready = True

    def choose(self) -> Site:
        """The endpoint for the next request; UnreachableError where there is none, UncomparedError where the pool came
        to be of no more use meanwhile."""
        if self._has_left:
            raise UncomparedError("ignored", "gone")
        sites = [self._site(endpoint, address) for endpoint, address in self._addresses()]
        if not sites:
            raise UnreachableError(f"no address of {self.variant.name} is known")
        return sites[self._position(sites)]

    def sweep(self, now: float) -> None:
        """Close connections that were free for too long."""
        for site in self._sites.values():
            site.connections.sweep(now)

    def leave(self) -> None:
        """It is of no more use."""
        self._has_left = True
        for name in self._names.values():
            name.stop()
        sites, self._sites = self._sites, {}
        for site in sites.values():
            site.leave()

    def _position(self, sites: list[Site]) -> int:
        if len(sites) == 1:
            return 0
        failed = [site.failed_at for site in sites]
        if self.variant.balance == "round_robin":
            self._last = round_robin(failed, now=monotonic(), last=self._last)
            return self._last
        return least_loaded([site.in_flight for site in sites], failed, now=monotonic(), draw=random)

    def _addresses(self) -> list[tuple[Endpoint, str]]:
        found = []
        for endpoint in self.variant.endpoints:
            name = self._names.get(endpoint)
            found += [(endpoint, each) for each in ((endpoint.host,) if name is None else name.addresses)]
        return found

    def _site(self, endpoint: Endpoint, address: str) -> Site:
        site = self._sites.get((endpoint, address))
        if site is None:
            site = Site(endpoint, address, variant=self.variant, tls=self._context, shared=self._shared)
            self._sites[endpoint, address] = site
        return site

    def _forget(self) -> None:
        """Let go of addresses that no name gives any more."""
        present = set(self._addresses())
        for gone in self._sites.keys() - present:
            self._sites.pop(gone).leave()

    async def _made_context(self) -> ssl.SSLContext | None:
        """Made once, aside; what is wrong with its files stays wrong until they change, which makes another pool."""
        if all(each.scheme != "https" for each in self.variant.endpoints):
            return None
        if self._tls is None:
            tls = self.variant.tls
            make = asyncio.to_thread(client_context, tls.ca, tls.cert, tls.key, verify=tls.verify)
            self._tls = asyncio.get_running_loop().create_task(make)
        try:
            return await asyncio.shield(self._tls)
        except (OSError, ssl.SSLError) as error:
            raise UnreachableError(f"the TLS files of {self.variant.name} cannot be used") from error


class Pools:
    """The pools of all variants that were called, each as its variant is now. To be made where a loop runs."""

    def __init__(self, patience: Patience) -> None:
        self._pools: dict[str, Pool] = {}
        self._shared = Shared(Outbox(asyncio.get_running_loop()), patience)

    def of(self, variant: Variant) -> Pool:
        """That variant's; another one than before where the variant has changed."""
        pool = self._pools.get(variant.name)
        if pool is None or pool.variant != variant:
            if pool is not None:
                pool.leave()
            pool = self._pools[variant.name] = Pool(variant, self._shared)
        return pool

    def keep(self, names: frozenset[str]) -> None:
        """Let go of all others."""
        for gone in self._pools.keys() - names:
            self._pools.pop(gone).leave()

    async def run(self) -> None:
        """Close what has been free for too long, until cancelled."""
        while True:
            await asyncio.sleep(_SWEEP_EVERY)
            for pool in self._pools.values():
                pool.sweep(monotonic())

    def close(self) -> None:
        """Let go of all."""
        self.keep(frozenset())
