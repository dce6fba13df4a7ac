"""What was found of shadows, as the API tells it."""

import gzip
from base64 import b64decode
from typing import Any

import pytest

from tests.admin.findings import found
from tests.admin.site import Site

SHADOW = "/routes/fraud/shadows/fraud-4"


async def ask(site: Site, path: str, **query: object) -> dict[str, Any]:
    answer = await site.ask("GET", path, role="viewer", params=query)
    assert answer.status == 200, await answer.text()
    body: dict[str, Any] = await answer.json()
    return body


async def test_a_report_is_what_the_contract_says(site: Site) -> None:
    body = await ask(site, SHADOW)
    assert {name: body[name] for name in ("route", "variant", "since", "compared", "matched", "mismatched")} == {
        "route": "fraud",
        "variant": "fraud-4",
        "since": "2026-01-31T14:00:00Z",
        "compared": 100,
        "matched": 75,
        "mismatched": 25,
    }
    assert (body["ignored"], body["errors"], body["dropped"]) == (1, {"timeout": 2}, {"queue": 5})
    assert (body["noise_pairs"], body["mismatch_rate"], body["noise_rate"]) == (100, 0.25, 0.0)
    assert body["excess"]["low"] < body["excess"]["rate"] == 0.25 < body["excess"]["high"]
    assert body["latency"]["live"].keys() == body["latency"]["shadow"].keys() == {"p50", "p90", "p99"}
    assert {row["path"]: row["mismatched"] for row in body["paths"]} == {"$.score": 25, "$.labels[*]": 25}
    others = body["ignored"] + sum(body["errors"].values()) + sum(body["dropped"].values())
    assert body["sampled"] == body["compared"] + others + body["pending"]


async def test_the_shadows_of_a_route(site: Site) -> None:
    assert await ask(site, "/routes/fraud/shadows") == {"items": [await ask(site, SHADOW)]}
    site.memory.reports.clear()
    assert await ask(site, "/routes/fraud/shadows") == {"items": []}


async def test_without_comparisons_there_are_no_rates(site: Site) -> None:
    await site.ask("DELETE", SHADOW)
    body = await ask(site, SHADOW)
    assert (body["verdict"], body["mismatch_rate"], body["noise_rate"]) == ("nothing_compared", None, None)
    assert body["excess"] == {"rate": None, "low": None, "high": None}
    assert body["latency"] == {"live": {}, "shadow": {}}


async def test_starting_afresh_says_who_and_why(site: Site) -> None:
    before = await ask(site, SHADOW)
    answer = await site.ask("DELETE", SHADOW, role="operator", params={"reason": "new weights"})
    body = await answer.json()
    assert (answer.status, body["who"], body["why"], body["compared"]) == (200, "operator", "new weights", 0)
    [event] = (await ask(site, "/events", limit=1))["items"]
    assert (event["kind"], event["who"], event["why"]) == ("shadow_period_started", "operator", "new weights")
    assert (await ask(site, f"{SHADOW}/periods"))["items"][0] == before | {"until": body["since"]}


async def test_without_a_reason_it_was_asked_for(site: Site) -> None:
    body = await (await site.ask("DELETE", SHADOW, role="operator")).json()
    assert body["why"] == "asked by operator"


async def test_earlier_periods_come_in_pages(site: Site) -> None:
    for _ in range(3):
        await site.ask("DELETE", SHADOW)
    pages, query = [], {}
    while True:
        page = await ask(site, f"{SHADOW}/periods", limit=2, **query)
        pages.append([each["period"] for each in page["items"]])
        if page["next"] is None:
            break
        query = {"before": page["next"]}
    assert pages == [[4, 3], [2, 1]]


async def test_mismatches_come_in_pages_whole(site: Site) -> None:
    page = await ask(site, f"{SHADOW}/mismatches", limit=2)
    assert ([each["number"] for each in page["items"]], page["next"]) == ([5, 4], 4)
    rest = await ask(site, f"{SHADOW}/mismatches", before=page["next"])
    assert ([each["number"] for each in rest["items"]], rest["next"]) == ([3, 2, 1], None)
    first = page["items"][0]
    assert (first["request_id"], first["revision"], first["period"]) == ("request-5", 1, 2)
    assert first["request"] == {
        "method": "POST",
        "path": "/v1/fraud",
        "query": "a=1",
        "headers": [["Content-Type", "application/json"]],
        "body": '{"amount": 4}',
        "body_base64": None,
    }
    assert (first["live"]["variant"], first["live"]["version"], first["live"]["status"]) == ("fraud-3", "3.2.1", 200)
    assert first["shadow"]["body"] == '{"score": 0.75, "labels": ["a"]}'
    assert first["differences"][0] == {"path": "$.score", "kind": "value", "live": "0.25", "shadow": "0.75"}


async def test_mismatches_of_an_earlier_period(site: Site) -> None:
    site.memory.found.append(found(6, period=1))
    assert [each["number"] for each in (await ask(site, f"{SHADOW}/mismatches", period=1))["items"]] == [6]


@pytest.mark.parametrize("body", [b"\xff\x00", gzip.compress(b"\xff", mtime=0)])
async def test_a_body_that_is_no_text(site: Site, body: bytes) -> None:
    site.memory.found = [found(1, live=body)]
    [item] = (await ask(site, f"{SHADOW}/mismatches"))["items"]
    assert item["live"]["body"] is None
    assert b64decode(item["live"]["body_base64"]) == body


@pytest.mark.parametrize("end", ["", "/periods", "/mismatches"])
@pytest.mark.parametrize("shadow", ["/routes/fraud/shadows/fraud-3", "/routes/frau/shadows/fraud-4"])
async def test_a_shadow_that_nobody_has_is_not_found(site: Site, shadow: str, end: str) -> None:
    answer = await site.ask("GET", shadow + end)
    assert (answer.status, (await answer.json())["error"]["code"]) == (404, "not_found")
    assert (await site.ask("GET", "/routes/frau/shadows")).status == 404


async def test_while_the_store_is_away_the_present_is_known(site: Site) -> None:
    site.memory.is_store_away = True
    assert (await site.ask("GET", SHADOW)).status == 200
    for end in ("/periods", "/mismatches"):
        answer = await site.ask("GET", SHADOW + end)
        assert (answer.status, (await answer.json())["error"]["code"]) == (503, "unavailable")


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "before=x", "period=-1", "since=1"])
async def test_a_page_that_makes_no_sense_is_refused(site: Site, query: str) -> None:
    answer = await site.ask("GET", f"{SHADOW}/mismatches?{query}")
    assert (answer.status, (await answer.json())["error"]["code"]) == (400, "bad_request")
