"""A server that tells what reached it: method, target, fields and a digest of the body; and a few shapes of answers."""

import gzip
import hashlib

from aiohttp import web

TEXT = b"the quick brown fox " * 500


def echo() -> web.Application:
    """The application."""
    app = web.Application(client_max_size=1 << 30)
    app.router.add_get("/v1/gzip", compressed)
    app.router.add_get("/v1/pieces", pieces)
    app.router.add_route("*", "/{path:.*}", tell)
    return app


async def tell(request: web.Request) -> web.Response:
    """Everything, as JSON."""
    digest, length = hashlib.sha256(), 0
    async for data in request.content.iter_any():
        digest.update(data)
        length += len(data)
    said = {
        "method": request.method,
        "target": request.raw_path,
        "fields": {name.lower(): value for name, value in request.headers.items()},
        "length": length,
        "sha256": digest.hexdigest(),
    }
    return web.json_response(said, headers={"x-model": "echo"})


async def compressed(request: web.Request) -> web.Response:
    """A text, compressed where the client takes it."""
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return web.Response(body=TEXT)
    return web.Response(body=gzip.compress(TEXT), headers={"content-encoding": "gzip"})


async def pieces(request: web.Request) -> web.StreamResponse:
    """A chunked answer of a hundred pieces."""
    answer = web.StreamResponse()
    await answer.prepare(request)
    for number in range(100):
        await answer.write(f"piece {number}\n".encode())
    return answer
