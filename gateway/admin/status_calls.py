"""The calls that show how it goes, and what may be asked."""

import asyncio

from aiohttp import web

from gateway.admin import convert
from gateway.admin.calls import JSON, Asked, answered
from gateway.admin.requests import NoQuery


async def get_status(asked: Asked[NoQuery, None]) -> web.StreamResponse:
    """Everything at a glance. Thousands of variants take a tenth of a second, in which others are answered."""
    record = await asked.operations.status()
    return answered(await asyncio.to_thread(convert.status, record))


async def get_document(asked: Asked[NoQuery, None]) -> web.StreamResponse:
    """The API, described."""
    return web.Response(body=asked.context.document, content_type=JSON)
