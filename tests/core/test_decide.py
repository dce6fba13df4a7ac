"""The decision for one request: rules before the split, reasons, keys that are issued, fallbacks."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from gateway.core.decide import CompiledRoute, Segments
from gateway.core.facts import Facts
from gateway.core.model import Condition, Fallback, KeySource, Not, Route, Rule, Share, Source
from tests.core.build import compare, never, request, route

USER = KeySource(Source("header", "x-user"))
UID = KeySource(Source("cookie", "uid"), issue=3600.0)
GOLD = compare("header", "x-tier", "eq", "gold")
SPLIT = {"v1": 95, "v2": 5}


def _compiled(each: Route, segments: dict[str, Condition] | None = None) -> CompiledRoute:
    return CompiledRoute(each, Segments(segments or {}))


def _ruled(*rules: Rule, **segments: Condition) -> CompiledRoute:
    return _compiled(route(split=SPLIT, targeting_key=(USER,), rules=rules), segments)


def test_a_key_is_split_by_its_hash_alone() -> None:
    """No random number is drawn, and the decision carries the key."""
    decision = _compiled(route(split=SPLIT, targeting_key=(USER,))).decide(request(headers={"x-user": "user-1"}), never)
    assert (decision.reason, decision.rule, decision.key, decision.keyed, decision.cookie) == (
        *("split", None),
        *(b"user-1", True, None),
    )
    assert decision.variant in SPLIT


def test_the_salt_decides_not_the_name() -> None:
    """A renamed route that keeps its salt keeps its callers."""
    keys = [request(headers={"x-user": f"{number}"}) for number in range(200)]
    old = _compiled(route("old", split={"v1": 1, "v2": 1}, targeting_key=(USER,)))
    kept = _compiled(route("new", split={"v1": 1, "v2": 1}, targeting_key=(USER,), salt="old"))
    new = _compiled(route("new", split={"v1": 1, "v2": 1}, targeting_key=(USER,)))
    picks = [[each.decide(facts, never).variant for facts in keys] for each in (old, kept, new)]
    assert picks[0] == picks[1] != picks[2]


@pytest.mark.parametrize(
    ("tier", "beta", "variant", "reason", "rule"),
    [
        ("gold", "yes", "v3", "rule:gold", "gold"),
        ("gold", "no", "v3", "rule:gold", "gold"),
        ("free", "yes", "v4", "rule:testers", "testers"),
        ("free", "no", "v1", "split", None),
    ],
)
def test_the_first_rule_that_matches_wins(tier: str, beta: str, variant: str, reason: str, rule: str | None) -> None:
    """Rules in order, else the route's split; the reason names the rule, not its segment."""
    compiled = _compiled(
        route(targeting_key=(USER,), rules=(Rule("gold", "g", {"v3": 1}), Rule("testers", "b", {"v4": 1}))),
        {"g": GOLD, "b": compare("header", "x-beta", "eq", "yes")},
    )
    decision = compiled.decide(request(headers={"x-user": "u", "x-tier": tier, "x-beta": beta}), never)
    assert (decision.variant, decision.reason, decision.rule) == (variant, reason, rule)


def test_without_a_key_the_choice_is_random_by_weight() -> None:
    """Reason unkeyed, no key, no cookie."""
    compiled = _compiled(route(split=SPLIT, targeting_key=(USER,)))
    draw = Random(1).random
    decisions = [compiled.decide(request(), draw) for _ in range(20_000)]
    assert {(each.reason, each.key, each.keyed, each.cookie) for each in decisions} == {("unkeyed", None, False, None)}
    assert abs(Counter(each.variant for each in decisions)["v2"] / 20_000 - 0.05) < 0.01


def test_a_rule_is_named_before_unkeyed() -> None:
    """Though its choice was random too, and is not keyed."""
    decision = _ruled(Rule("gold", "g", {"v3": 1, "v4": 1}), g=GOLD).decide(
        request(headers={"x-tier": "gold"}), lambda: 0.75
    )
    assert (decision.variant, decision.reason, decision.rule, decision.keyed) == ("v4", "rule:gold", "gold", False)


def test_a_share_goes_by_the_targeting_key() -> None:
    """Its callers are the same on every request; without a key nobody is in it, so everybody is outside."""
    compiled = _ruled(Rule("beta", "b", {"v3": 1}), b=Share(0.3))
    callers = [request(headers={"x-user": f"{number}"}) for number in range(10_000)]
    reasons = [compiled.decide(facts, never).reason for facts in callers]
    assert reasons == [compiled.decide(facts, never).reason for facts in callers]
    assert abs(Counter(reasons)["rule:beta"] / 10_000 - 0.3) < 0.02
    outside = _ruled(Rule("rest", "r", {"v4": 1}), r=Not(Share(1.0)))
    assert compiled.decide(request(), lambda: 0.0).reason == "unkeyed"
    assert outside.decide(request(), lambda: 0.0).reason == "rule:rest"


def test_a_new_key_is_issued_where_no_source_is_present() -> None:
    """It counts for this very request: what the cookie brings back is assigned alike."""
    compiled = _compiled(route(split={"v1": 1, "v2": 1}, targeting_key=(USER, UID)))
    draw = Random(7).random
    for _ in range(50):
        first = compiled.decide(request(), draw)
        assert first.cookie is not None
        assert (first.reason, first.keyed, first.cookie.max_age) == ("split", True, 3600)
        assert first.cookie.value == first.key
        again = compiled.decide(request(headers={"cookie": b"uid=" + first.cookie.value}), never)
        assert (again.variant, again.key, again.cookie) == (first.variant, first.key, None)


@pytest.mark.parametrize("headers", [{"x-user": "u"}, {"cookie": "uid=u"}])
def test_nothing_is_issued_where_a_source_is_present(headers: dict[str, str]) -> None:
    """Whichever of the list it is."""
    decision = _compiled(route(split=SPLIT, targeting_key=(USER, UID))).decide(request(headers=headers), never)
    assert (decision.key, decision.cookie) == (b"u", None)


def test_an_issued_key_counts_for_shares() -> None:
    """A rule sees the key that the cookie will bring back."""
    compiled = _compiled(route(targeting_key=(UID,), rules=(Rule("all", "a", {"v2": 1}),)), {"a": Share(1.0)})
    assert compiled.decide(request(), Random(1).random).reason == "rule:all"


JSON = compare("json", "$.a", "eq", 1)


@pytest.mark.parametrize(
    ("key", "condition", "needs"),
    [
        ((), GOLD, False),
        ((USER, UID), Not(GOLD), False),
        ((USER,), Share(0.5), False),
        ((USER, KeySource(Source("json", "$.user"))), GOLD, True),
        ((), Not(JSON), True),
    ],
)
def test_a_body_is_needed_where_json_is_read(key: tuple[KeySource, ...], condition: Condition, needs: bool) -> None:
    """By a rule or by a key, wherever it stands."""
    compiled = _compiled(route(targeting_key=key, rules=(Rule("r", "s", {"v1": 1}),)), {"s": condition, "unused": JSON})
    assert compiled.needs_body is needs
    assert compiled.by_head is not needs


@pytest.mark.parametrize(
    ("key", "condition"),
    [
        ((KeySource(Source("client", "ip")),), GOLD),
        ((USER,), compare("client", "ip", "eq", "10.0.0.1")),
    ],
)
def test_a_decision_that_reads_the_callers_address_is_not_made_by_the_head_alone(
    key: tuple[KeySource, ...], condition: Condition
) -> None:
    """By a key or by a rule."""
    compiled = _compiled(route(targeting_key=key, rules=(Rule("r", "s", {"v1": 1}),)), {"s": condition})
    assert not compiled.by_head


def test_a_body_decides() -> None:
    """By a rule on a field, and by a key in another."""
    compiled = _compiled(
        route(targeting_key=(KeySource(Source("json", "$.user")),), rules=(Rule("one", "s", {"v2": 1}),)), {"s": JSON}
    )
    decision = compiled.decide(request(body=b'{"a": 1.0, "user": 7}'), never)
    assert (decision.variant, decision.reason, decision.key) == ("v2", "rule:one", b"7")


@pytest.mark.parametrize(
    ("fallback", "chain"),
    [
        (Fallback(), ("v2",)),
        (Fallback(variants=()), ()),
        (Fallback(variants=("v9", "v1")), ("v9", "v1")),
    ],
)
def test_fallbacks(fallback: Fallback, chain: tuple[str, ...]) -> None:
    """As listed; where nothing is, the heaviest of the route's own split, the first in the file on a tie."""
    split = {"v1": 1, "v2": 5, "v3": 5}
    rules = (Rule("r", "s", {"v8": 100}),)
    assert _compiled(route(split=split, fallback=fallback, rules=rules), {"s": GOLD}).fallback == chain


THREE = {"v1": 50, "v2": 30, "v3": 20}


def test_a_disabled_variant_moves_only_its_own_callers() -> None:
    """The rest of the split takes them by the same hashing, and a rule's split no less."""
    each = route(split=THREE, targeting_key=(USER,), rules=(Rule("gold", "g", THREE),))
    segments = Segments({"g": GOLD})
    before, after = CompiledRoute(each, segments), CompiledRoute(each, segments, frozenset({"v2", "unknown"}))
    weightless = CompiledRoute(replace(each, split=THREE | {"v2": 0}), segments)
    for tier in ("gold", "free"):
        callers = [request(headers={"x-user": f"{number}", "x-tier": tier}) for number in range(1_000)]
        moves = {(before.decide(facts, never).variant, after.decide(facts, never).variant) for facts in callers}
        assert moves == {("v1", "v1"), ("v2", "v1"), ("v2", "v3"), ("v3", "v3")}
    assert all(after.decide(facts, never).variant == weightless.decide(facts, never).variant for facts in callers)
    assert {after.decide(request(), Random(1).random).variant for _ in range(50)} <= {"v1", "v3"}


def test_where_all_are_disabled_the_pick_stands() -> None:
    """Whoever serves sees that it is disabled, and goes by the fallback."""
    each = route(split=THREE | {"v4": 0}, targeting_key=(USER,))
    before = CompiledRoute(each, Segments({}))
    after = CompiledRoute(each, Segments({}), frozenset(THREE))
    for number in range(100):
        facts = request(headers={"x-user": f"{number}"})
        assert after.decide(facts, never).variant == before.decide(facts, never).variant


@pytest.mark.parametrize(
    ("fallback", "chain"),
    [(Fallback(), ()), (Fallback(variants=("v9", "v1", "v2")), ("v9", "v2")), (Fallback(variants=("v1",)), ())],
)
def test_disabled_variants_are_no_fallback(fallback: Fallback, chain: tuple[str, ...]) -> None:
    """Listed or the heaviest: the default stays who it is by the weights as configured."""
    assert CompiledRoute(route(split=THREE, fallback=fallback), Segments({}), frozenset({"v1"})).fallback == chain


def test_segments_are_compiled_once() -> None:
    """However many routes name them."""
    segments = Segments({"g": GOLD})
    assert segments.predicate("g") is segments.predicate("g")


def test_a_compiled_route_names_itself() -> None:
    """What records and headers need is at hand."""
    each = route("fraud")
    assert (_compiled(each).name, _compiled(each).route) == ("fraud", each)


def test_odd_requests_are_decided_too() -> None:
    """No bytes of a caller make a decision fail."""
    facts = Facts(b"\xff", b"\xff", b"%", b"", {b"x-user": b"\xff", b"x-tier": b"\x00", b"cookie": b"=;"}, client="")
    facts.body = b"\xff"
    assert _ruled(Rule("g", "g", {"v3": 1}), g=GOLD).decide(facts, never).key == b"\xff"
