"""Health checks of real servers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.control.health import Health, Table
from gateway.core import model
from gateway.core.model import Endpoint, Snapshot, Variant

PATIENCE = 20.0
SETTINGS = model.Health("/ready", interval=0.05, timeout=5.0, unhealthy_after=2, healthy_after=1)


class Model:
    """A model server that is ready or not."""

    def __init__(self) -> None:
        self.is_ready = True
        self.asked = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        assert request.path == "/ready"
        return web.Response(status=200 if self.is_ready else 503)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Endpoint]:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self.answer)
        async with TestServer(app, host="127.0.0.1") as server:
            assert server.port is not None
            yield Endpoint(f"http://127.0.0.1:{server.port}", "http", "127.0.0.1", server.port)


class Stage:
    """A snapshot with one variant `v`, its checks, and what they told."""

    def __init__(self, *endpoints: Endpoint) -> None:
        self.show(*endpoints)
        self.tables: asyncio.Queue[Table] = asyncio.Queue()
        self.changes: asyncio.Queue[tuple[str, bool, str]] = asyncio.Queue()
        self.health = Health(lambda: self.snapshot, self.tables.put_nowait, self.changed)

    def show(self, *endpoints: Endpoint, health: model.Health | None = SETTINGS) -> None:
        self.snapshot = Snapshot((), {"v": Variant("v", endpoints, health=health)}, {})

    async def changed(self, variant: str, available: bool, why: str) -> None:
        self.changes.put_nowait((variant, available, why))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.health.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def table(self) -> Table:
        return await asyncio.wait_for(self.tables.get(), PATIENCE)

    async def change(self) -> tuple[str, bool, str]:
        return await asyncio.wait_for(self.changes.get(), PATIENCE)


async def test_an_endpoint_that_is_not_ready_is_told_and_told_again_when_it_is() -> None:
    well, ill = Model(), Model()
    ill.is_ready = False
    async with well.serving() as one, ill.serving() as other:
        stage = Stage(one, other)
        async with stage.running():
            assert await stage.table() == {"v": [other.url]}
            ill.is_ready = True
            assert await stage.table() == {}
    assert stage.changes.empty()
    assert ill.asked >= 2


async def test_a_variant_without_a_healthy_endpoint_is_unavailable() -> None:
    only = Model()
    only.is_ready = False
    async with only.serving() as endpoint:
        stage = Stage(endpoint)
        async with stage.running():
            assert await stage.change() == ("v", False, "none of 1 endpoints answers /ready well, 2 times in a row")
            only.is_ready = True
            assert await stage.change() == ("v", True, "1 of 1 endpoints answer /ready well again")


async def test_each_address_of_a_name_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one is not well the others are; where the name gives none for a while, what was known stays."""
    ill = Model()
    async with ill.serving() as endpoint:
        addresses: list[str] = ["127.0.0.1", "127.0.0.2"]
        loop = asyncio.get_running_loop()
        resolve = loop.getaddrinfo

        async def resolved(host: Any, port: Any, **options: Any) -> Any:
            if host != "models.test":
                return await resolve(host, port, **options)
            if not addresses:
                raise OSError("no such name")
            return [(2, 1, 6, "", (address, port)) for address in addresses]

        monkeypatch.setattr(loop, "getaddrinfo", resolved)
        url = f"http://models.test:{endpoint.port}"
        stage = Stage(Endpoint(url, "http", "models.test", endpoint.port))
        async with stage.running():
            assert await stage.table() == {"v": [f"{url}#127.0.0.2"]}
            assert stage.health.unwell == {}
            ill.is_ready = False
            assert await stage.table() == {"v": [f"{url}#127.0.0.1", f"{url}#127.0.0.2"]}
            assert stage.health.unwell == {"v": [url]}
            assert await stage.change() == ("v", False, "none of 2 endpoints answers /ready well, 2 times in a row")
            addresses.clear()
            await asyncio.sleep(SETTINGS.interval * 4)
            assert stage.health.unwell == {"v": [url]}
            addresses.append("127.0.0.1")
            assert await stage.table() == {"v": [f"{url}#127.0.0.1"]}
            ill.is_ready = True
            assert await stage.table() == {}
            assert await stage.change() == ("v", True, "1 of 1 endpoints answer /ready well again")


async def test_a_change_keeps_what_is_known_of_endpoints_that_stay() -> None:
    ill = Model()
    ill.is_ready = False
    async with ill.serving() as endpoint:
        stage = Stage(endpoint)
        async with stage.running():
            assert await stage.table() == {"v": [endpoint.url]}
            stage.show(endpoint, health=replace(SETTINGS, interval=0.1, unhealthy_after=9))
            asked = ill.asked
            while ill.asked < asked + 3:
                await asyncio.sleep(0.01)
            assert stage.health.table == {"v": [endpoint.url]}
            stage.show(endpoint, health=None)
            assert await stage.table() == {}
