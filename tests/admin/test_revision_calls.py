"""Listing, reading and restoring revisions."""

import hashlib

import pytest

from tests.admin.memory import CONFIG, NEEDS_RESTART, RESPLIT
from tests.admin.site import Site

JSON = {"Content-Type": "application/json"}


async def make(site: Site, count: int) -> None:
    """Revisions 2 to `count`."""
    for number in range(2, count + 1):
        assert (await site.put(CONFIG + b"# %d\n" % number)).status == 200


async def pages(site: Site, limit: int) -> list[list[int]]:
    """Every page, by following `next`."""
    found, before = [], {}
    while True:
        answer = await site.ask("GET", "/revisions", role="viewer", params={"limit": limit, **before})
        body = await answer.json()
        found.append([each["revision"] for each in body["items"]])
        if body["next"] is None:
            return found
        before = {"before": body["next"]}


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(2, [[5, 4], [3, 2], [1]]), (5, [[5, 4, 3, 2, 1]]), (4, [[5, 4, 3, 2], [1]]), (1, [[5], [4], [3], [2], [1]])],
)
async def test_pages_hold_every_revision_once(site: Site, limit: int, expected: list[list[int]]) -> None:
    await make(site, 5)
    assert await pages(site, limit) == expected


async def test_a_page_before_the_first_is_empty(site: Site) -> None:
    body = await (await site.ask("GET", "/revisions", params={"before": 1})).json()
    assert body == {"items": [], "next": None}


async def test_the_list_has_no_texts(site: Site) -> None:
    body = await (await site.ask("GET", "/revisions")).json()
    assert body["items"] == [
        {
            "revision": 1,
            "author": "file",
            "message": "",
            "time": "2026-01-31T12:01:00Z",
            "origin": "file",
            "hash": hashlib.sha256(CONFIG).hexdigest(),
            "kept": True,
        }
    ]


async def test_one_revision_has_its_text(site: Site) -> None:
    await site.put(RESPLIT)
    body = await (await site.ask("GET", "/revisions/1", role="viewer")).json()
    assert (body["revision"], body["yaml"]) == (1, CONFIG.decode())


@pytest.mark.parametrize("number", ["2", "0", "9007199254740992", "99999999999999999999", "-1", "1.0", "x", "٣", "01x"])
@pytest.mark.parametrize(("method", "end"), [("GET", ""), ("POST", "/restore")])
async def test_a_revision_that_is_none_is_not_found(site: Site, number: str, method: str, end: str) -> None:
    answer = await site.ask(method, f"/revisions/{number}{end}", headers=JSON)
    assert (answer.status, (await answer.json())["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=-1",
        "limit=x",
        "limit=1.0",
        "limit=",
        "limit=1_0",
        "limit=%201",
        "before=x",
        "since=1",
    ],
)
async def test_a_page_that_makes_no_sense_is_refused(site: Site, query: str) -> None:
    answer = await site.ask("GET", f"/revisions?{query}")
    body = await answer.json()
    assert (answer.status, body["error"]["code"]) == (400, "bad_request")
    assert query.partition("=")[0] in body["error"]["message"]


async def test_an_older_revision_is_restored_as_a_new_one(site: Site) -> None:
    await site.put(RESPLIT)
    answer = await site.ask(
        "POST", "/revisions/1/restore", role="operator", params={"message": "too many errors"}, headers=JSON
    )
    body = await answer.json()
    assert (answer.status, answer.headers["ETag"]) == (200, '"3"')
    assert {name: body[name] for name in ("revision", "author", "origin", "message")} == {
        "revision": 3,
        "author": "operator",
        "origin": "restore",
        "message": "too many errors",
    }
    assert site.memory.revision.text == CONFIG


@pytest.mark.parametrize("body", [b"", b"{}", b" { } "])
async def test_restoring_takes_no_body_or_an_empty_one(site: Site, body: bytes) -> None:
    assert (await site.ask("POST", "/revisions/1/restore", data=body, headers=JSON)).status == 200


async def test_with_a_token_restoring_needs_no_content_type(site: Site) -> None:
    answer = await site.ask("POST", "/revisions/1/restore", skip_auto_headers=["Content-Type"])
    assert answer.status == 200


@pytest.mark.parametrize("body", [b'{"message": "x"}', b"[]", b"null", b"1"])
async def test_restoring_takes_no_other_body(site: Site, body: bytes) -> None:
    answer = await site.ask("POST", "/revisions/1/restore", data=body, headers=JSON)
    assert (answer.status, (await answer.json())["error"]["code"]) == (422, "invalid_request")


async def test_restoring_on_top_of_what_was_not_seen_is_stale(site: Site) -> None:
    await site.put(RESPLIT)
    answer = await site.ask("POST", "/revisions/1/restore", headers=JSON | {"If-Match": '"1"'})
    assert (answer.status, (await answer.json())["error"]["revision"]) == (412, 2)


async def test_while_the_store_is_away_nothing_old_can_be_read(site: Site) -> None:
    site.memory.is_store_away = True
    for path in ("/revisions", "/revisions/1", "/events"):
        answer = await site.ask("GET", path)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert (await answer.json())["error"]["message"] == "the store cannot be read: the disk is gone"
    assert (await site.ask("GET", "/config")).status == 200
    assert (await site.put(RESPLIT)).status == 200


async def test_a_refused_restore_changes_nothing(site: Site) -> None:
    assert (await site.put(NEEDS_RESTART)).status == 409
    assert site.memory.revision.number == 1
