"""The admin side as an aiohttp application: metrics, liveness, readiness, and what there is.

It decides what callers of the admin side are answered. It must not know how the facts it shows come to be.
"""

from collections.abc import Callable, Sequence

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from gateway.admin.hosts import is_loopback
from gateway.admin.metrics import BoardCollector, Exposition
from gateway.admin.operations import Operations
from gateway.admin.tokens import Bearer
from gateway.links.board import Board

OPEN = frozenset({"/metrics", "/livez", "/readyz"})
"""Paths that anyone who reaches the admin side may read."""

INDEX = """model gateway, revision {revision}

/metrics   Prometheus or OpenMetrics text, all workers in one answer
/livez     200 while this process answers
/readyz    200 while the gateway serves, 503 before and while it drains
"""


Report = Callable[[str, Exception], None]
"""Is told of what failed unexpectedly, and where."""


def application(
    operations: Operations, board: Board, *, tokens: Callable[[], Sequence[Bearer]], report: Report
) -> web.Application:
    """The whole admin side. `tokens` is asked at each request, since a reload may change them; while it has none,
    everybody on this machine may do everything."""
    exposition = Exposition(BoardCollector(board, lambda: operations.snapshot))

    async def index(request: web.Request) -> web.Response:
        return web.Response(text=INDEX.format(revision=operations.snapshot.revision))

    async def livez(request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(request: web.Request) -> web.Response:
        return web.Response(text="ok\n") if operations.is_ready() else web.Response(text="not ready\n", status=503)

    async def metrics(request: web.Request) -> web.Response:
        body, content_type = await exposition.render(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    app = web.Application(middlewares=[errors(report), guard(tokens)])
    app.add_routes([web.get("/", index), web.get("/livez", livez), web.get("/readyz", readyz)])
    app.router.add_get("/metrics", metrics)
    app.on_response_prepare.append(hide_server)
    return app


async def hide_server(request: web.Request, response: web.StreamResponse) -> None:
    """The versions of what we are made of are nobody's business."""
    response.headers.popall("Server", None)


def guard(tokens: Callable[[], Sequence[Bearer]]) -> Middleware:
    """Answers only callers that may be answered."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not tokens() and request.path not in OPEN and not is_loopback(request.headers.get("Host", "")):
            return error(
                403, "forbidden", "without tokens the admin side answers to a loopback name only, such as localhost"
            )
        return await handler(request)

    return check


def errors(report: Report) -> Middleware:
    """Gives every refusal the shape of all errors here."""

    @web.middleware
    async def shape(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPMethodNotAllowed as refused:
            allowed = ", ".join(sorted(refused.allowed_methods))
            answer = error(405, "method_not_allowed", f"{request.path} takes {allowed}")
            answer.headers["Allow"] = allowed
            return answer
        except web.HTTPNotFound:
            return error(404, "not_found", "there is nothing here; / lists what there is")
        except web.HTTPException:
            raise
        except Exception as failure:
            report(request.path, failure)
            return error(500, "internal_error", "this answer failed; the log says why")

    return shape


def error(status: int, code: str, message: str) -> web.Response:
    """The shape of the gateway's errors."""
    return web.json_response({"error": {"code": code, "type": "gateway_error", "message": message}}, status=status)
