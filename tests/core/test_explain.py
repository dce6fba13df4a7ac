"""Explanations: what they say, and that they never differ from what is served."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.describe import percent, shown
from gateway.core.explain import Explanation, explain
from gateway.core.facts import Facts
from gateway.core.model import (
    All,
    AnyOf,
    Condition,
    Fallback,
    FixedResponse,
    KeySource,
    Match,
    Not,
    Rule,
    Share,
    Snapshot,
    Source,
)
from gateway.core.routing import Miss, RouteTable
from tests.core.build import compare, never, request, route, snapshot

USER = KeySource(Source("header", "x-user-id"))
UID = KeySource(Source("cookie", "uid"), issue=3600.0)
GOLD = compare("header", "x-tier", "in", ("gold", "platinum"))
FRAUD = route(
    "fraud",
    match=Match("/v1/fraud", ("POST",)),
    targeting_key=(USER, UID),
    rules=(Rule("gold", "gold", {"fraud-4": 1}),),
    split={"fraud-3": 95, "fraud-4": 5},
)


def _steps(explanation: Explanation) -> list[str]:
    return list(explanation.steps)


def test_a_split_is_explained() -> None:
    """Route, key, rule, hash and pick, with the published vector."""
    facts = request("/v1/fraud", headers={"x-user-id": "user-1", "x-tier": "silver"})
    explanation = explain(snapshot(FRAUD, segments={"gold": GOLD}), facts, never)
    assert (explanation.route, explanation.rule, explanation.variant) == ("fraud", None, "fraud-3")
    assert (explanation.reason, explanation.key) == ("split", "user-1")
    assert _steps(explanation) == [
        "route fraud: /v1/fraud takes the request",
        "targeting key: header x-user-id is user-1",
        "rule gold: segment gold does not hold",
        "  header x-tier in [gold, platinum], saw silver: no",
        "split: fraud-3 95 %, weight 95, hash f613481826a9103a, score 0.000600462",
        "split: fraud-4 5 %, weight 5, hash 83509756c8aea0af, score 0.192623",
        "variant: fraud-3, the smallest score -log2(hash) / weight",
    ]


def test_a_rule_is_explained() -> None:
    """Rules after the one that matched are not looked at."""
    rules = (*FRAUD.rules, Rule("late", "gold", {"fraud-3": 1}))
    each = route("fraud", match=FRAUD.match, targeting_key=(USER, UID), rules=rules, split=FRAUD.split)
    facts = request("/v1/fraud", headers={"cookie": "uid=c1", "x-tier": "gold"})
    explanation = explain(snapshot(each, segments={"gold": GOLD}), facts, never)
    assert (explanation.rule, explanation.variant, explanation.reason) == ("gold", "fraud-4", "rule:gold")
    assert _steps(explanation)[1:] == [
        "targeting key: header x-user-id is absent",
        "targeting key: cookie uid is c1",
        "rule gold: segment gold holds",
        "  header x-tier in [gold, platinum], saw gold: yes",
        "split: fraud-4 100 %",
        "variant: fraud-4, it has all the weight",
    ]


def test_a_new_key_is_explained() -> None:
    """The key is the one the decision issued."""
    explanation = explain(snapshot(FRAUD, segments={"gold": GOLD}), request("/v1/fraud"), lambda: 0.5)
    assert explanation.key == "1000000000000010000000000000"
    assert _steps(explanation)[1:4] == [
        "targeting key: header x-user-id is absent",
        "targeting key: cookie uid is absent",
        "targeting key: a new one, 1000000000000010000000000000, is issued as cookie uid",
    ]


def test_a_random_choice_is_explained() -> None:
    """Without a key the shares are said, and what was drawn."""
    each = route("fraud", match=Match("/*", host="*.example.com"), split={"v1": 2, "v2": 1, "v3": 0})
    explanation = explain(snapshot(each), request("/x"), lambda: 0.9)
    assert (explanation.variant, explanation.reason, explanation.key) == ("v2", "unkeyed", None)
    assert _steps(explanation) == [
        "route fraud: *.example.com/* takes the request",
        "targeting key: none, so the variant is drawn at random",
        "split: v1 66.6667 %, v2 33.3333 %",
        "variant: v2, drawn at random",
    ]


def test_conditions_are_explained_part_by_part() -> None:
    """Each on its own line, with what it saw."""
    condition = All(
        (
            AnyOf((compare("json", "$.user.region", "matches", "^eu-"), compare("json", "$.n", "gt", 5))),
            Not(compare("cookie", "opt_out", "exists", True)),
            Share(0.125),
        )
    )
    each = route("fraud", targeting_key=(USER,), rules=(Rule("beta", "eu", {"v2": 1}),))
    body = b'{"user": {"region": "eu-\xc3\xa9"}}'
    facts = request("/fraud", headers={"x-user-id": "u7"}, body=body)
    explanation = explain(snapshot(each, segments={"eu": condition}), facts, never)
    *parts, share = _steps(explanation)[3:9]
    assert parts == [
        "  all: no",
        "    any: yes",
        '      json $.user.region matches ^eu-, saw "eu-é": yes',
        "      json $.n gt 5, saw nothing: no",
        "    not: yes",
    ]
    assert share == "      cookie opt_out exists true, saw nothing: no"
    assert _steps(explanation)[9].startswith("    share 12.5 % of targeting keys, this one lies at ")


DISABLED = route(
    "fraud", split={"v1": 0, "v2": 5, "v3": 1}, targeting_key=(USER,), fallback=Fallback(response=FixedResponse(200))
)


def test_a_disabled_variant_is_explained() -> None:
    """It is named, and the rest shares its callers."""
    each = replace(snapshot(DISABLED), disabled=frozenset({"v1", "v2", "other"}))
    explanation = explain(each, request("/fraud", headers={"x-user-id": "u"}), never)
    assert (explanation.variant, explanation.reason) == ("v3", "split")
    assert _steps(explanation)[2:] == [
        "split: v2 is disabled, so its callers go to the rest",
        "split: v3 100 %",
        "variant: v3, it has all the weight",
    ]


@pytest.mark.parametrize(
    ("fallback", "variant", "reason", "end"),
    [
        (Fallback(variants=("v3", "v4")), "v4", "fallback:disabled", "so v4 answers"),
        (Fallback(response=FixedResponse()), None, "fallback:response", "so the fixed response answers"),
        (Fallback(), None, "no_available_variant", "and nobody is left to answer"),
        (
            Fallback(variants=("v4",), when=("open",), response=FixedResponse()),
            *(None, "no_available_variant", "and nobody is left to answer"),
        ),
    ],
)
def test_where_all_are_disabled_it_is_told_who_answers(
    fallback: Fallback, variant: str | None, reason: str, end: str
) -> None:
    """The first of the fallback that is not disabled, the fixed response, or nobody."""
    each = replace(DISABLED, split={"v2": 1, "v3": 0}, fallback=fallback)
    explanation = explain(
        replace(snapshot(each), disabled=frozenset({"v2", "v3"})), request("/fraud", headers={"x-user-id": "u"}), never
    )
    assert (explanation.variant, explanation.reason) == (variant, reason)
    assert _steps(explanation)[2:] == [
        "split: v2 is disabled",
        "split: v2 100 %",
        "variant: v2, it has all the weight",
        f"fallback: v2 is disabled, {end}",
    ]


def test_a_share_without_a_key_is_explained() -> None:
    """Nobody is in it."""
    each = route("fraud", rules=(Rule("beta", "some", {"v2": 1}),))
    explanation = explain(snapshot(each, segments={"some": Share(0.5)}), request("/fraud"), lambda: 0.0)
    assert "  share 50 % of targeting keys, there is none: no" in _steps(explanation)


@pytest.mark.parametrize(("body", "said"), [(None, True), (b"no json", True), (b"{}", False), (b"null", False)])
def test_a_body_that_cannot_be_read_is_said(body: bytes | None, said: bool) -> None:
    """Where the route would have read it."""
    each = route("fraud", targeting_key=(KeySource(Source("json", "$.id")),))
    steps = _steps(explain(snapshot(each), request("/fraud", body=body), lambda: 0.0))
    assert ("body: no JSON, so it has no fields" in steps) is said
    assert "body: no JSON, so it has no fields" not in _steps(
        explain(snapshot(route("fraud")), request("/fraud"), lambda: 0.0)
    )


ROUTES = (
    route("api", match=Match("/v1/a", ("GET", "POST"), headers=(("X-Api", "2"), ("y", "1")))),
    route("put", match=Match("/v1/*", ("PUT",))),
)


@pytest.mark.parametrize(
    ("facts", "reason", "steps"),
    [
        (request("/v2"), "no_route", ["no route takes POST /v2"]),
        (
            request("/v1/a", headers={"x-api": "3"}),
            "no_route",
            [
                "route api: /v1/a fits, but header x-api must be 2, saw 3",
                "route put: /v1/* fits, but it takes PUT, not POST",
                "no route takes POST /v1/a",
            ],
        ),
        (
            request("/v1/a", headers={"x-api": "2"}, method="PATCH"),
            "method_not_allowed",
            [
                "route api: /v1/a fits, but it takes GET, HEAD, POST, not PATCH",
                "route put: /v1/* fits, but it takes PUT, not PATCH",
                "no route for this path takes PATCH; allowed: GET, HEAD, POST, PUT",
            ],
        ),
        (
            request("/v1/a", headers={"x-api": "2"}),
            "no_route",
            [
                "route api: /v1/a fits, but header y must be 1, saw nothing",
                "route put: /v1/* fits, but it takes PUT, not POST",
                "no route takes POST /v1/a",
            ],
        ),
        (
            request("/v1/../a"),
            "bad_request",
            ["the path has a dot segment (. or .., plain or percent-encoded); send it resolved"],
        ),
    ],
)
def test_a_miss_is_explained(facts: Facts, reason: str, steps: list[str]) -> None:
    """Which routes nearly fit, and what stood against them."""
    assert explain(snapshot(*ROUTES), facts, never) == Explanation(None, None, None, reason, None, tuple(steps))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"plain", "plain"),
        (b"\xff\x00", "\\xff\\x00"),
        ("é\n\x1b[31m".encode(), "é\\n\\x1b[31m"),
        ("\ud83d\u202e", "\\ud83d\\u202e"),
        (b"x" * 81, "x" * 80 + "..."),
        (b"x" * 80, "x" * 80),
    ],
)
def test_values_are_shown_on_one_short_line(value: bytes | str, text: str) -> None:
    """Whatever a caller sent, a terminal is not confused."""
    assert shown(value) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.95, "95 %"), (1.0, "100 %"), (0.001, "0.1 %"), (1 / 3, "33.3333 %"), (0.0, "0 %")]
)
def test_shares_are_shown_as_written(share: float, text: str) -> None:
    """Without noughts behind the point."""
    assert percent(share) == text


CONDITIONS: Any = st.recursive(
    st.sampled_from(
        [
            GOLD,
            compare("json", "$.a", "eq", 1),
            compare("json", "$.a", "exists", False),
            compare("query", "q", "gt", 2),
            compare("cookie", "uid", "matches", "[0-5]$"),
            compare("client", "ip", "cidr", ("192.0.2.0/24",)),
            compare("method", "", "eq", "GET"),
            compare("path", "", "matches", "a"),
            Share(0.5),
        ]
    ),
    lambda parts: st.builds(Not, parts) | st.builds(All, st.tuples(parts, parts)) | st.builds(AnyOf, st.tuples(parts)),
    max_leaves=5,
)
SPLITS = st.dictionaries(st.sampled_from(["v1", "v2", "v3"]), st.integers(0, 9)).filter(
    lambda split: any(split.values())
)
KEYS = st.lists(st.sampled_from([USER, UID, KeySource(Source("json", "$.id")), KeySource(Source("query", "q"))]))
ROUTE_FIELDS = st.fixed_dictionaries(
    {
        "match": st.builds(
            Match,
            st.sampled_from(["/a", "/*", "/a/*"]),
            st.sampled_from([(), ("GET",), ("POST", "PUT")]),
            headers=st.sampled_from([(), (("x-tier", "gold"),)]),
        ),
        "targeting_key": KEYS.map(tuple),
        "split": SPLITS,
        "rules": st.lists(st.tuples(st.sampled_from(["s0", "s1"]), SPLITS), max_size=2).map(
            lambda rules: tuple(Rule(f"rule-{n}", segment, split) for n, (segment, split) in enumerate(rules))
        ),
    }
)
REQUESTS = st.builds(
    request,
    st.sampled_from(["/a", "/a/b", "/", "/a/../b"]),
    method=st.sampled_from(["GET", "HEAD", "POST", "DELETE"]),
    query=st.sampled_from([b"", b"q=1", b"q=5", b"q="]),
    headers=st.dictionaries(
        st.sampled_from(["x-user-id", "x-tier", "cookie"]), st.sampled_from(["gold", "uid=7", "uid=3", "", b"\xff"])
    ),
    body=st.sampled_from([None, b"x", b'{"a": 1}', b'{"id": "\\ud83d"}', b'{"id": 3, "a": [true, null]}']),
)


@given(st.lists(ROUTE_FIELDS, max_size=4), st.tuples(CONDITIONS, CONDITIONS), REQUESTS, st.integers())
def test_an_explanation_never_differs_from_the_decision(
    routes: list[Mapping[str, Any]], conditions: tuple[Condition, Condition], facts: Facts, seed: int
) -> None:
    """With the same random numbers, for any configuration and request."""
    each = snapshot(
        *(route(f"r{number}", **fields) for number, fields in enumerate(routes)),
        segments={"s0": conditions[0], "s1": conditions[1]},
    )
    explanation = explain(each, facts, Random(seed).random)
    assert all(step.isprintable() for step in explanation.steps)
    if explanation.reason != "bad_request":
        assert _decided(each, facts, seed) == (
            *(explanation.route, explanation.rule, explanation.variant),
            *(explanation.reason, explanation.key),
        )


def _decided(each: Snapshot, facts: Facts, seed: int) -> tuple[str | None, ...]:
    found = RouteTable(each).find(facts.host, facts.path, facts.method, facts.headers)
    if isinstance(found, Miss):
        return None, None, None, found.code, None
    decision = found.decide(facts, Random(seed).random)
    key = None if decision.key is None else shown(decision.key)
    return found.name, decision.rule, decision.variant, decision.reason, key
