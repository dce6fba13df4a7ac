"""Disabling and enabling variants, setting and taking back splits."""

import re
from datetime import timedelta
from typing import Any

import pytest

from tests.admin.memory import START
from tests.admin.site import Site


async def overrides(site: Site) -> list[dict[str, Any]]:
    body = await (await site.ask("GET", "/overrides", role="viewer")).json()
    assert set(body) == {"items"}
    return list(body["items"])


async def disable(site: Site, **body: object) -> tuple[int, dict[str, Any]]:
    answer = await site.ask("PUT", "/variants/fraud-4/enabled", role="operator", json={"enabled": False} | body)
    return answer.status, await answer.json()


async def test_nothing_is_overridden_at_first(site: Site) -> None:
    assert await overrides(site) == []


async def test_a_variant_is_disabled_and_enabled(site: Site) -> None:
    status, body = await disable(site, reason="wrong answers", expires="2h")
    expected = {
        "kind": "variant_disabled",
        "subject": "fraud-4",
        "who": "operator",
        "why": "wrong answers",
        "since": "2026-01-31T12:00:00Z",
        "expires": "2026-01-31T14:00:00Z",
    }
    assert (status, body["revision"], body["changed"], body["override"]) == (200, 1, True, expected)
    assert await overrides(site) == [expected]
    assert site.memory.snapshot.disabled == {"fraud-4"}
    shown = await (await site.ask("GET", "/status")).json()
    assert (shown["overrides"], shown["variants"]["fraud-4"]["enabled"]) == ([expected], False)
    answer = await site.ask("PUT", "/variants/fraud-4/enabled", json={"enabled": True, "reason": "well again"})
    body = await answer.json()
    assert (answer.status, body["changed"], "override" in body) == (200, True, False)
    assert await overrides(site) == []


async def test_enabling_what_is_enabled_changes_nothing(site: Site) -> None:
    answer = await site.ask("PUT", "/variants/fraud-4/enabled", json={"enabled": True})
    assert (answer.status, (await answer.json())["changed"]) == (200, False)


async def test_a_split_is_set_and_taken_back(site: Site) -> None:
    split = {"fraud-4": 1, "fraud-3": 0}
    answer = await site.ask("PUT", "/routes/fraud/split", role="operator", json={"split": split, "rules": "keep"})
    assert answer.status == 200
    assert await overrides(site) == [
        {
            "kind": "split_set",
            "subject": "fraud",
            "who": "operator",
            "why": "",
            "since": "2026-01-31T12:00:00Z",
            "expires": None,
            "split": split,
            "rules": "keep",
        }
    ]
    assert site.memory.snapshot.routes["fraud"].split == split
    back = await site.ask("DELETE", "/routes/fraud/split", role="operator", params={"reason": "over"})
    assert (back.status, (await back.json())["changed"]) == (200, True)
    again = await site.ask("DELETE", "/routes/fraud/split")
    assert (again.status, (await again.json())["changed"]) == (200, False)
    events = await (await site.ask("GET", "/events")).json()
    assert [(each["kind"], each["who"], each["why"]) for each in events["items"][-2:]] == [
        ("override_set", "operator", ""),
        ("override_ended", "operator", "over"),
    ]


async def test_with_rules_is_the_default(site: Site) -> None:
    await site.ask("PUT", "/routes/fraud/split", json={"split": {"fraud-4": 1}})
    assert [each["rules"] for each in await overrides(site)] == ["set"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/variants/nobody/enabled", {"enabled": False}),
        ("PUT", "/variants/nobody/enabled", {"enabled": True}),
        ("PUT", "/routes/nowhere/split", {"split": {"fraud-3": 1}}),
        ("DELETE", "/routes/nowhere/split", None),
        ("PUT", "/routes/a%2Fb/split", {"split": {"fraud-3": 1}}),
        ("PUT", "/variants/%00/enabled", {"enabled": True}),
    ],
)
async def test_a_name_that_is_nobodys_is_not_found(site: Site, method: str, path: str, body: object) -> None:
    answer = await site.ask(method, path, json=body)
    assert (answer.status, (await answer.json())["error"]["code"]) == (404, "not_found")
    assert await overrides(site) == []


@pytest.mark.parametrize(
    ("expires", "end"),
    [
        ("90s", START + timedelta(seconds=90)),
        ("1.5h", START + timedelta(hours=1.5)),
        ("3650d", START + timedelta(days=3650)),
        ("2026-01-31T12:00:01Z", START + timedelta(seconds=1)),
        ("2026-01-31T14:00:00.5+01:00", START + timedelta(hours=1, seconds=0.5)),
        (None, None),
    ],
)
async def test_an_expiry_is_a_length_or_a_time(site: Site, expires: str | None, end: object) -> None:
    assert (await disable(site, expires=expires))[0] == 200
    [override] = site.memory.overrides()
    assert override.expires == end


@pytest.mark.parametrize(
    "expires",
    [
        *("", "2", "2 h", "h", "-2h", "0s", "0.0h", "9999999d", "tomorrow", "2026-01-31", "2026-01-31T14:00:00"),
        *("2026-02-30T14:00:00Z", "2026-01-31T24:61:00Z", "0001-01-01T00:00:00+23:59", "٢h", 7200, True, ["2h"]),
    ],
)
async def test_any_other_expiry_is_refused_with_what_is_due(site: Site, expires: object) -> None:
    status, body = await disable(site, expires=expires)
    assert (status, body["error"]["code"]) == (422, "invalid_request")
    assert [each["path"] for each in body["error"]["faults"]] == ["expires"]
    assert re.search("such as .* is due|is due, or|at most 3650d is due", body["error"]["message"])


@pytest.mark.parametrize("expires", ["2026-01-31T12:00:00Z", "2026-01-31T11:59:59Z", "0002-01-01T00:00:00Z"])
async def test_an_expiry_that_is_past_is_refused(site: Site, expires: str) -> None:
    status, body = await disable(site, expires=expires)
    assert (status, body["error"]["message"]) == (422, "expires: is past; a time ahead is due")
    assert await overrides(site) == []


async def test_an_expiry_goes_with_disabling_only(site: Site) -> None:
    answer = await site.ask("PUT", "/variants/fraud-4/enabled", json={"enabled": True, "expires": "2h"})
    body = await answer.json()
    assert (answer.status, body["error"]["message"]) == (422, "expires: goes with enabled: false only")


MANY = {f"v{number}": "x" for number in range(30)}
MISFITS: list[tuple[str, str, object, str]] = [
    ("/variants/fraud-4/enabled", "enabled", {}, "missing; it is required here"),
    ("/variants/fraud-4/enabled", "enabled", {"enabled": "false"}, "true or false is due"),
    ("/variants/fraud-4/enabled", "enabled", {"enabled": 0}, "true or false is due"),
    ("/variants/fraud-4/enabled", "enabled", {"enabled": None}, "true or false is due"),
    ("/variants/fraud-4/enabled", "reason", {"enabled": False, "reason": None}, "text is due"),
    ("/variants/fraud-4/enabled", "reason", {"enabled": False, "reason": "x" * 501}, "at most 500 characters are due"),
    (
        "/variants/fraud-4/enabled",
        "reason",
        {"enabled": False, "reason": "a\nb"},
        "one line without control characters is due",
    ),
    (
        "/variants/fraud-4/enabled",
        "reasn",
        {"enabled": False, "reasn": ""},
        'unknown (did you mean "reason"?); allowed: enabled, reason, expires',
    ),
    ("/variants/fraud-4/enabled", "", [], "an object is due"),
    ("/variants/fraud-4/enabled", "", "x", "an object is due"),
    ("/routes/fraud/split", "split", {"split": {}}, "at least one entry is due"),
    ("/routes/fraud/split", "split", {"split": []}, "an object is due"),
    ("/routes/fraud/split", "split", {"split": {"fraud-3": 0}}, "at least one weight above zero is due"),
    ("/routes/fraud/split", "split.fraud-3", {"split": {"fraud-3": -1}}, "0 or more is due"),
    ("/routes/fraud/split", "split.fraud-3", {"split": {"fraud-3": 1.5}}, "a whole number is due"),
    ("/routes/fraud/split", "split.fraud-3", {"split": {"fraud-3": "1"}}, "a whole number is due"),
    ("/routes/fraud/split", "split.fraud-3", {"split": {"fraud-3": True}}, "a whole number is due"),
    ("/routes/fraud/split", "split.fraud-3", {"split": {"fraud-3": 10**9 + 1}}, "1000000000 or less is due"),
    ("/routes/fraud/split", "split.fraud-3", {"split": {"fraud-3": 10**30}}, "a whole number is due"),
    (
        "/routes/fraud/split",
        "split",
        {"split": {"fraud-5": 1}},
        'no variant fraud-5 is defined (did you mean "fraud-4"?)',
    ),
    ("/routes/fraud/split", "rules", {"split": {"fraud-3": 1}, "rules": "drop"}, "'set' or 'keep' is due"),
    ("/routes/fraud/split", "split.v0", {"split": MANY}, "a whole number is due"),
]


@pytest.mark.parametrize(("path", "place", "body", "message"), MISFITS)
async def test_a_body_that_does_not_fit_is_refused_in_words(
    site: Site, path: str, place: str, body: object, message: str
) -> None:
    answer = await site.ask("PUT", path, json=body)
    error = (await answer.json())["error"]
    assert (answer.status, error["code"]) == (422, "invalid_request")
    assert error["faults"][0] == {"path": place, "message": message}
    assert await overrides(site) == []


async def test_everything_that_does_not_fit_is_listed_up_to_a_bound(site: Site) -> None:
    answer = await site.ask("PUT", "/routes/fraud/split", json={"split": MANY, "rules": 1})
    faults = (await answer.json())["error"]["faults"]
    assert (len(faults), faults[-1]) == (21, {"path": "", "message": "and 11 more"})


async def test_what_was_sent_cannot_break_a_terminal(site: Site) -> None:
    answer = await site.ask("PUT", "/routes/fraud/split", json={"split": {"\x1b[31m\u202e" + "x" * 999: 1}})
    text = (await answer.json())["error"]["message"]
    assert text.isprintable()
    assert len(text) < 300


@pytest.mark.parametrize(
    "body", [b"{", b"", b'{"enabled": NaN}', b"\xff", b"[" * 60_000, b'{"enabled": false}x', b'{"a": "\\ud800"}']
)
async def test_a_body_that_is_no_json_is_refused(site: Site, body: bytes) -> None:
    answer = await site.ask("PUT", "/variants/fraud-4/enabled", data=body, headers={"Content-Type": "application/json"})
    assert answer.status == (422 if not body else 400)
    assert await overrides(site) == []


async def test_yaml_is_no_json(site: Site) -> None:
    answer = await site.ask(
        "PUT", "/variants/fraud-4/enabled", data=b"enabled: false", headers={"Content-Type": "application/yaml"}
    )
    assert (answer.status, (await answer.json())["error"]["message"]) == (415, "content-type: application/json is due")
