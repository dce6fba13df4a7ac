"""The shadow process's own connections: for each variant that is called its endpoints, one client for each address.

It decides which endpoint is next, and when connections end. Live connections, breakers and counts are never touched.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import random
from types import SimpleNamespace

import aiohttp

from gateway.core.model import Endpoint, Variant
from gateway.core.pool import NEVER, least_loaded, round_robin
from gateway.shadow.errors import UncomparedError
from gateway.wire.resolve import Name, is_address
from gateway.wire.tls import client_context

_HEAD = 64 << 10
"""Bytes of one line of a reply's head."""
_HEADERS = 1000
_AUTOMATIC = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")
_KEEP = 60.0
"""Seconds that a free connection is kept."""
_closing: set["asyncio.Task[None]"] = set()
"""Clients on their way to their end."""


class UnreachableError(Exception):
    """No endpoint can be called."""


class Site:
    """One address that is called."""

    def __init__(self, endpoint: Endpoint, address: str, *, variant: Variant, tls: ssl.SSLContext | None) -> None:
        secure = endpoint.scheme == "https"
        self.in_flight = 0
        self.failed_at = NEVER
        self.authority = endpoint.authority
        self.origin = _origin(endpoint, address)
        self.tls = tls if tls is not None else True
        self.server_name = (variant.tls.server_name or endpoint.host) if secure else None
        self.session = _session(endpoint)
        self._is_leaving = False

    def leave(self) -> None:
        """It is called no more; its connections end as soon as nothing is in flight."""
        self._is_leaving = True
        self._close_when_free()

    @contextmanager
    def called(self) -> Iterator[None]:
        """While a request is there."""
        self.in_flight += 1
        try:
            yield
        except (aiohttp.ClientError, asyncio.CancelledError):
            self.failed_at = time.monotonic()
            raise
        finally:
            self.in_flight -= 1
            self._close_when_free()

    def _close_when_free(self) -> None:
        if self._is_leaving and not self.in_flight and not self.session.closed:
            task = asyncio.get_running_loop().create_task(self.session.close())
            _closing.add(task)
            task.add_done_callback(_closing.discard)


class Pool:
    """One variant's endpoints."""

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
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
            self._last = round_robin(failed, now=time.monotonic(), last=self._last)
            return self._last
        return least_loaded([site.in_flight for site in sites], failed, now=time.monotonic(), draw=random)

    def _addresses(self) -> list[tuple[Endpoint, str]]:
        found = []
        for endpoint in self.variant.endpoints:
            name = self._names.get(endpoint)
            found += [(endpoint, each) for each in ((endpoint.host,) if name is None else name.addresses)]
        return found

    def _site(self, endpoint: Endpoint, address: str) -> Site:
        site = self._sites.get((endpoint, address))
        if site is None:
            site = self._sites[endpoint, address] = Site(endpoint, address, variant=self.variant, tls=self._context)
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
    """The pools of all variants that were called, each as its variant is now."""

    def __init__(self) -> None:
        self._pools: dict[str, Pool] = {}

    def of(self, variant: Variant) -> Pool:
        """That variant's; another one than before where the variant has changed."""
        pool = self._pools.get(variant.name)
        if pool is None or pool.variant != variant:
            if pool is not None:
                pool.leave()
            pool = self._pools[variant.name] = Pool(variant)
        return pool

    def keep(self, names: frozenset[str]) -> None:
        """Let go of all others."""
        for gone in self._pools.keys() - names:
            self._pools.pop(gone).leave()

    def close(self) -> None:
        """Let go of all."""
        self.keep(frozenset())


class Times:
    """What a client tells of one request: when it had a connection, and whether that had served before. `started` is
    called then."""

    def __init__(self, started: Callable[[], None]) -> None:
        self.begun = time.monotonic()
        self.is_reused = False
        self._started = started

    def start(self, *, is_reused: bool) -> None:
        """There is a connection."""
        self.begun = time.monotonic()
        self.is_reused = is_reused
        self._started()


async def _created(session: aiohttp.ClientSession, context: SimpleNamespace, _: object) -> None:
    context.trace_request_ctx.start(is_reused=False)


async def _reused(session: aiohttp.ClientSession, context: SimpleNamespace, _: object) -> None:
    context.trace_request_ctx.start(is_reused=True)


def _session(endpoint: Endpoint) -> aiohttp.ClientSession:
    """A client that passes on what it is given and what it gets, as they are."""
    traces = aiohttp.TraceConfig()
    traces.on_connection_create_end.append(_created)
    traces.on_connection_reuseconn.append(_reused)
    connector: aiohttp.BaseConnector
    if endpoint.scheme == "unix":
        connector = aiohttp.UnixConnector(endpoint.path, limit=0, keepalive_timeout=_KEEP)
    else:
        connector = aiohttp.TCPConnector(limit=0, use_dns_cache=False, keepalive_timeout=_KEEP)
    return aiohttp.ClientSession(
        connector=connector,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=_AUTOMATIC,
        timeout=aiohttp.ClientTimeout(total=None),
        trace_configs=[traces],
        max_line_size=_HEAD,
        max_field_size=_HEAD,
        max_headers=_HEADERS,
    )


def _origin(endpoint: Endpoint, address: str) -> str:
    scheme = "https" if endpoint.scheme == "https" else "http"
    host = f"[{address}]" if ":" in address else address or "localhost"
    return f"{scheme}://{host}:{endpoint.port}" if endpoint.port else f"{scheme}://{host}"
