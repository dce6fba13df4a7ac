"""Plans: what is compared, and what is said of it."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from gateway.core.assignment import compile_split
from gateway.core.model import (
    Condition,
    Endpoint,
    Fallback,
    Headers,
    KeySource,
    Listener,
    Match,
    Route,
    Rule,
    Share,
    Snapshot,
    Source,
    UpstreamTls,
    Variant,
)
from gateway.core.overrides import apply
from gateway.core.plan import Move, Plan, PlannedChange, RoutePlan, plan, route_plans
from gateway.core.records import Override, OverrideKind
from tests.core.build import compare, route
from tests.core.snapshots import snapshots

USER = KeySource(Source("header", "x-user"))
COOKIE = KeySource(Source("cookie", "uid"))
GOLD = compare("header", "x-tier", "eq", "gold")
FRAUD = route("fraud", split={"v1": 95, "v2": 5}, targeting_key=(USER,))


def _snapshot(*routes: Route, segments: dict[str, Condition] | None = None, **fields: Any) -> Snapshot:
    return Snapshot(
        (Listener("0.0.0.0", 80),),
        {name: Variant(name, (Endpoint(f"http://{name}", "http", name, 80),)) for name in ("v1", "v2", "v3")},
        {each.name: each for each in routes},
        segments or {"gold": GOLD},
        **fields,
    )


def _override(kind: OverrideKind, subject: str, **fields: object) -> Override:
    return Override(kind, subject, "ann", "trial", datetime(2026, 1, 1, tzinfo=UTC), **fields)  # type: ignore[arg-type]


BEFORE = _snapshot(FRAUD)
UNKNOWN = "how many callers the comparisons of segment gold hold for is not known: the shares are of all the others"


def test_nothing_changes() -> None:
    """Then the plan is empty, though overrides stay."""
    kept = _override("variant_disabled", "v2")
    found = plan(BEFORE, replace(BEFORE, revision=2), overrides=[kept])
    assert found == Plan(overrides_kept=(kept.key,))
    assert found.is_empty


def test_a_split_changes() -> None:
    """In words and in shares; other routes are left out."""
    other = route("other", targeting_key=(USER,))
    found = plan(_snapshot(FRAUD, other), _snapshot(replace(FRAUD, split={"v1": 50, "v2": 50}), other))
    assert found == Plan(
        changes=(PlannedChange("route fraud", "split: v1 95 -> 50, v2 5 -> 50"),),
        routes={"fraud": RoutePlan({"v1": 0.95, "v2": 0.05}, {"v1": 0.5, "v2": 0.5}, (Move("v1", "v2", 0.45),))},
    )
    assert not found.is_empty


def test_routes_come_and_go() -> None:
    """A new one has no shares before, a removed one none after; nobody moves."""
    new = route("new", split={"v1": 1, "v3": 1}, rules=(Rule("gold", "gold", {"v2": 1}),), targeting_key=(USER,))
    found = plan(BEFORE, _snapshot(new)).routes
    assert found == {
        "fraud": RoutePlan({"v1": 0.95, "v2": 0.05}, {}, ()),
        "new": RoutePlan({}, {"v1": 0.5, "v3": 0.5}, (), (UNKNOWN,)),
    }


def test_a_rule_of_unknown_share_comes() -> None:
    """Its callers are shown on their own; all the others stay."""
    after = _snapshot(replace(FRAUD, rules=(Rule("gold", "gold", {"v2": 1}),)))
    assert plan(BEFORE, after).routes == {
        "fraud": RoutePlan(
            {"v1": 0.95, "v2": 0.05},
            {"v1": 0.95, "v2": 0.05},
            (),
            (UNKNOWN,),
            {"gold": RoutePlan({"v1": 0.95, "v2": 0.05}, {"v2": 1.0}, (Move("v1", "v2", 0.95),))},
        )
    }


def test_a_rule_of_known_share_comes() -> None:
    """Nothing need be assumed."""
    after = _snapshot(replace(FRAUD, rules=(Rule("some", "some", {"v3": 1}),)), segments={"some": Share(0.5)})
    found = plan(BEFORE, after).routes["fraud"]
    assert (found.moves, found.assumed) == ((Move("v1", "v3", 0.475), Move("v2", "v3", 0.025)), ())


def test_rules_change_places() -> None:
    """Those of a single segment are not touched where only the order of two changes."""
    rules = Rule("gold", "gold", {"v2": 1}), Rule("eu", "eu", {"v3": 1})
    segments: dict[str, Condition] = {"gold": GOLD, "eu": compare("header", "x-region", "eq", "eu")}
    found = plan(
        _snapshot(replace(FRAUD, rules=rules), segments=segments),
        _snapshot(replace(FRAUD, rules=rules[::-1]), segments=segments),
    )
    assert [each.change for each in found.changes] == ["rule order: now eu, gold"]
    assert found.routes["fraud"].moves == ()
    assert found.routes["fraud"].assumed == (
        "how many callers the comparisons of segments gold, eu hold for is not known: the shares are of all the others",
        "the shares of a segment's callers are of those for whom no other of these segments' comparisons hold",
        "the order of rules changes: callers of more than one of segments gold, eu are not counted",
    )


SPLIT = {"v1": 1, "v2": 1}


@pytest.mark.parametrize(
    ("old", "new", "moved", "assumed"),
    [
        ({}, {"salt": "s"}, 0.5, ["the salt changes: everybody is assigned afresh, independently of before"]),
        (
            *({}, {"targeting_key": (COOKIE,)}, 0.5),
            ["the targeting key changes: everybody is assigned afresh, independently of before"],
        ),
        (
            *({}, {"targeting_key": (USER, COOKIE)}, 0),
            ["the targeting key gains cookie uid: callers who have none of its other sources are not counted"],
        ),
        (
            *({"targeting_key": (USER, COOKIE)}, {}, 0),
            ["the targeting key loses cookie uid: callers who have none of its other sources are not counted"],
        ),
        (
            *({"targeting_key": ()}, {}, 0),
            ["every call was drawn at random for want of a targeting key; from now on each key has one variant"],
        ),
        (
            *({}, {"targeting_key": ()}, 0),
            ["without a targeting key every call is drawn at random, so nobody keeps a variant"],
        ),
        (
            *({"targeting_key": ()}, {"targeting_key": (), "split": {"v1": 3, "v2": 1}}, 0),
            ["the route has no targeting key: every call is drawn at random, so nobody has a variant to be moved from"],
        ),
    ],
)
def test_keys_and_salts_change(old: dict[str, Any], new: dict[str, Any], moved: float, assumed: list[str]) -> None:
    """Who is assigned afresh, and why, is said."""
    before, after = (_snapshot(replace(FRAUD, **({"split": SPLIT} | each))) for each in (old, new))
    found = plan(before, after).routes["fraud"]
    assert (sum(each.share for each in found.moves), list(found.assumed)) == (moved, assumed)


@pytest.mark.parametrize(
    "change", [{"salt": "s"}, {"targeting_key": (COOKIE,)}, {"targeting_key": ()}, {"deadline": 1.0}]
)
def test_where_nobody_can_move_nothing_is_assumed(change: dict[str, Any]) -> None:
    """With one variant there is nowhere to go."""
    only = replace(FRAUD, split={"v1": 7})
    found = plan(_snapshot(only), _snapshot(replace(only, **change)))
    assert len(found.changes) == 1
    assert found.routes == {}


def test_a_segment_changes() -> None:
    """A share that grows is reckoned; another comparison is said to be unknown."""
    ruled = replace(FRAUD, split={"v1": 1}, rules=(Rule("gold", "gold", {"v2": 1}),))
    grown = plan(_snapshot(ruled, segments={"gold": Share(0.25)}), _snapshot(ruled, segments={"gold": Share(0.5)}))
    assert grown.routes["fraud"].moves == (Move("v1", "v2", 0.25),)
    wider = compare("header", "x-tier", "in", ("gold", "platinum"))
    found = plan(_snapshot(ruled), _snapshot(ruled, segments={"gold": wider})).routes["fraud"]
    assert (found.moves, found.assumed[-1]) == (
        *((), "segment gold changes: how many callers it gains and loses is not known"),
    )


def test_overrides_stay_or_end() -> None:
    """What is in force now is compared with what would be: a set split that ends moves its callers."""
    ends, stays = _override("split_set", "fraud", split={"v3": 1}), _override("variant_disabled", "v2")
    found = plan(BEFORE, _snapshot(replace(FRAUD, split={"v1": 90, "v2": 10})), overrides=[ends, stays])
    assert (found.overrides_ended, found.overrides_kept) == ((ends.key,), (stays.key,))
    assert found.routes["fraud"] == RoutePlan({"v3": 1.0}, {"v1": 1.0}, (Move("v3", "v1", 1.0),))


def test_a_set_split_that_stays_hides_what_is_below() -> None:
    """Nobody moves while it is in force, whatever the rules of the revision become."""
    stays = _override("split_set", "fraud", split={"v3": 1})
    found = plan(BEFORE, _snapshot(replace(FRAUD, rules=(Rule("gold", "gold", {"v2": 1}),))), overrides=[stays])
    assert len(found.changes) == 1
    assert (found.routes, found.overrides_kept) == ({}, (stays.key,))


def test_an_override_is_planned_like_a_change() -> None:
    """From what is in force to what would be: a switch to one variant, with all its rules."""
    ruled = _snapshot(replace(FRAUD, rules=(Rule("some", "some", {"v1": 1}),)), segments={"some": Share(0.5)})
    found = route_plans(ruled, apply(ruled, [_override("split_set", "fraud", split={"v2": 1})]))
    assert found == {"fraud": RoutePlan({"v1": 0.975, "v2": 0.025}, {"v2": 1.0}, (Move("v1", "v2", 0.975),))}


def test_a_split_with_none_left_is_said() -> None:
    """Its callers go to the fallback, which no shares show."""
    off = _override("variant_disabled", "v2")
    after = _snapshot(replace(FRAUD, split={"v2": 1, "v3": 0}, fallback=Fallback(variants=("v1",))))
    found = plan(BEFORE, after, overrides=[off]).routes["fraud"]
    assert (found.after, found.assumed) == (
        *({"v2": 1.0}, ("v2 is disabled and a split has no other left: its callers go to the fallback",)),
    )


V1 = BEFORE.variants["v1"]
SAFE = replace(V1, endpoints=(Endpoint("https://v1", "https", "v1", 443),))
TWO = (*V1.endpoints, Endpoint("http://more", "http", "more", 80))


@pytest.mark.parametrize(
    ("old", "new", "resets"),
    [
        (V1, replace(V1, version="2", timeouts=replace(V1.timeouts, idle=1.0)), ()),
        (V1, replace(V1, endpoints=TWO), ()),
        (replace(V1, endpoints=TWO), V1, ()),
        (V1, replace(V1, endpoints=TWO[1:]), ("v1",)),
        (V1, replace(V1, headers=Headers((("Host", "h"),))), ("v1",)),
        (V1, replace(V1, tls=UpstreamTls(verify=False)), ()),
        (SAFE, replace(SAFE, tls=UpstreamTls(digest="2")), ("v1",)),
        (
            replace(SAFE, endpoints=(*SAFE.endpoints, *TWO)),
            replace(SAFE, endpoints=(*SAFE.endpoints, *TWO), tls=UpstreamTls(verify=False)),
            ("v1",),
        ),
    ],
)
def test_which_pools_begin_afresh(old: Variant, new: Variant, resets: tuple[str, ...]) -> None:
    """Those without an endpoint that stays, or with one that is spoken to in another way."""
    before, after = (replace(BEFORE, variants=BEFORE.variants | {"v1": each}) for each in (old, new))
    found = plan(before, after)
    assert found.resets == resets
    assert found.changes


@pytest.mark.parametrize(
    ("listen", "refused"),
    [
        ((Listener("0.0.0.0", 80, digest="2"),), ()),
        ((Listener("0.0.0.0", 81),), ("listen",)),
        ((Listener("0.0.0.0", 80, "/c", "/k"),), ("listen",)),
        ((), ("listen",)),
    ],
)
def test_what_needs_a_restart(listen: tuple[Listener, ...], refused: tuple[str, ...]) -> None:
    """Addresses and paths of certificates; not what their files hold."""
    found = plan(BEFORE, replace(BEFORE, listen=listen))
    assert found.refused == refused
    assert found.changes


@given(snapshots(), snapshots())
def test_shares_add_up(before: Snapshot, after: Snapshot) -> None:
    """Whatever changes: all shares make one, and who moves makes the difference."""
    for name, each in plan(before, after).routes.items():
        for part in (each, *each.segments.values()):
            if name in before.routes and name in after.routes:
                _check_sums(part, keyed=bool(before.routes[name].targeting_key and after.routes[name].targeting_key))


def _check_sums(each: RoutePlan, *, keyed: bool) -> None:
    assert sum(each.before.values()) == pytest.approx(1) == sum(each.after.values())
    gained: Counter[str] = Counter()
    for move in each.moves:
        assert move.share > 0
        gained[move.target] += move.share  # type: ignore[assignment]
        gained[move.source] -= move.share  # type: ignore[assignment]
    for variant in each.before.keys() | each.after.keys() if keyed else ():
        difference = each.after.get(variant, 0) - each.before.get(variant, 0)
        assert gained[variant] == pytest.approx(difference, abs=1e-9)


@given(snapshots())
def test_the_same_snapshot_is_an_empty_plan(each: Snapshot) -> None:
    """Nothing changes, so nothing is said."""
    assert plan(each, replace(each, serial=9)) == Plan()


def test_a_hundred_thousand_keys_move_as_planned() -> None:
    """With an override in force on both sides, within 0.5 percentage points."""
    off = _override("variant_disabled", "v2")
    old = _snapshot(replace(FRAUD, split={"v1": 60, "v2": 30, "v3": 10}))
    new = _snapshot(replace(FRAUD, split={"v1": 20, "v2": 30, "v3": 50}))
    planned = plan(old, new, overrides=[off]).routes["fraud"]
    picks = [
        compile_split("fraud", {name: weight for name, weight in each.routes["fraud"].split.items() if name != "v2"})
        for each in (apply(old, [off]), apply(new, [off]))
    ]
    keys = [b"user-%d" % number for number in range(100_000)]
    counted = Counter((picks[0](key), picks[1](key)) for key in keys)
    moved = {pair: count / 100_000 for pair, count in counted.items() if pair[0] != pair[1]}
    assert moved.keys() == {(each.source, each.target) for each in planned.moves}
    assert all(abs(each.share - moved[each.source, each.target]) < 0.005 for each in planned.moves)


def test_a_match_alone_moves_nobody() -> None:
    """Other requests reach the route; callers who still do keep their variant."""
    found = plan(BEFORE, _snapshot(replace(FRAUD, match=Match("/other"))))
    assert found == Plan((PlannedChange("route fraud", "match.path: /fraud -> /other"),))
