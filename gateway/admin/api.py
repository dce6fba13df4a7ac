"""The calls of the admin API as aiohttp's routes: for each, who may, what came, and the answer.

It decides the order of the checks: role, query, body, then the call itself. It must not know any call in particular.
"""

from collections.abc import Sequence

from aiohttp import web

from gateway.admin import reading
from gateway.admin.accepts import accepts
from gateway.admin.access import require
from gateway.admin.calls import PREFIX, AnyCall, Asked, Context

WORTH_COMPRESSING = 4 << 10
"""Bytes from which on an answer is compressed, if asked for."""


def routes(context: Context, calls: Sequence[AnyCall]) -> list[web.RouteDef]:
    """All calls, each at its path."""
    return [_route(context, call) for call in calls]


def _route(context: Context, call: AnyCall) -> web.RouteDef:
    async def answer(request: web.Request) -> web.StreamResponse:
        bearer = require(request, call.role)
        query = reading.query(request, call.query)
        body = await reading.body(request, call.body, must_have_type=not context.tokens())
        asked = Asked(context=context, request=request, who=bearer.name, query=query, body=body)
        return _compressed(request, await call.handler(asked))

    if call.method == "GET":
        return web.get(PREFIX + call.path, answer)
    return web.route(call.method, PREFIX + call.path, answer, expect_handler=reading.expect)


def _compressed(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Where it is worth it and the caller can read it."""
    wanted = accepts(request.headers.get("Accept-Encoding", ""), "gzip")
    if wanted and isinstance(response, web.Response) and (response.content_length or 0) >= WORTH_COMPRESSING:
        response.enable_compression(web.ContentCoding.gzip)
    return response
