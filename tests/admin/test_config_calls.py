"""Reading, checking, planning and applying configurations."""

from io import BytesIO
from pathlib import Path

import pytest

from gateway.config.source import MAX_BYTES
from gateway.links.board import Board
from tests.admin.memory import CONFIG, FAULTY, NEEDS_RESTART, RESPLIT, Memory
from tests.admin.site import Opener, Site, bearers, open_site

FAULTS = {
    "error": {
        "code": "invalid_config",
        "type": "gateway_error",
        "message": "1 fault",
        "faults": [
            {
                "line": 10,
                "column": 26,
                "path": "routes.fraud.split.fraud-5",
                "message": 'the file defines no variant "fraud-5" (did you mean "fraud-4"?); defined: fraud-3, fraud-4',
            }
        ],
    }
}
YAML = {"Content-Type": "application/yaml"}

SECRETS = b"""\
listen: [127.0.0.1:8080]
admin: {listen: 127.0.0.1:9090, tokens: [{name: ci, role: admin, token: "${env:CI_TOKEN}"}]}
store: postgresql://gateway:${env:STORE_PASSWORD}@db/gateway
notify: [{url: https://hooks.example.com/x, secret: "${env:HOOK_SECRET}"}]
variants:
  v1:
    endpoints: [http://10.0.0.1:8000]
    headers: {set: {authorization: "Bearer ${env:MODEL_KEY}", x-api-key: "${file:key}"}}
routes:
  r: {match: {path: /r}, split: {v1: 1}}
"""
HIDDEN = {
    "CI_TOKEN": "hidden-ci",
    "STORE_PASSWORD": "hidden-store",
    "HOOK_SECRET": "hidden-hook",
    "MODEL_KEY": "hidden-model",
}


async def test_the_text_comes_byte_for_byte_with_its_revision(site: Site) -> None:
    odd = b"\xef\xbb\xbf" + CONFIG.replace(b"\n", b"\r\n") + "# ünïcode \U0001f600\r\n".encode()
    assert (await site.put(odd)).status == 200
    answer = await site.ask("GET", "/config", role="viewer")
    assert (answer.headers["Content-Type"], answer.headers["ETag"]) == ("application/yaml", '"2"')
    assert await answer.read() == odd


async def test_a_new_configuration_is_a_new_revision(site: Site) -> None:
    answer = await site.ask("PUT", "/config", data=RESPLIT, headers=YAML, params={"message": "ramp to 10 %"})
    body = await answer.json()
    digest = body.pop("hash")
    assert (answer.status, answer.headers["ETag"], len(digest)) == (200, '"2"', 64)
    assert body == {
        "revision": 2,
        "author": "admin",
        "message": "ramp to 10 %",
        "time": "2026-01-31T12:02:00Z",
        "origin": "api",
        "kept": True,
        "changed": True,
        "notes": [],
    }
    assert site.memory.snapshot.routes["fraud"].split == {"fraud-3": 90, "fraud-4": 10}


async def test_what_is_in_force_already_changes_nothing(site: Site) -> None:
    body = await (await site.put(CONFIG)).json()
    assert (body["revision"], body["changed"]) == (1, False)


async def test_without_tokens_the_author_is_anonymous(open_to_all: Site) -> None:
    answer = await open_to_all.client.put("/api/v1/config", data=RESPLIT, headers=YAML)
    assert (await answer.json())["author"] == "anonymous"


@pytest.mark.parametrize(
    "given", ['"1"', "*", 'W/"1"', '"7", "1"', '"x","1"', None], ids=lambda given: given or "absent"
)
async def test_a_change_on_top_of_what_was_seen_is_made(site: Site, given: str | None) -> None:
    answer = await site.put(RESPLIT, **({"If-Match": given} if given else {}))
    assert (answer.status, (await answer.json())["revision"]) == (200, 2)


@pytest.mark.parametrize("given", ['"2"', '"0"', '"01"', '"x"', '"7", "9"', '""'])
async def test_a_change_on_top_of_anything_else_is_stale(site: Site, given: str) -> None:
    """And the answer names what is in force."""
    answer = await site.put(RESPLIT, **{"If-Match": given})
    body = await answer.json()
    assert (answer.status, answer.headers["ETag"]) == (412, '"1"')
    assert (body["error"]["code"], body["error"]["revision"]) == ("stale", 1)
    assert site.memory.revision.number == 1


@pytest.mark.parametrize("given", ["1", "x", '"1', "", '*, "1"', '"1" "2"', '"1",'])
async def test_a_tag_that_is_none_is_refused_with_what_is_due(site: Site, given: str) -> None:
    answer = await site.put(RESPLIT, **{"If-Match": given})
    body = await answer.json()
    assert (answer.status, body["error"]["code"]) == (400, "bad_request")
    assert '"1" is in force' in body["error"]["message"]


async def test_of_two_writers_one_wins(site: Site) -> None:
    tag = {"If-Match": (await site.ask("GET", "/config")).headers["ETag"]}
    first = await site.put(RESPLIT, **tag)
    second = await site.put(CONFIG + b"# mine\n", **tag)
    assert (first.status, second.status, second.headers["ETag"]) == (200, 412, '"2"')
    assert site.memory.revision.text == RESPLIT


@pytest.mark.parametrize(("method", "path"), [("PUT", "/config"), ("POST", "/config/check"), ("POST", "/config/plan")])
async def test_a_faulty_configuration_is_refused_with_every_fault(site: Site, method: str, path: str) -> None:
    answer = await site.ask(method, path, data=FAULTY, headers=YAML)
    assert (answer.status, await answer.json()) == (422, FAULTS)
    assert site.memory.revision.number == 1


@pytest.mark.parametrize(
    "text", [b"", b"\x00", b"\xff\xfe", b"\xff", b"[" * 100_000, b"a: &x [*x]", b"- 1", b"%", b"{}"], ids=repr
)
async def test_what_is_no_configuration_at_all_is_refused_as_well(site: Site, text: bytes) -> None:
    answer = await site.put(text)
    body = await answer.json()
    assert (answer.status, body["error"]["code"]) == (422, "invalid_config")
    assert all(fault["message"] for fault in body["error"]["faults"])


async def test_what_needs_a_restart_is_refused(site: Site) -> None:
    answer = await site.put(NEEDS_RESTART)
    assert (answer.status, (await answer.json())["error"]["message"]) == (409, "listen changes, which needs a restart")


async def test_a_good_configuration_is_checked_and_changes_nothing(site: Site) -> None:
    odd = CONFIG.replace(b"fraud-3: 95, fraud-4: 5", b"fraud-3: 1")
    answer = await site.ask("POST", "/config/check", role="viewer", data=odd, headers=YAML)
    body = await answer.json()
    assert (answer.status, body["ok"]) == (200, True)
    assert [(each["line"], each["path"]) for each in body["warnings"]] == [(5, "variants.fraud-4")]
    assert site.memory.revision.number == 1


async def test_a_plan_says_what_would_change(site: Site) -> None:
    answer = await site.ask("POST", "/config/plan", role="viewer", data=RESPLIT, headers=YAML)
    assert (answer.status, answer.headers["ETag"]) == (200, '"1"')
    assert await answer.json() == {
        "changes": [{"what": "route fraud", "change": "split: fraud-3 95 -> 90, fraud-4 5 -> 10"}],
        "routes": {
            "fraud": {
                "before": {"fraud-3": 0.95, "fraud-4": 0.05},
                "after": {"fraud-3": 0.9, "fraud-4": 0.1},
                "moves": [{"from": "fraud-3", "to": "fraud-4", "share": 0.05}],
                "assumed": [],
            }
        },
        "resets": [],
        "overrides_ended": [],
        "overrides_kept": [],
        "refused": [],
    }
    assert site.memory.revision.number == 1


async def test_a_plan_says_which_overrides_end_and_which_stay(site: Site) -> None:
    await site.ask("PUT", "/routes/fraud/split", json={"split": {"fraud-4": 1}})
    await site.ask("PUT", "/variants/fraud-3/enabled", json={"enabled": False})
    body = await (await site.ask("POST", "/config/plan", data=RESPLIT, headers=YAML)).json()
    assert body["overrides_ended"] == [{"kind": "split_set", "subject": "fraud"}]
    assert body["overrides_kept"] == [{"kind": "variant_disabled", "subject": "fraud-3"}]


async def test_a_plan_names_what_needs_a_restart(site: Site) -> None:
    body = await (await site.ask("POST", "/config/plan", data=NEEDS_RESTART, headers=YAML)).json()
    assert body["refused"] == ["listen"]


async def test_a_plan_tells_apart_callers_whose_number_is_not_known(site: Site) -> None:
    """By segment, in the same shape."""
    segment = b"segments: {gold: {header: x-tier, eq: gold}}\nroutes:"
    ruled = CONFIG.replace(b"routes:", segment) + b"    rules: [{segment: gold, split: {fraud-4: 1}}]\n"
    body = await (await site.ask("POST", "/config/plan", data=ruled, headers=YAML)).json()
    assert set(body["routes"]["fraud"]) == {"before", "after", "moves", "assumed", "segments"}
    assert body["routes"]["fraud"]["segments"]["gold"]["after"] == {"fraud-4": 1.0}


@pytest.mark.parametrize(
    "kind", ["application/yaml", "text/yaml; charset=utf-8", "application/x-yaml", "application/json"]
)
async def test_a_configuration_may_say_in_several_ways_that_it_is_one(site: Site, kind: str) -> None:
    assert (await site.ask("POST", "/config/check", data=CONFIG, headers={"Content-Type": kind})).status == 200


async def test_another_kind_of_body_is_refused_with_what_is_due(site: Site) -> None:
    answer = await site.ask("PUT", "/config", data=RESPLIT, headers={"Content-Type": "application/octet-stream"})
    assert answer.status == 415
    assert "application/yaml" in (await answer.json())["error"]["message"]


async def test_the_largest_configuration_is_read_and_one_byte_more_is_not(site: Site) -> None:
    room = MAX_BYTES - len(CONFIG) - 2
    largest = CONFIG + b"#" + b"x" * room + b"\n"
    assert (await site.put(BytesIO(largest))).status == 200
    assert await (await site.ask("GET", "/config")).read() == largest
    answer = await site.put(BytesIO(largest + b"\n"))
    assert (answer.status, (await answer.json())["error"]["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("message", ["two\nlines", "\x1b[31mred", "x" * 501])
async def test_a_message_is_one_short_line(site: Site, message: str) -> None:
    answer = await site.ask("PUT", "/config", data=RESPLIT, headers=YAML, params={"message": message})
    assert (answer.status, (await answer.json())["error"]["code"]) == (400, "bad_request")
    assert site.memory.revision.number == 1


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("mesage=x", 'query mesage: unknown (did you mean "message"?); allowed: message'),
        ("message=a&message=b", "the query has message more than once"),
    ],
)
async def test_a_query_that_is_not_understood_is_refused(site: Site, query: str, message: str) -> None:
    answer = await site.ask("PUT", f"/config?{query}", data=RESPLIT, headers=YAML)
    assert (answer.status, (await answer.json())["error"]["message"]) == (400, message)


async def test_overrides_that_end_are_told_of(site: Site) -> None:
    await site.ask("PUT", "/routes/fraud/split", json={"split": {"fraud-4": 1}})
    body = await (await site.put(RESPLIT)).json()
    assert body["notes"] == ["split_set of fraud ended"]


async def test_what_the_store_does_not_have_yet_is_said(site: Site) -> None:
    site.memory.is_store_away = True
    body = await (await site.put(RESPLIT)).json()
    status = await (await site.ask("GET", "/status")).json()
    site.memory.is_store_away = False
    revisions = await (await site.ask("GET", "/revisions")).json()
    assert (body["kept"], status["kept"]) == (False, False)
    assert [(each["revision"], each["kept"]) for each in revisions["items"]] == [(2, False), (1, True)]


async def test_no_answer_holds_a_secret(
    aiohttp_client: Opener, board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the references stand for is known to the snapshot behind every answer, and stands in none."""
    for name, value in HIDDEN.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "key").write_text("hidden-key")
    site = await open_site(aiohttp_client, Memory(tmp_path, SECRETS), board, bearers())
    assert ("x-api-key", "hidden-key") in site.memory.snapshot.variants["v1"].headers.set
    changed = SECRETS.replace(b"v1: 1}", b"v1: 2}").replace(b"x-api-key", b"x-other-key")
    faulty = SECRETS.replace(b"MODEL_KEY", b"CI_TOKEN").replace(b"10.0.0.1:8000", b"${env:MODEL_KEY}")
    answers = [
        *[await site.ask("GET", path) for path in ("/config", "/status", "/revisions", "/revisions/1", "/events")],
        *[await site.ask("POST", f"/config/{what}", data=changed, headers=YAML) for what in ("check", "plan")],
        await site.put(changed),
        await site.put(faulty),
        await site.client.get("/metrics"),
    ]
    assert [answer.status for answer in answers] == [200] * 8 + [422, 200]
    texts = [await answer.text() for answer in answers]
    assert texts[0] == SECRETS.decode()
    assert [text for text in texts if "hidden" in text] == []
