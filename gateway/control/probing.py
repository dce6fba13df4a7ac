"""Probing: a variant's endpoints are asked, once each, whether they answer.

It decides what is asked and how long an answer may take. No caller's call is touched, and nothing is counted. What is
wrong is told in words; a reply's content never is.
"""

import asyncio
import secrets
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

from gateway.admin.operations import Probe, Probed, Sample
from gateway.control import sampling
from gateway.control.sampling import Request
from gateway.core.model import Endpoint, Snapshot, Variant
from gateway.wire.tls import client_context

AT_ONCE = 32
"""Endpoints asked at the same time."""
LONGEST = 20.0
"""Seconds a reply may take, whatever the variant's timeouts allow: somebody waits for it."""
_ENOUGH = 1 << 20
"""Bytes of a reply that are read."""
_AUTOMATIC = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


@dataclass(frozen=True, slots=True)
class _Question:
    """What one address is asked: `request` None stands for a connection alone."""

    variant: Variant
    request: Request | None
    within: float
    tls: ssl.SSLContext | None


async def probe(snapshot: Snapshot, variant: str, sample: Sample | None) -> Probe:
    """Asks every endpoint of that variant, which is one of the snapshot's; RefusedError for a sample that its route
    would not take."""
    settings = snapshot.variants[variant]
    request, within = _asked(snapshot, settings, sample)
    shown = "a connection" if request is None else f"{request.method} {request.target}"
    try:
        tls = await asyncio.to_thread(_context, settings)
    except OSError as error:
        problem = f"its TLS files cannot be used: {error.strerror or error}"
        return Probe(shown, tuple(Probed(each.url, problem, None, 0.0) for each in settings.endpoints))
    question = _Question(settings, request, within, tls)
    free = asyncio.Semaphore(AT_ONCE)
    found = await asyncio.gather(*(_endpoint(each, question, free) for each in settings.endpoints))
    return Probe(shown, tuple(answer for answers in found for answer in answers))


def _asked(snapshot: Snapshot, variant: Variant, sample: Sample | None) -> tuple[Request | None, float]:
    """What is asked, and how long its answer may take."""
    if sample is not None:
        within = min(LONGEST, variant.timeouts.total, snapshot.routes[sample.route].deadline)
        return sampling.request(snapshot, variant, sample, mark=secrets.token_hex(16)), within
    if variant.health is not None:
        return sampling.plain(variant, variant.health.path), variant.health.timeout
    return None, variant.timeouts.connect


def _context(variant: Variant) -> ssl.SSLContext | None:
    if all(each.scheme != "https" for each in variant.endpoints):
        return None
    tls = variant.tls
    return client_context(tls.ca, tls.cert, tls.key, verify=tls.verify)


async def _endpoint(endpoint: Endpoint, question: _Question, free: asyncio.Semaphore) -> list[Probed]:
    """Each address that its name stands for: workers call them all."""
    async with free:
        try:
            addresses = await _addresses(endpoint, question.variant.timeouts.connect)
        except (OSError, UnicodeError) as error:
            return [Probed(endpoint.url, f"its name gives no address: {_reason(error)}", None, 0.0, address=None)]
        return [await _address(endpoint, question, address=address) for address in addresses]


async def _addresses(endpoint: Endpoint, within: float) -> list[str]:
    if endpoint.scheme == "unix":
        return [endpoint.host]
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(within):
        found = await loop.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    return sorted({str(info[4][0]) for info in found})


async def _address(endpoint: Endpoint, question: _Question, *, address: str) -> Probed:
    named = address if address != endpoint.host else ""
    begun = time.monotonic()
    ask = _connect if question.request is None else _exchange
    status, problem = await _told(lambda: ask(endpoint, question, address), within=question.within)
    shown = f"{named}: {problem}" if named and problem else problem
    return Probed(endpoint.url, shown, status, round(time.monotonic() - begun, 6), address=named)


async def _told(ask: Callable[[], Awaitable[int | None]], *, within: float) -> tuple[int | None, str]:
    """The status, if there is one, and what is wrong."""
    try:
        async with asyncio.timeout(within):
            status = await ask()
    except aiohttp.ClientError as error:
        return None, _reason(error)
    except TimeoutError:
        return None, f"no answer within {within:g} s"
    except (OSError, ValueError) as error:
        return None, _reason(error)
    if status is None or 200 <= status < 300:
        return status, ""
    return status, f"it answered {status}, and 2xx is due"


async def _connect(endpoint: Endpoint, question: _Question, address: str) -> None:
    """A connection, secured where the variant's are."""
    if endpoint.scheme == "unix":
        _, writer = await asyncio.open_unix_connection(endpoint.path)
    else:
        tls = question.tls if endpoint.scheme == "https" else None
        name = _server_name(endpoint, question.variant) if tls is not None else None
        _, writer = await asyncio.open_connection(address, endpoint.port, ssl=tls, server_hostname=name)
    writer.transport.abort()


async def _exchange(endpoint: Endpoint, question: _Question, address: str) -> int:
    """The request and its reply."""
    request, secure = question.request, endpoint.scheme == "https"
    assert request is not None
    host = f"[{address}]" if ":" in address else address or "localhost"
    port = f":{endpoint.port}" if endpoint.port else ""
    connector = aiohttp.UnixConnector(endpoint.path) if endpoint.scheme == "unix" else aiohttp.TCPConnector()
    async with (
        aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_AUTOMATIC,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=question.variant.timeouts.connect),
        ) as session,
        session.request(
            request.method,
            f"{'https' if secure else 'http'}://{host}{port}{request.target}",
            headers=[("Host", request.host or endpoint.authority), *request.fields],
            data=request.body or None,
            allow_redirects=False,
            ssl=question.tls if question.tls is not None else True,
            server_hostname=_server_name(endpoint, question.variant) if secure else None,
        ) as reply,
    ):
        await _read(reply)
        return reply.status


async def _read(reply: aiohttp.ClientResponse) -> None:
    """Enough to know that it comes: all of it, or the first bytes of a stream."""
    enough = 1 if reply.content_type == "text/event-stream" else _ENOUGH
    size = 0
    while size < enough and (piece := await reply.content.readany()):
        size += len(piece)


def _server_name(endpoint: Endpoint, variant: Variant) -> str:
    return variant.tls.server_name or endpoint.host


def _reason(error: Exception) -> str:
    """In words that hold nothing of the request or the reply."""
    if isinstance(error, TimeoutError):
        return "it does not answer a connection in time"
    cause = getattr(error, "os_error", error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {cause.verify_message}"
    if isinstance(cause, ConnectionRefusedError):
        return "it refuses connections"
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError):
        return "its reply broke off"
    said = getattr(cause, "strerror", None) or getattr(cause, "reason", None)
    return f"{type(error).__name__}: {said}" if isinstance(said, str) else type(error).__name__
