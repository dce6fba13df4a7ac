"""The admin side as an aiohttp application: the API, metrics, liveness, readiness, and what there is.

It decides what every answer has in common. It must not know how the facts it shows come to be.
"""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import cache

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from gateway.admin import api, openapi
from gateway.admin.access import Tokens, guard
from gateway.admin.calls import PREFIX, Context
from gateway.admin.metrics import BoardCollector, Exposition
from gateway.admin.operations import Operations
from gateway.admin.refusals import refusal, translated
from gateway.admin.streams import Streams
from gateway.admin.strikes import Strikes
from gateway.admin.table import CALLS
from gateway.links.board import Board

INDEX = """model gateway, revision {revision}

/metrics   Prometheus or OpenMetrics text, all workers in one answer
/livez     200 while this process answers
/readyz    200 while the gateway serves, 503 before and while it drains
{prefix}/openapi.json   the admin API, described
"""

ALWAYS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Gateway-Api": "v1"}
"""On every answer; by the last one a client knows that it speaks to an admin side."""

Report = Callable[[str, Exception], None]
"""Is told of what failed unexpectedly, and where."""


def application(
    operations: Operations,
    board: Board,
    *,
    tokens: Tokens,
    report: Report,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> web.Application:
    """The whole admin side. `tokens` is asked at each request, since a reload may change them; while it has none,
    everybody on this machine may do everything."""
    streams = Streams()
    context = Context(operations=operations, streams=streams, tokens=tokens, now=now, document=_document())
    app = web.Application(middlewares=[errors(report), guard(tokens, Strikes(time.monotonic))])
    app.add_routes([*_pages(operations, board), *api.routes(context, CALLS)])
    app.on_response_prepare.append(finish)
    app.on_shutdown.append(_ending(streams))
    return app


@cache
def _document() -> bytes:
    return openapi.document(CALLS)


def _ending(streams: Streams) -> Callable[[web.Application], Awaitable[None]]:
    async def end(app: web.Application) -> None:
        streams.end()

    return end


def _pages(operations: Operations, board: Board) -> list[web.RouteDef]:
    exposition = Exposition(lambda: BoardCollector(board, operations.snapshot, operations.overrides()))

    async def index(request: web.Request) -> web.Response:
        return web.Response(text=INDEX.format(revision=operations.snapshot.revision, prefix=PREFIX))

    async def livez(request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(request: web.Request) -> web.Response:
        return web.Response(text="ok\n") if operations.is_ready() else web.Response(text="not ready\n", status=503)

    async def metrics(request: web.Request) -> web.Response:
        body, content_type = await exposition.render(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    by_path = {"/": index, "/livez": livez, "/readyz": readyz, "/metrics": metrics}
    return [web.get(path, handler) for path, handler in by_path.items()]


async def finish(request: web.Request, response: web.StreamResponse) -> None:
    """What all answers have; the versions of what we are made of are nobody's business."""
    response.headers.popall("Server", None)
    response.headers.update(ALWAYS)


def errors(report: Report) -> Middleware:
    """Gives every refusal the shape of all errors here."""

    @web.middleware
    async def shape(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPMethodNotAllowed as refused:
            return _other_method(request, refused)
        except web.HTTPNotFound:
            return refusal("not_found", "there is nothing here; / lists what there is").response()
        except Exception as failure:
            known = translated(failure)
            if known is None:
                report(request.path, failure)
                known = refusal("internal_error", "this answer failed; the log says why")
            return known.response()

    return shape


def _other_method(request: web.Request, refused: web.HTTPMethodNotAllowed) -> web.Response:
    allowed = ", ".join(sorted({*refused.allowed_methods, "OPTIONS"}))
    if request.method == "OPTIONS":
        return web.Response(status=204, headers={"Allow": allowed})
    return refusal("method_not_allowed", f"{request.path} takes {allowed}", Allow=allowed).response()
