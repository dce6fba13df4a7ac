"""Who may: the token of a request, or without tokens the proof that it comes from this machine and no web page.

It decides who a caller is and whether the caller may. It must not know what is asked.
"""

import math
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from gateway.admin.hosts import is_loopback
from gateway.admin.refusals import AnswerError, refusal
from gateway.admin.strikes import Strikes
from gateway.admin.tokens import RANK, Bearer, find
from gateway.config.settings import Role

OPEN = frozenset({"/", "/metrics", "/livez", "/readyz"})
"""Paths that need no token."""
ANY_HOST = OPEN - {"/"}
"""Paths that answer without tokens to any name, for probes and Prometheus."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

ANYBODY = Bearer("anonymous", "admin", b"")
"""Who everybody is while there are no tokens."""
BEARER = web.RequestKey("bearer", Bearer)

Tokens = Callable[[], Sequence[Bearer]]

_CHALLENGE = 'Bearer realm="gateway"'


def guard(tokens: Tokens, strikes: Strikes) -> Middleware:
    """Lets through who is known, and says who it is."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        known = tokens()
        if not known:
            _from_here(request)
            request[BEARER] = ANYBODY
        elif request.path not in OPEN:
            request[BEARER] = _bearer(request, known, strikes)
        return await handler(request)

    return check


def require(request: web.Request, role: Role) -> Bearer:
    """The bearer, whose role reaches that one."""
    bearer = request[BEARER]
    if RANK[bearer.role] < RANK[role]:
        raise refusal("forbidden", f"this takes the role {role}; the token {bearer.name} has the role {bearer.role}")
    return bearer


def is_known(bearer: Bearer, known: Sequence[Bearer]) -> bool:
    """Whether the bearer, who was let through before, would be still."""
    return bearer in (known or (ANYBODY,))


def _from_here(request: web.Request) -> None:
    host = request.headers.get("Host", "")
    if request.path not in ANY_HOST and not is_loopback(host):
        raise refusal("forbidden", "without tokens the admin side answers to a loopback name only, such as localhost")
    if request.method not in SAFE and not _is_own(request.headers.getall("Origin", []), host):
        raise refusal("forbidden", "without tokens a page from elsewhere may change nothing here")


def _is_own(origins: list[str], host: str) -> bool:
    """Whether a browser, if it was one, asked for a page of ours."""
    return all(urlsplit(origin).netloc.lower() == host.lower() for origin in origins)


def _bearer(request: web.Request, known: Sequence[Bearer], strikes: Strikes) -> Bearer:
    address = request.remote or ""
    found = find(known, _token(request))
    wait = strikes.wait(address)
    if wait and not (found and strikes.knows(address, found.name)):
        raise refusal(
            "too_many_requests", "too many bad tokens came from this address", Retry_After=str(math.ceil(wait))
        )
    if found is None:
        strikes.add(address)
        raise _unauthorized("nobody has this token", f'{_CHALLENGE}, error="invalid_token"')
    strikes.remember(address, found.name)
    return found


def _token(request: web.Request) -> str:
    fields = request.headers.getall("Authorization", [])
    scheme, _, token = fields[0].partition(" ") if len(fields) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token.strip():
        raise _unauthorized("a token is due, as Authorization: Bearer TOKEN, and nowhere else", _CHALLENGE)
    return token.strip()


def _unauthorized(message: str, challenge: str) -> AnswerError:
    return refusal("unauthorized", message, WWW_Authenticate=challenge)
