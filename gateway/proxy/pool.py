"""A variant's endpoints with their live state: connections, requests in flight, recent failures.

Names become endpoints here, one for each address, looked up again off the request path. Which endpoint is next is
decided by `core.pool`.
"""

import asyncio
import random
import ssl
from collections.abc import Callable

from gateway.core import model
from gateway.core.pool import NEVER, least_loaded, round_robin
from gateway.wire import resolve
from gateway.wire.connections import Address, Connections
from gateway.wire.outbox import Outbox
from gateway.wire.tls import client_context

_FIRST_LOOK_UP = 2.0
"""Seconds that a worker's start waits for a name."""


class Endpoint:
    """One address that is called."""

    __slots__ = ("connections", "failed_at", "in_flight", "line", "url")

    def __init__(self, url: str, line: bytes, connections: Connections) -> None:
        self.url = url
        self.line = line
        """The end of a request line, and the Host field."""
        self.connections = connections
        self.in_flight = 0
        self.failed_at = NEVER


class Pool:
    """The endpoints of one variant."""

    def __init__(self, variant: model.Variant, loop: asyncio.AbstractEventLoop, outbox: Outbox) -> None:
        self._variant = variant
        self._loop = loop
        self._outbox = outbox
        self._tls = _tls(variant)
        self._host = _host(variant)
        self._names: list[resolve.Name] = []
        self._found: dict[model.Endpoint, list[Endpoint]] = {}
        self._last = -1
        self.endpoints: list[Endpoint] = []
        for endpoint in variant.endpoints:
            if endpoint.scheme == "unix" or resolve.is_address(endpoint.host):
                self._found[endpoint] = [self._make(endpoint, endpoint.host)]
            else:
                self._names.append(resolve.Name(endpoint.host, endpoint.port, self._changer(endpoint)))
        self._gather()

    async def start(self) -> None:
        """Look the names up; a name that gives nothing yet leaves its endpoints out until it does."""
        await asyncio.gather(*(name.first(_FIRST_LOOK_UP) for name in self._names))

    def stop(self) -> None:
        """Look nothing up any more and close what is free."""
        for name in self._names:
            name.stop()
        for endpoint in self.endpoints:
            endpoint.connections.close()

    def choose(self, now: float, tried: tuple[Endpoint, ...]) -> Endpoint | None:
        """The endpoint for the next attempt: one not yet tried for this request where there is one."""
        endpoints = self.endpoints
        if tried:
            endpoints = [endpoint for endpoint in endpoints if endpoint not in tried]
        if len(endpoints) < 2:
            return endpoints[0] if endpoints else None
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

    def _make(self, endpoint: model.Endpoint, host: str) -> Endpoint:
        tls = self._tls if endpoint.scheme == "https" else None
        name = (self._variant.tls.server_name or endpoint.host) if tls is not None else None
        address = Address(host, endpoint.port, endpoint.path, tls, name)
        authority = self._host if self._host is not None else endpoint.authority
        line = b" HTTP/1.1\r\nhost: %b\r\n" % authority.encode()
        return Endpoint(endpoint.url, line, Connections(address, self._loop, self._outbox))

    def _changer(self, endpoint: model.Endpoint) -> Callable[[tuple[str, ...]], None]:
        def changed(addresses: tuple[str, ...]) -> None:
            old = {one.connections.address.host: one for one in self._found.get(endpoint, [])}
            self._found[endpoint] = [
                old.pop(host) if host in old else self._make(endpoint, host) for host in addresses
            ]
            for gone in old.values():
                gone.connections.close()
            self._gather()

        return changed

    def _gather(self) -> None:
        self.endpoints = [one for endpoint in self._variant.endpoints for one in self._found.get(endpoint, [])]


def _tls(variant: model.Variant) -> ssl.SSLContext | None:
    if all(endpoint.scheme != "https" for endpoint in variant.endpoints):
        return None
    settings = variant.tls
    return client_context(settings.ca, settings.cert, settings.key, verify=settings.verify)


def _host(variant: model.Variant) -> str | None:
    """The Host that the variant's own header settings give."""
    return next((value for name, value in variant.headers.set if name.lower() == "host"), None)
