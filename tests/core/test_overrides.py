"""Overrides: what they make of a snapshot, when they end, and which splits may be set."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.fields import MOST
from gateway.core.model import Fallback, Route, Rule, Share, Snapshot, Variant
from gateway.core.overrides import MOST_WEIGHT, apply, check_split, ended_by, expired, next_expiry
from gateway.core.records import Override, OverrideKind
from gateway.core.same import same
from tests.core.build import route, snapshot
from tests.core.snapshots import ROUTES, VARIANTS, WEIGHTED, snapshots, some

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FRAUD = route("fraud", split={"v1": 95, "v2": 5}, rules=(Rule("gold", "gold", {"v2": 1}),))
OTHER = route("other", split={"v1": 1})


def _override(kind: OverrideKind, subject: str, **fields: object) -> Override:
    return Override(kind, subject, "ann", "trial", NOW, **fields)  # type: ignore[arg-type]


def _with(*routes: Route, variants: str = "v1 v2 v3") -> Snapshot:
    named = {name: Variant(name, ()) for name in variants.split()}
    return replace(snapshot(*routes, segments={"gold": Share(0.5)}), variants=named)


REVISION = _with(FRAUD, OTHER)


def test_nothing_is_laid_over_nothing() -> None:
    """Without overrides the snapshot is as configured."""
    assert apply(REVISION, []) == REVISION


def test_variants_are_disabled_and_breakers_forced() -> None:
    """By name; a variant that the revision does not have is left out."""
    made = apply(
        REVISION,
        [
            _override("variant_disabled", "v2"),
            _override("variant_disabled", "gone"),
            _override("breaker_forced", "v1", state="open"),
            _override("breaker_forced", "gone", state="closed"),
        ],
    )
    assert made == replace(REVISION, disabled=frozenset({"v2"}), forced={"v1": "open"})
    assert made.routes is REVISION.routes


def test_a_set_split_replaces_those_of_the_rules_too() -> None:
    """The fallback stays who it was by the revision's split; other routes are the identical objects."""
    made = apply(REVISION, [_override("split_set", "fraud", split={"v3": 1})])
    assert made.routes["fraud"] == replace(
        FRAUD, split={"v3": 1}, rules=(Rule("gold", "gold", {"v3": 1}),), fallback=Fallback(variants=("v1",))
    )
    assert made.routes["other"] is OTHER
    assert list(made.routes) == list(REVISION.routes)


def test_a_set_split_may_keep_the_rules() -> None:
    """And a fallback that is written out stays as it is."""
    written = replace(FRAUD, fallback=Fallback(variants=()))
    made = apply(_with(written), [_override("split_set", "fraud", split={"v2": 1}, rules="keep")])
    assert made.routes["fraud"] == replace(written, split={"v2": 1})


@pytest.mark.parametrize("override", [("gone", {"v1": 1}), ("fraud", {"v1": 1, "gone": 0})])
def test_a_split_of_what_is_gone_is_left_out(override: tuple[str, dict[str, int]]) -> None:
    """Route or variant."""
    subject, split = override
    assert apply(REVISION, [_override("split_set", subject, split=split)]) == REVISION


OVERRIDES = st.lists(
    st.builds(lambda name: _override("variant_disabled", name), some(*VARIANTS))
    | st.builds(lambda name, split: _override("split_set", name, split=split), some(*ROUTES), WEIGHTED),
    unique_by=lambda each: each.key,
)


@given(snapshots(), OVERRIDES)
def test_what_no_override_touches_is_identical(revision: Snapshot, overrides: list[Override]) -> None:
    """And applying changes nothing of what was given, nor depends on the order."""
    before = repr(revision)
    made = apply(revision, overrides)
    assert repr(revision) == before
    assert same(made, apply(revision, reversed(overrides)))
    set_routes = {each.subject for each in overrides if each.kind == "split_set"}
    assert all(made.routes[name] is each for name, each in revision.routes.items() if name not in set_routes)
    assert (made.variants, made.segments) == (revision.variants, revision.segments)


SPLIT = _override("split_set", "fraud", split={"v3": 1})


@pytest.mark.parametrize(
    ("after", "overrides", "ended"),
    [
        (REVISION, [SPLIT, _override("variant_disabled", "v1")], []),
        (_with(replace(FRAUD, split={"v1": 90, "v2": 10})), [SPLIT], [SPLIT]),
        (_with(replace(FRAUD, split={"v2": 5, "v1": 95})), [SPLIT], []),
        (_with(replace(FRAUD, deadline=1.0, rules=())), [SPLIT], []),
        (_with(OTHER), [SPLIT], [SPLIT]),
        (_with(FRAUD, variants="v1 v2"), [SPLIT], [SPLIT]),
        (_with(FRAUD, variants="v1 v2"), [_override("variant_disabled", "v3")], [_override("variant_disabled", "v3")]),
        (_with(FRAUD, variants="v1 v2"), [_override("breaker_forced", "v3")], [_override("breaker_forced", "v3")]),
        (_with(FRAUD, variants="v2 v3"), [_override("variant_disabled", "v3")], []),
    ],
)
def test_what_a_new_revision_ends(after: Snapshot, overrides: list[Override], ended: list[Override]) -> None:
    """A set split whose route's own split changes, and whatever names what is gone."""
    assert ended_by(REVISION, after, overrides) == tuple(each.key for each in ended)


def test_a_set_split_of_a_route_that_was_not_there_ends() -> None:
    """Nobody decided it for the route that now has the name."""
    assert ended_by(_with(OTHER), REVISION, [SPLIT]) == (SPLIT.key,)


def test_expiry() -> None:
    """At the very instant; what has none stays."""
    soon = _override("variant_disabled", "v1", expires=NOW + timedelta(seconds=1))
    late = _override("variant_disabled", "v2", expires=NOW + timedelta(hours=1))
    overrides = [late, soon, SPLIT]
    assert next_expiry(overrides) == soon.expires
    assert expired(overrides, NOW) == ()
    assert expired(overrides, NOW + timedelta(seconds=1)) == (soon,)
    assert expired(overrides, NOW + timedelta(days=1)) == (late, soon)
    assert next_expiry([SPLIT]) is None


@pytest.mark.parametrize(
    ("name", "split", "fault"),
    [
        ("fraud", {"v3": 1, "v1": 0}, None),
        ("fraud", {"v3": MOST}, None),
        ("frau", {"v3": 1}, 'no route frau is defined (did you mean "fraud"?)'),
        ("zzz", {"v3": 1}, "no route zzz is defined"),
        ("fraud", {"v3": 1, "v3x": 1}, 'no variant v3x is defined (did you mean "v3"?)'),
        ("fraud", {"v3": -1}, "v3: a weight is a whole number from 0 to 1000000000, not -1"),
        ("fraud", {"v3": MOST + 1}, "v3: a weight is a whole number from 0 to 1000000000, not 1000000001"),
        ("fraud", {"v3": True}, "v3: a weight is a whole number from 0 to 1000000000, not True"),
        ("fraud", {"v3": 0.5}, "v3: a weight is a whole number from 0 to 1000000000, not 0.5"),
        ("fraud", {"v3": 0, "v1": 0}, "at least one weight above zero is due"),
        ("fraud", {}, "at least one variant with a weight is due"),
    ],
)
def test_which_splits_may_be_set(name: str, split: dict[str, int], fault: str | None) -> None:
    """Those that a configuration could hold; else it is said what is wrong."""
    assert check_split(REVISION, name, split) == fault


def test_the_largest_weight_is_the_configurations() -> None:
    """One bound, whichever way a split is set."""
    assert MOST_WEIGHT == MOST
