"""Asking a variant whether it answers."""

import base64
from typing import Any

import pytest

from gateway.admin.operations import Sample
from gateway.links.board import Board
from tests.admin.memory import CONFIG, Memory
from tests.admin.site import Opener, Site, bearers, open_site

PATH = "/variants/fraud-4/probe"


async def probe(site: Site, sample: object) -> tuple[int, dict[str, Any]]:
    answer = await site.ask("POST", PATH, role="operator", json={"sample": sample})
    return answer.status, await answer.json()


async def test_without_a_sample_it_is_asked_as_it_always_is(site: Site) -> None:
    answer = await site.ask("POST", PATH, role="operator", json={})
    assert (answer.status, await answer.json()) == (
        200,
        {
            "asked": "a connection",
            "endpoints": [{"url": "http://10.0.0.2:8000", "problem": "", "status": None, "seconds": 0.004}],
        },
    )
    assert site.memory.sample is None


@pytest.mark.parametrize(
    ("given", "sample"),
    [
        ({"route": "fraud"}, Sample("fraud", "POST", "/v1/fraud", {})),
        (
            {"route": "fraud", "method": "GET", "path": "/v1/fraud?a=1", "headers": {"x-a": "b c"}, "body": "{\u00fc}"},
            Sample("fraud", "GET", "/v1/fraud?a=1", {"x-a": "b c"}, "{\u00fc}".encode()),
        ),
        (
            {"route": "fraud", "body_base64": base64.b64encode(b"\xff\x00").decode()},
            Sample("fraud", "POST", "/v1/fraud", {}, b"\xff\x00"),
        ),
        ({"route": "fraud", "body": "x" * 1_000_000}, Sample("fraud", "POST", "/v1/fraud", {}, b"x" * 1_000_000)),
    ],
)
async def test_a_sample_is_handed_on_as_a_caller_would_send_it(site: Site, given: object, sample: Sample) -> None:
    assert (await probe(site, given))[0] == 200
    assert site.memory.sample == sample


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({}, "sample.route"),
        ({"route": "frau"}, "sample.route"),
        ({"route": "fraud", "method": "GET / HTTP/1.1\r\n"}, "sample.method"),
        ({"route": "fraud", "path": "v1"}, "sample.path"),
        ({"route": "fraud", "path": "/a b"}, "sample.path"),
        ({"route": "fraud", "path": "/a\r\nx: y"}, "sample.path"),
        ({"route": "fraud", "path": "/a\n"}, "sample.path"),
        ({"route": "fraud", "headers": {"x": "a\r\nb: c"}}, "sample.headers.x"),
        ({"route": "fraud", "headers": {"x": "a\n"}}, "sample.headers.x"),
        ({"route": "fraud", "headers": {"x y": "a"}}, "sample.headers.x y.[key]"),
        ({"route": "fraud", "headers": {"": "a"}}, "sample.headers..[key]"),
        ({"route": "fraud", "headers": {f"x{number}": "a" for number in range(101)}}, "sample.headers"),
        ({"route": "fraud", "body_base64": "?"}, "sample.body_base64"),
        ({"route": "fraud", "body": "x", "body_base64": "eA=="}, "sample"),
        ({"route": "fraud", "bodi": "x"}, "sample.bodi"),
    ],
)
async def test_what_no_caller_could_send_is_refused(site: Site, given: object, place: str) -> None:
    status, body = await probe(site, given)
    assert (status, body["error"]["faults"][0]["path"]) == (422, place)
    assert site.memory.sample is None


async def test_what_may_stand_in_a_sample_is_named(site: Site) -> None:
    _, body = await probe(site, {"route": "fraud", "heders": {}})
    expected = 'unknown (did you mean "headers"?); allowed: route, method, path, headers, body, body_base64'
    assert body["error"]["faults"] == [{"path": "sample.heders", "message": expected}]


async def test_the_path_below_a_prefix_must_be_given(aiohttp_client: Opener, board: Board, memory: Memory) -> None:
    site = await open_site(aiohttp_client, memory, board, bearers())
    await site.put(CONFIG.replace(b"/v1/fraud}", b"/v1/*}"))
    status, body = await probe(site, {"route": "fraud"})
    assert (status, body["error"]["message"]) == (422, "sample.path: a path is due: the route takes all of /v1/*")
    assert (await probe(site, {"route": "fraud", "path": "/v1/x"}))[0] == 200


async def test_what_control_refuses_and_does_not_know_is_told(site: Site) -> None:
    assert (await probe(site, {"route": "fraud", "method": "TRACE"}))[0] == 409
    assert (await site.ask("POST", "/variants/nobody/probe", json={})).status == 404
