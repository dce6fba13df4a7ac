"""The admin side over HTTP."""

import os
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from gateway.admin.app import Facts, application
from gateway.core.model import Snapshot
from gateway.links.board import Board

Client = TestClient[web.Request, web.Application]
Opener = Callable[[web.Application], Awaitable[Client]]


@pytest.fixture
def reported() -> list[tuple[str, Exception]]:
    return []


@pytest.fixture
def facts(reported: list[tuple[str, Exception]]) -> Iterator[Facts]:
    descriptor = os.memfd_create("board")
    board = Board.create(descriptor, 1, names=4096, cells=512)
    yield Facts(
        snapshot=Snapshot(listen=(), variants={}, routes={}, revision=12),
        board=board,
        has_tokens=False,
        is_ready=lambda: True,
        report=lambda where, error: reported.append((where, error)),
    )
    os.close(descriptor)


async def test_the_index_says_what_there_is(aiohttp_client: Opener, facts: Facts) -> None:
    client = await aiohttp_client(application(facts))
    answer = await client.get("/")
    text = await answer.text()
    assert answer.status == 200
    assert "revision 12" in text
    for path in [line.split()[0] for line in text.splitlines() if line.startswith("/")]:
        assert (await client.get(path)).status == 200, path


@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
async def test_readiness_is_asked_each_time(aiohttp_client: Opener, facts: Facts, ready: bool, status: int) -> None:
    client = await aiohttp_client(application(replace(facts, is_ready=lambda: ready)))
    assert (await client.get("/readyz")).status == status
    assert (await client.head("/readyz")).status == status
    assert (await client.get("/livez")).status == 200


@pytest.mark.parametrize("host", ["evil.example", "10.0.0.1:9090", ""])
@pytest.mark.parametrize("path", ["/", "/api/v1/status", "/unknown"])
async def test_without_tokens_other_names_are_refused(
    aiohttp_client: Opener, facts: Facts, host: str, path: str
) -> None:
    """A page that a browser loaded elsewhere must not read the admin side by a name of its own."""
    client = await aiohttp_client(application(facts))
    answer = await client.get(path, headers={"Host": host})
    assert answer.status == 403
    assert (await answer.json())["error"]["code"] == "forbidden"


@pytest.mark.parametrize("path", ["/metrics", "/livez", "/readyz"])
async def test_probes_and_prometheus_may_use_any_name(aiohttp_client: Opener, facts: Facts, path: str) -> None:
    client = await aiohttp_client(application(facts))
    assert (await client.get(path, headers={"Host": "gateway.monitoring:9090"})).status == 200


async def test_with_tokens_any_name_is_answered(aiohttp_client: Opener, facts: Facts) -> None:
    client = await aiohttp_client(application(replace(facts, has_tokens=True)))
    assert (await client.get("/", headers={"Host": "gateway.example"})).status == 200


async def test_errors_have_the_gateways_shape(aiohttp_client: Opener, facts: Facts) -> None:
    client = await aiohttp_client(application(facts))
    absent, refused = await client.get("/unknown"), await client.post("/metrics")
    assert (absent.status, (await absent.json())["error"]["code"]) == (404, "not_found")
    assert (refused.status, (await refused.json())["error"]["code"]) == (405, "method_not_allowed")
    assert refused.headers["Allow"] == "GET, HEAD"


async def test_a_failure_is_reported_and_told_without_detail(
    aiohttp_client: Opener, facts: Facts, reported: list[tuple[str, Exception]]
) -> None:
    def fail() -> bool:
        raise RuntimeError("a secret detail")

    client = await aiohttp_client(application(replace(facts, is_ready=fail)))
    answer = await client.get("/readyz")
    assert answer.status == 500
    assert "secret" not in await answer.text()
    assert [(where, str(error)) for where, error in reported] == [("/readyz", "a secret detail")]


async def test_answers_do_not_say_what_they_are_made_with(aiohttp_client: Opener, facts: Facts) -> None:
    client = await aiohttp_client(application(facts))
    for path in ("/", "/metrics", "/unknown"):
        assert "Server" not in (await client.get(path)).headers


async def test_metrics_come_in_both_formats(aiohttp_client: Opener, facts: Facts) -> None:
    client = await aiohttp_client(application(facts))
    plain: Any = await client.get("/metrics")
    opened: Any = await client.get("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert plain.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert opened.headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert (await opened.text()).endswith("# EOF\n")
