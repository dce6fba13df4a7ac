"""What a request brings: its query and its body, bounded in size and time, checked against the shapes.

It decides what is refused before anything is done. It must not know what is asked for.
"""

import asyncio
from typing import Any, TypeVar

import orjson
from aiohttp import HttpVersion11, web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import BaseModel, ValidationError

from gateway.admin.calls import JSON, YAML_TYPES
from gateway.admin.refusals import AnswerError, invalid_request, refusal
from gateway.admin.wording import misfits
from gateway.config.source import MAX_BYTES

MAX_CONFIG = MAX_BYTES
"""Bytes of a configuration's text."""
CODINGS = ("identity", "gzip", "deflate")
"""How a body may be compressed."""
WITHIN = 30.0
"""Seconds in which a whole body must have come."""

ModelT = TypeVar("ModelT", bound=BaseModel)


def query(request: web.Request, shape: type[ModelT]) -> ModelT:
    """The query; unknown and repeated parameters are refused."""
    given = request.query
    repeated = sorted({name for name in given if len(given.getall(name)) > 1})
    if repeated:
        raise refusal("bad_request", f"the query has {repeated[0]} more than once")
    try:
        return shape.model_validate(dict(given))
    except ValidationError as error:
        found = misfits(error, shape)
        raise refusal("bad_request", "; ".join(f"query {each.path}: {each.message}" for each in found)) from None


async def body(request: web.Request, shape: type[Any], *, must_have_type: bool, within: float = WITHIN) -> Any:
    """The body: a configuration's text for `bytes`, JSON for a model; for NoneType nothing is read. `must_have_type`:
    even an empty body says what it is, as no form of a web page can."""
    if shape is type(None):
        return None
    if request.body_exists or must_have_type:
        _check_type(request, YAML_TYPES if shape is bytes else (JSON,))
    data = await _read(request, MAX_CONFIG if shape is bytes else shape.limit, within)
    return data if shape is bytes else _parsed(data, shape)


async def expect(request: web.Request) -> None:
    """Nothing yet: a client that waits to be asked for its body is asked by `body`, once all else is in order."""


def _check_type(request: web.Request, allowed: tuple[str, ...]) -> None:
    given = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if given not in allowed:
        raise refusal("unsupported_media_type", f"content-type: {' or '.join(allowed)} is due")
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in CODINGS:
        raise refusal("unsupported_media_type", f"content-encoding: {' or '.join(CODINGS)} is due")


async def _read(request: web.Request, limit: int, within: float) -> bytes:
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(within):
            await _go_on(request)
            return await _all(request, limit)
    except TimeoutError:
        raise refusal("timeout", f"the body did not come within {within:g} s", Connection="close") from None
    except (web.RequestPayloadError, HttpProcessingError):
        raise refusal("bad_request", "the body is broken", Connection="close") from None


async def _go_on(request: web.Request) -> None:
    if request.headers.get("Expect", "").lower() == "100-continue" and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # nothing of the answer has gone yet


async def _all(request: web.Request, limit: int) -> bytes:
    """Counted as it comes out, so that a small body cannot stand for a large one."""
    data = bytearray()
    async for piece in request.content.iter_any():
        data += piece
        if len(data) > limit:
            raise _too_large(limit)
    return bytes(data)


def _too_large(limit: int) -> AnswerError:
    return refusal("body_too_large", f"at most {limit >> 10} KiB may be sent here", Connection="close")


def _parsed(data: bytes, shape: type[BaseModel]) -> BaseModel:
    try:
        return shape.model_validate(orjson.loads(data or b"{}"))
    except orjson.JSONDecodeError as error:
        raise refusal("bad_request", f"the body is not JSON: {error}") from None
    except ValidationError as error:
        raise invalid_request(misfits(error, shape)) from None
