"""Bodies: bounded in size, as sent and as unpacked, and in time; asked for only when all else is in order."""

import asyncio
import gzip
import zlib
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestServer

from gateway.admin import reading
from gateway.admin.app import errors
from gateway.admin.requests import MAX_JSON, Enabled
from tests.admin.memory import CONFIG, RESPLIT
from tests.admin.site import TOKENS, Opener, Site

YAML = {"Content-Type": "application/yaml"}
JSON = {"Content-Type": "application/json"}


class Wire:
    """A connection as bytes."""

    def __init__(self, site: Site) -> None:
        self._port = site.client.port

    async def __aenter__(self) -> "Wire":
        self.reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    def put(self, length: int, *, expects: bool = False, token: str = TOKENS["admin"]) -> None:
        """The head of a PUT config."""
        lines = [
            "PUT /api/v1/config HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {token}",
            "Content-Type: application/yaml",
            f"Content-Length: {length}",
            *(["Expect: 100-continue"] if expects else []),
        ]
        self.send("\r\n".join([*lines, "", ""]).encode())

    async def status(self) -> int:
        """Of the next head."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)
        return int(head.split()[1])


async def error(answer: ClientResponse) -> tuple[int, str]:
    return answer.status, (await answer.json())["error"]["code"]


async def test_a_body_that_says_it_is_too_large_is_not_waited_for(site: Site) -> None:
    async with Wire(site) as wire:
        wire.put(reading.MAX_CONFIG + 1)
        assert await wire.status() == 413


async def test_a_body_of_unknown_length_is_bounded_as_well(site: Site) -> None:
    async def chunks() -> Any:
        for _ in range(100):
            yield b"#" * 65_536

    answer = await site.ask("PUT", "/config", data=chunks(), headers=YAML)
    assert await error(answer) == (413, "body_too_large")


async def test_json_is_bounded_tighter(site: Site) -> None:
    body = b'{"enabled": false' + b" " * (MAX_JSON - 18) + b"}"
    path = "/variants/fraud-4/enabled"
    assert (await site.ask("PUT", path, data=body, headers=JSON)).status == 200
    answer = await site.ask("PUT", path, data=body + b" ", headers=JSON)
    assert await error(answer) == (413, "body_too_large")
    assert "64 KiB" in (await answer.json())["error"]["message"]


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_a_body_may_be_compressed(site: Site, coding: str, pack: Any) -> None:
    answer = await site.ask("PUT", "/config", data=pack(RESPLIT), headers=YAML | {"Content-Encoding": coding})
    assert answer.status == 200
    assert site.memory.revision.text == RESPLIT


async def test_a_small_body_cannot_stand_for_a_large_one(site: Site) -> None:
    bomb = gzip.compress(b"#" * (reading.MAX_CONFIG * 8))
    answer = await site.ask("PUT", "/config", data=bomb, headers=YAML | {"Content-Encoding": "gzip"})
    assert await error(answer) == (413, "body_too_large")


@pytest.mark.parametrize("coding", ["br", "compress", "gzip, gzip", "x"])
async def test_other_codings_are_refused(site: Site, coding: str) -> None:
    answer = await site.ask("PUT", "/config", data=CONFIG, headers=YAML | {"Content-Encoding": coding})
    assert await error(answer) == (415, "unsupported_media_type")


async def test_what_is_not_compressed_as_it_says_is_refused(site: Site) -> None:
    answer = await site.ask("PUT", "/config", data=CONFIG, headers=YAML | {"Content-Encoding": "gzip"})
    assert await error(answer) == (400, "bad_request")


async def test_broken_chunks_are_refused(site: Site) -> None:
    async with Wire(site) as wire:
        wire.send(
            b"PUT /api/v1/config HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %b\r\n"
            b"Content-Type: application/yaml\r\nTransfer-Encoding: chunked\r\n\r\n" % TOKENS["admin"].encode()
        )
        wire.send(b"5\r\nlist")
        await asyncio.sleep(0)
        wire.send(b"enxx\r\n")
        assert await wire.status() == 400
    assert site.memory.revision.number == 1


async def test_who_waits_to_be_asked_for_the_body_is_asked(site: Site) -> None:
    async with Wire(site) as wire:
        wire.put(len(RESPLIT), expects=True)
        assert await wire.status() == 100
        wire.send(RESPLIT)
        assert await wire.status() == 200
    assert site.memory.revision.text == RESPLIT


async def test_who_may_not_is_not_asked_for_the_body(site: Site) -> None:
    for token, length, status in (
        (TOKENS["operator"], 5, 403),
        ("wrong", 5, 401),
        (TOKENS["admin"], reading.MAX_CONFIG + 1, 413),
    ):
        async with Wire(site) as wire:
            wire.put(length, expects=True, token=token)
            assert await wire.status() == status


async def test_a_body_that_never_comes_is_given_up(aiohttp_client: Opener) -> None:
    """By a clock over the whole of it: a trickle does not keep it open."""

    async def read(request: web.Request) -> web.Response:
        await reading.body(request, Enabled, must_have_type=True, within=0.2)
        raise AssertionError

    app = web.Application(middlewares=[errors(lambda where, failure: None)])
    app.router.add_put("/", read)
    client = await aiohttp_client(TestServer(app))

    async def trickle() -> Any:
        while True:
            yield b" "
            await asyncio.sleep(0.02)

    answer = await asyncio.wait_for(client.put("/", data=trickle(), headers=JSON), 10)
    assert await error(answer) == (408, "timeout")
    assert answer.headers["Connection"] == "close"


async def test_who_leaves_within_a_body_changes_nothing(site: Site) -> None:
    async with Wire(site) as wire:
        wire.put(len(RESPLIT))
        wire.send(RESPLIT[:-1])
    assert (await site.ask("GET", "/config")).headers["ETag"] == '"1"'
    assert site.reported == []


def test_a_configuration_has_thirty_seconds() -> None:
    assert reading.WITHIN == 30
