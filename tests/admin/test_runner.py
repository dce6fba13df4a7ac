"""What is logged of requests: nothing."""

import asyncio
import logging

import pytest
from aiohttp import web

from gateway.admin.app import application
from gateway.admin.runner import is_ours, runner
from gateway.links.board import Board
from tests.admin.memory import Memory
from tests.admin.site import bearers

SECRET = b"hush-hush"
MALFORMED = [
    b"GET /api/v1/status?token=" + SECRET + b" HXX/1.1\r\n\r\n",
    b"GET /api/v1/status HTTP/1.1\r\nAuthorization Bearer " + SECRET + b"\r\n\r\n",
    b"GET /api/v1/status HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + SECRET * 2000 + b"\r\n\r\n",
    b"GET /api/v1/status?token=\x00" + SECRET + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://[::" + SECRET + b"/ HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /api/v1/status?token=" + SECRET + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
]


async def exchange(site: web.AppRunner, data: bytes) -> bytes:
    """What is answered to these bytes, up to the end of the connection."""
    reader, writer = await asyncio.open_connection(*site.addresses[0][:2])
    writer.write(data)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    return answer


async def test_not_even_a_malformed_request_is_logged(
    memory: Memory, board: Board, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    reported: list[object] = []
    app = application(memory, board, tokens=bearers, report=lambda *what: reported.append(what))
    site = runner(app, close_within=1)
    await site.setup()
    await web.TCPSite(site, "127.0.0.1", 0).start()
    answers = [await exchange(site, data) for data in MALFORMED]
    await site.cleanup()
    assert [answer.split()[1] for answer in answers] == [b"400"] * 5 + [b"401"]
    assert SECRET.decode() not in caplog.text
    assert reported == []


def test_what_goes_wrong_with_us_is_logged() -> None:
    error = ValueError("ours")
    record = logging.LogRecord("x", logging.ERROR, "file", 1, "failed", None, (ValueError, error, None))
    assert is_ours(record)
    assert is_ours(logging.LogRecord("x", logging.ERROR, "file", 1, "failed", None, None))
