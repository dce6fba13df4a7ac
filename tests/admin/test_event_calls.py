"""Events as pages and as a stream."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest
from aiohttp import ClientResponse

from tests.admin.memory import CONFIG, RESPLIT
from tests.admin.site import Site

STREAM = {"Accept": "text/event-stream"}


async def make(site: Site, count: int) -> None:
    """So many more events."""
    for number in range(count):
        assert (await site.put(CONFIG + b"# %d\n" % number)).status == 200


@asynccontextmanager
async def following(site: Site, path: str = "/events", **headers: str) -> AsyncIterator[ClientResponse]:
    answer = await site.ask("GET", path, role="viewer", headers=STREAM | headers)
    try:
        yield answer
    finally:
        answer.close()


async def messages(answer: ClientResponse, count: int) -> list[tuple[int, str]]:
    """The next of a stream: the id of each, and the subject of the event in it."""
    found = []
    async with asyncio.timeout(10):
        while len(found) < count:
            lines = await block(answer)
            if lines[0].startswith("id: "):
                event = orjson.loads(lines[1].removeprefix("data: "))
                assert lines[0] == f"id: {event['id']}"
                found.append((event["id"], event["subject"]))
    return found


async def block(answer: ClientResponse) -> list[str]:
    return (await answer.content.readuntil(b"\n\n")).decode().rstrip("\n").split("\n")


async def test_a_page_has_the_newest_the_oldest_first(site: Site) -> None:
    await make(site, 3)
    body = await (await site.ask("GET", "/events", role="viewer", params={"limit": 2})).json()
    assert body == {
        "items": [
            {
                "id": number,
                "time": f"2026-01-31T12:00:0{number}Z",
                "kind": "reload_applied",
                "subject": f"revision {number}",
                "who": "admin",
                "why": "",
                "detail": {"n": number},
            }
            for number in (3, 4)
        ],
        "next": 4,
    }


async def test_by_next_every_event_is_read_once(site: Site) -> None:
    await make(site, 4)
    found, since = [], 0
    while True:
        body = await (await site.ask("GET", "/events", params={"limit": 2, "since": since})).json()
        found += [each["id"] for each in body["items"]]
        if not body["items"]:
            assert body["next"] == since
            break
        since = body["next"]
    assert found == [1, 2, 3, 4, 5]


async def test_a_stream_begins_after_what_was_seen_and_goes_on(site: Site) -> None:
    await make(site, 2)
    async with following(site, "/events?since=1") as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")
        assert answer.headers["Cache-Control"] == "no-store"
        assert await messages(answer, 2) == [(2, "revision 2"), (3, "revision 3")]
        await site.put(RESPLIT)
        assert await messages(answer, 1) == [(4, "revision 4")]


async def test_without_since_a_stream_begins_now(site: Site) -> None:
    async with following(site) as answer:
        assert await block(answer) == ["retry: 2000"]
        await site.put(RESPLIT)
        assert await messages(answer, 1) == [(2, "revision 2")]


async def test_a_reader_that_comes_back_goes_on_where_it_was(site: Site) -> None:
    """As a browser's EventSource does: its field goes before what the address says."""
    await make(site, 3)
    async with following(site, "/events?since=0", **{"Last-Event-ID": "3"}) as answer:
        assert await messages(answer, 1) == [(4, "revision 4")]


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "99999999999999999999"])
async def test_an_id_that_is_none_is_refused(site: Site, given: str) -> None:
    async with following(site, **{"Last-Event-ID": given}) as answer:
        assert answer.status == 400


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "text/*", "text/event-stream;q=0"])
async def test_only_who_asks_for_a_stream_gets_one(site: Site, accept: str) -> None:
    answer = await site.ask("GET", "/events", headers={"Accept": accept})
    assert answer.headers["Content-Type"] == "application/json"


async def test_a_stream_ends_with_the_token_it_was_let_in_by(site: Site) -> None:
    async with following(site) as answer:
        site.tokens.pop(0)
        await site.put(RESPLIT)
        rest = await asyncio.wait_for(answer.content.read(), 10)
    assert rest == b"retry: 2000\n\n"


async def test_streams_end_with_the_gateway(site: Site) -> None:
    """At once, and cleanly: a reader comes back to whoever serves next."""
    async with following(site) as answer:
        assert await block(answer) == ["retry: 2000"]
        await asyncio.wait_for(site.client.server.close(), 5)
        assert await asyncio.wait_for(answer.content.read(), 5) == b""
    assert site.memory.followers == 0
