"""Who may: every call with every role, tokens good and bad, and without tokens only this machine."""

import logging
import re
from typing import Any

import pytest

from gateway.admin.access import is_known
from gateway.admin.calls import JSON, PREFIX, YAML, AnyCall
from gateway.admin.table import CALLS
from gateway.admin.tokens import RANK, Bearer, digest
from gateway.config.settings import Role
from tests.admin.memory import CONFIG, RESPLIT
from tests.admin.site import ROLES, TOKENS, Site

EXAMPLES = {"variant": "fraud-4", "route": "fraud", "revision": "1"}
BODIES: dict[str, tuple[str, bytes]] = {
    "put_config": (YAML, RESPLIT),
    "check_config": (YAML, CONFIG),
    "plan_config": (YAML, RESPLIT),
    "restore_revision": (JSON, b"{}"),
    "put_breaker": (JSON, b'{"state": "open", "reason": "trial"}'),
    "put_enabled": (JSON, b'{"enabled": false, "reason": "trial"}'),
    "probe_variant": (JSON, b"{}"),
    "put_split": (JSON, b'{"split": {"fraud-4": 1}}'),
}
ROLE_OF_CALL: dict[tuple[str, str], Role] = {
    ("GET", "/config"): "viewer",
    ("PUT", "/config"): "admin",
    ("POST", "/config/check"): "viewer",
    ("POST", "/config/plan"): "viewer",
    ("GET", "/revisions"): "viewer",
    ("GET", "/revisions/{revision}"): "viewer",
    ("POST", "/revisions/{revision}/restore"): "operator",
    ("GET", "/status"): "viewer",
    ("PUT", "/variants/{variant}/enabled"): "operator",
    ("PUT", "/variants/{variant}/breaker"): "operator",
    ("POST", "/variants/{variant}/probe"): "operator",
    ("PUT", "/routes/{route}/split"): "operator",
    ("DELETE", "/routes/{route}/split"): "operator",
    ("GET", "/routes/{route}/shadows"): "viewer",
    ("GET", "/routes/{route}/shadows/{variant}"): "viewer",
    ("DELETE", "/routes/{route}/shadows/{variant}"): "operator",
    ("GET", "/routes/{route}/shadows/{variant}/periods"): "viewer",
    ("GET", "/routes/{route}/shadows/{variant}/mismatches"): "viewer",
    ("GET", "/overrides"): "viewer",
    ("GET", "/events"): "viewer",
    ("GET", "/openapi.json"): "viewer",
}
"""Written a second time on purpose: a call that loses its guard by mistake is noticed."""

each_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")


def example(call: AnyCall) -> dict[str, Any]:
    """The arguments of a request that this call takes."""
    kind, body = BODIES.get(call.handler.__name__, (None, None))
    headers = {"Content-Type": kind} if kind else {}
    path = PREFIX + re.sub(r"{(\w+)}", lambda found: EXAMPLES[found[1]], call.path)
    return {"method": call.method, "url": path, "data": body, "headers": headers}


async def send(site: Site, call: AnyCall, **headers: str) -> tuple[int, str]:
    """The status, and the code of the error if it is one."""
    request = example(call)
    request["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await site.client.request(request.pop("method"), request.pop("url"), **request)
    return answer.status, (await answer.json())["error"]["code"] if answer.status >= 400 else ""


def test_every_call_has_the_role_of_the_contract() -> None:
    assert {(call.method, call.path): call.role for call in CALLS} == ROLE_OF_CALL


@each_call
@pytest.mark.parametrize("role", ROLES)
async def test_a_call_is_for_its_role_and_those_above(site: Site, call: AnyCall, role: Role) -> None:
    expected = (200, "") if RANK[role] >= RANK[ROLE_OF_CALL[call.method, call.path]] else (403, "forbidden")
    assert await send(site, call, Authorization=f"Bearer {TOKENS[role]}") == expected


@each_call
async def test_a_call_without_a_good_token_is_refused(site: Site, call: AnyCall) -> None:
    before = site.memory.revision, site.memory.overrides()
    assert await send(site, call) == (401, "unauthorized")
    for wrong in ("Bearer wrong", f"Basic {TOKENS['admin']}", TOKENS["admin"], f"Bearer {TOKENS['admin']}x", "Bearer "):
        assert await send(site, call, Authorization=wrong) == (401, "unauthorized"), wrong
    assert (site.memory.revision, site.memory.overrides()) == before


@each_call
async def test_without_tokens_everybody_on_this_machine_may(open_to_all: Site, call: AnyCall) -> None:
    assert await send(open_to_all, call) == (200, "")


@each_call
async def test_without_tokens_another_name_is_refused(open_to_all: Site, call: AnyCall) -> None:
    """A page that a browser loaded elsewhere must not reach the admin side by a name of its own."""
    for host in ("evil.example", "10.0.0.1:9090", "localhost.evil.example", ""):
        assert await send(open_to_all, call, Host=host) == (403, "forbidden"), host


@each_call
async def test_without_tokens_another_page_changes_nothing(open_to_all: Site, call: AnyCall) -> None:
    host = f"localhost:{open_to_all.client.port}"
    safe = call.method == "GET"
    for origin in (
        "https://evil.example",
        "null",
        f"http://{host}.evil.example",
        f"http://evil.example@{host}",
        "http://localhost:1",
    ):
        expected = (200, "") if safe else (403, "forbidden")
        assert await send(open_to_all, call, Host=host, Origin=origin) == expected, origin
    assert await send(open_to_all, call, Host=host, Origin=f"http://{host}") == (200, "")


@pytest.mark.parametrize("call", [call for call in CALLS if call.method in {"PUT", "POST"}], ids=lambda call: call.path)
async def test_without_tokens_a_form_changes_nothing(open_to_all: Site, call: AnyCall) -> None:
    """The content types that a page may send anywhere without asking."""
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""):
        assert await send(open_to_all, call, Content_Type=kind) == (415, "unsupported_media_type"), kind
    url = example(call)["url"]
    empty = await open_to_all.client.request(call.method, url, skip_auto_headers=["Content-Type"])
    assert empty.status == 415


async def test_with_tokens_any_name_is_answered(site: Site) -> None:
    assert (await site.ask("GET", "/config", headers={"Host": "gateway.example"})).status == 200


@pytest.mark.parametrize("path", ["/", "/metrics", "/livez", "/readyz"])
async def test_what_probes_and_prometheus_read_needs_no_token(site: Site, path: str) -> None:
    assert (await site.client.get(path, headers={"Host": "gateway.monitoring:9090"})).status == 200


@pytest.mark.parametrize("path", ["/metrics", "/livez", "/readyz"])
async def test_without_tokens_probes_and_prometheus_may_use_any_name(open_to_all: Site, path: str) -> None:
    assert (await open_to_all.client.get(path, headers={"Host": "gateway.monitoring:9090"})).status == 200


async def test_what_is_not_there_is_not_told_to_strangers(site: Site) -> None:
    answers = [await site.client.get(path) for path in ("/api/v1/unknown", "/unknown", "/api/v1/config")]
    assert [answer.status for answer in answers] == [401, 401, 401]


async def test_a_refusal_says_how_to_ask(site: Site) -> None:
    absent = await site.client.get("/api/v1/config")
    wrong = await site.client.get("/api/v1/config", headers={"Authorization": "Bearer wrong"})
    assert absent.headers["WWW-Authenticate"] == 'Bearer realm="gateway"'
    assert wrong.headers["WWW-Authenticate"] == 'Bearer realm="gateway", error="invalid_token"'


async def test_the_scheme_is_read_as_http_wants_it(site: Site) -> None:
    for field in (f"bearer {TOKENS['viewer']}", f"BEARER   {TOKENS['viewer']} "):
        assert (await site.client.get("/api/v1/config", headers={"Authorization": field})).status == 200, field


async def test_two_tokens_are_none(site: Site) -> None:
    fields = [("Authorization", f"Bearer {TOKENS['viewer']}"), ("Authorization", f"Bearer {TOKENS['admin']}")]
    assert (await site.client.get("/api/v1/config", headers=fields)).status == 401


@pytest.mark.parametrize("name", ["token", "access_token", "authorization"])
async def test_a_token_in_the_address_is_no_token_and_is_not_logged(
    site: Site, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [
        await site.client.get("/api/v1/config", params={name: TOKENS["admin"]}),
        await site.ask("GET", "/config", params={name: TOKENS["admin"]}),
    ]
    assert [answer.status for answer in answers] == [401, 400]
    for answer in answers:
        assert TOKENS["admin"] not in await answer.text()
    assert TOKENS["admin"] not in caplog.text
    assert site.reported == []


async def test_tokens_may_change_at_any_time(site: Site) -> None:
    site.tokens[:] = [Bearer("new", "viewer", digest("new-token"))]
    assert (await site.ask("GET", "/config")).status == 401
    fresh = await site.client.get("/api/v1/config", headers={"Authorization": "Bearer new-token"})
    assert fresh.status == 200


# ---- too many bad tokens


async def bad(site: Site, token: str = "guess") -> int:
    answer = await site.client.get("/api/v1/config", headers={"Authorization": f"Bearer {token}"})
    return answer.status


async def test_who_guesses_has_to_wait(site: Site) -> None:
    assert [await bad(site) for _ in range(12)] == [401] * 10 + [429] * 2
    answer = await site.client.get("/api/v1/config", headers={"Authorization": "Bearer guess"})
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert (await answer.json())["error"]["code"] == "too_many_requests"


async def test_while_an_address_waits_a_right_guess_is_not_told_from_a_wrong_one(site: Site) -> None:
    for _ in range(10):
        await bad(site)
    assert await bad(site, TOKENS["admin"]) == await bad(site, "wrong") == 429


async def test_who_was_right_before_is_not_locked_out(site: Site) -> None:
    """However many share the address, as behind a proxy."""
    assert (await site.ask("GET", "/config", role="operator")).status == 200
    for _ in range(11):
        await bad(site)
    assert (await site.ask("GET", "/config", role="operator")).status == 200
    assert (await site.ask("GET", "/config", role="admin")).status == 429


async def test_who_sends_no_token_is_not_guessing(site: Site) -> None:
    for _ in range(15):
        assert (await site.client.get("/api/v1/config")).status == 401
    assert (await site.ask("GET", "/config")).status == 200


async def test_metrics_are_answered_to_who_has_to_wait(site: Site) -> None:
    for _ in range(12):
        await bad(site)
    assert (await site.client.get("/metrics")).status == 200


def test_who_was_let_through_stays_known_until_the_tokens_change() -> None:
    old, new = Bearer("ci", "viewer", digest("a")), Bearer("ci", "viewer", digest("b"))
    assert is_known(old, [old, new])
    assert not is_known(old, [new])
    assert not is_known(old, [])
