"""How a route divides its callers: reckoned shares against decisions that were counted."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.decide import CompiledRoute, Segments
from gateway.core.division import Shift, division, shift, unknown_segments
from gateway.core.model import All, AnyOf, Condition, KeySource, Not, Rule, Share, Snapshot, Source
from tests.core.build import compare, never, request, route, snapshot

USER = KeySource(Source("header", "x-user"))
OTHER = KeySource(Source("header", "x-other"))
HALF, TENTH = Share(0.5), Share(0.1)
GOLD = compare("header", "x-tier", "eq", "gold")


def _shift(before: Snapshot, after: Snapshot, holding: str | None = None) -> Shift:
    return shift(division(before, before.routes["fraud"]), division(after, after.routes["fraud"]), holding=holding)


def _with(*rules: tuple[str, dict[str, int]], split: Any = None, segments: Any = None, **fields: Any) -> Snapshot:
    made = tuple(Rule(name, name, weights) for name, weights in rules)
    fields = {"targeting_key": (USER,), **fields}
    return snapshot(route("fraud", split=split or {"v1": 1}, rules=made, **fields), segments=segments or {})


def _told(found: Shift) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    return (
        {name: float(share) for name, share in found.before.items()},
        {name: float(share) for name, share in found.after.items()},
        {"".join(pair): float(share) for pair, share in found.moves.items()},
    )


@pytest.mark.parametrize(
    ("old", "new", "rules", "expected"),
    [
        (TENTH, TENTH, {"v2": 1}, ({"v1": 0.9, "v2": 0.1}, {"v1": 0.9, "v2": 0.1}, {})),
        (TENTH, Share(0.25), {"v2": 1}, ({"v1": 0.9, "v2": 0.1}, {"v1": 0.75, "v2": 0.25}, {"v1v2": 0.15})),
        (TENTH, Not(TENTH), {"v2": 1}, ({"v1": 0.9, "v2": 0.1}, {"v1": 0.1, "v2": 0.9}, {"v1v2": 0.9, "v2v1": 0.1})),
        (TENTH, Share(0.2), {"v1": 1, "v2": 1}, ({"v1": 0.95, "v2": 0.05}, {"v1": 0.9, "v2": 0.1}, {"v1v2": 0.05})),
        (All((TENTH, HALF)), HALF, {"v2": 1}, ({"v1": 0.9, "v2": 0.1}, {"v1": 0.5, "v2": 0.5}, {"v1v2": 0.4})),
        (AnyOf((TENTH, HALF)), HALF, {"v2": 1}, ({"v1": 0.5, "v2": 0.5}, {"v1": 0.5, "v2": 0.5}, {})),
    ],
)
def test_shares_of_rules(old: Condition, new: Condition, rules: dict[str, int], expected: Any) -> None:
    """A share that grows keeps those it had; shares within one segment are of the same hash."""
    before, after = (_with(("s", rules), segments={"s": each}) for each in (old, new))
    told = _told(_shift(before, after))
    assert [pytest.approx(each) for each in expected] == list(told)


def test_rules_come_in_order() -> None:
    """Two segments overlap by chance; the first rule has those who are in both."""
    segments = {"a": HALF, "b": TENTH}
    before = _with(("a", {"v2": 1}), ("b", {"v3": 1}), segments=segments)
    after = _with(("b", {"v3": 1}), ("a", {"v2": 1}), segments=segments)
    found = _shift(before, after)
    expected = {"v1": 0.45, "v2": 0.5, "v3": 0.05}, {"v1": 0.45, "v2": 0.45, "v3": 0.1}, {"v2v3": 0.05}
    assert [pytest.approx(each) for each in expected] == list(_told(found))


def test_comparisons_hold_for_nobody_or_for_all() -> None:
    """Of a segment that compares, the shares are known for those whom the comparisons fit."""
    segments = {"gold": All((GOLD, TENTH))}
    before = _with(segments=segments)
    after = _with(("gold", {"v2": 1}), segments=segments)
    old, new = division(before, before.routes["fraud"]), division(after, after.routes["fraud"])
    assert unknown_segments(old, new) == ["gold"]
    assert shift(old, new).is_still
    assert _told(shift(old, new, holding="gold"))[2] == pytest.approx({"v1v2": 0.1})


@pytest.mark.parametrize(
    ("old", "new", "moved"),
    [
        ({}, {"salt": "other"}, 0.5),
        ({}, {"targeting_key": (OTHER,)}, 0.5),
        ({}, {"targeting_key": (OTHER, USER)}, 0.5),
        ({}, {"targeting_key": (USER, OTHER)}, 0),
        ({"targeting_key": (USER, OTHER)}, {}, 0),
        ({}, {"targeting_key": (KeySource(Source("header", "X-USER"), issue=1.0),)}, 0),
        ({"targeting_key": ()}, {}, 0),
        ({}, {"targeting_key": ()}, 0),
        ({"targeting_key": ()}, {"targeting_key": ()}, 0),
    ],
)
def test_who_is_assigned_afresh(old: dict[str, Any], new: dict[str, Any], moved: float) -> None:
    """With another salt or key everybody is; where there are no keys nobody moves."""
    halves = {"v1": 1, "v2": 1}
    found = _shift(_with(split=halves, **old), _with(split=halves, **new))
    assert (sum(found.moves.values()), dict(found.before), dict(found.after)) == (
        moved,
        {"v1": Fraction(1, 2), "v2": Fraction(1, 2)},
        {"v1": Fraction(1, 2), "v2": Fraction(1, 2)},
    )


def test_another_key_shuffles_segments_too() -> None:
    """A tenth before and a tenth after are then different callers."""
    segments = {"s": TENTH}
    before = _with(("s", {"v2": 1}), segments=segments)
    after = _with(("s", {"v2": 1}), segments=segments, targeting_key=(OTHER,))
    assert _told(_shift(before, after))[2] == pytest.approx({"v1v2": 0.09, "v2v1": 0.09})


def test_without_a_key_no_share_holds() -> None:
    """Not even one of all, so a rule of what is outside takes everybody."""
    segments = {"all": Share(1.0), "none": Not(Share(1.0))}
    found = _shift(
        _with(("all", {"v2": 1}), segments=segments, targeting_key=()),
        _with(("none", {"v3": 1}), segments=segments, targeting_key=()),
    )
    assert _told(found) == ({"v1": 1}, {"v3": 1}, {})


Shape = Callable[[Condition], Condition]
SHAPES: list[Shape] = [
    *(lambda _: Share(0.25), lambda _: Share(0.5), lambda _: Not(Share(0.25)), lambda _: AnyOf((TENTH, HALF))),
    *(lambda atom: atom, lambda atom: All((atom, HALF)), lambda atom: AnyOf((atom, HALF))),
    lambda atom: Not(All((Not(atom), TENTH))),
]
"""Conditions around a comparison, which none of them wants to fail."""
NAMES = ("a", "b", "c")
WEIGHTS = st.dictionaries(st.sampled_from(["v1", "v2", "v3"]), st.integers(0, 3), min_size=1)
SPLITS = WEIGHTS.filter(lambda split: any(split.values()))
WANTED = st.tuples(st.booleans(), st.booleans(), st.booleans())


def _atom(name: str, *, wanted: bool) -> Condition:
    """A comparison that holds for `1` in the segment's own header, or for anything else."""
    test = compare("header", f"x-{name}", "eq", "1")
    return test if wanted else Not(test)


@st.composite
def _snapshots(draw: st.DrawFn, wanted: tuple[bool, ...]) -> Snapshot:
    shapes = [draw(st.sampled_from(SHAPES)) for _ in NAMES]
    atoms = [_atom(name, wanted=each) for name, each in zip(NAMES, wanted, strict=True)]
    segments = {name: shape(atom) for name, shape, atom in zip(NAMES, shapes, atoms, strict=True)}
    rules = draw(st.lists(st.tuples(st.sampled_from(NAMES), SPLITS), max_size=3, unique_by=lambda each: each[0]))
    made = _with(*rules, split=draw(SPLITS), segments=segments)
    return replace(made, disabled=draw(st.frozensets(st.sampled_from(["v1", "v2"]), max_size=1)))


def _counted(snapshots: tuple[Snapshot, Snapshot], headers: dict[str, str], keys: int) -> Counter[tuple[str, str]]:
    routes = [CompiledRoute(each.routes["fraud"], Segments(each.segments), each.disabled) for each in snapshots]
    pairs: Counter[tuple[str, str]] = Counter()
    for number in range(keys):
        facts = request(headers={"x-user": f"user-{number}", **headers})
        old, new = (each.decide(facts, never).variant for each in routes)
        pairs[old, new] += 1
    return pairs


def _apart(found: Shift, counted: Counter[tuple[str, str]]) -> float:
    """The largest difference between reckoned and counted shares."""
    pairs = {pair for pair in [*found.moves, *counted] if pair[0] != pair[1]}
    gaps = [abs(found.moves.get(pair, 0) - counted[pair] / counted.total()) for pair in pairs]
    for shares, side in ((found.before, 0), (found.after, 1)):
        for name in ("v1", "v2", "v3"):
            count = sum(number for pair, number in counted.items() if pair[side] == name)
            gaps.append(abs(shares.get(name, 0) - count / counted.total()))
    return max(float(gap) for gap in gaps)


@settings(max_examples=40)
@given(st.data(), WANTED, st.sampled_from([None, *NAMES]))
def test_decisions_come_out_as_reckoned(data: st.DataObject, wanted: tuple[bool, ...], holding: str | None) -> None:
    """For any rules, segments, splits and disabled variants, within five standard deviations of 2,000 keys."""
    before, after = data.draw(_snapshots(wanted)), data.draw(_snapshots(wanted))
    headers = {f"x-{name}": "1" if (name == holding) == each else "0" for name, each in zip(NAMES, wanted, strict=True)}
    counted = _counted((before, after), headers, 2_000)
    assert _apart(_shift(before, after, holding), counted) < 5 * (0.25 / 2_000) ** 0.5


def test_a_hundred_thousand_decisions_come_out_as_reckoned() -> None:
    """Rules of known shares, one of them growing, and a variant disabled: within 0.5 percentage points."""
    segments = {"a": TENTH, "b": HALF}
    before = _with(("a", {"v2": 1}), ("b", {"v1": 1, "v3": 2}), split={"v1": 90, "v2": 10}, segments=segments)
    after = _with(
        ("a", {"v2": 1, "v3": 1}),
        ("b", {"v1": 1, "v3": 2}),
        split={"v1": 50, "v2": 50},
        segments={"a": HALF, "b": HALF},
    )
    after = replace(after, disabled=frozenset({"v1"}))
    assert _apart(_shift(before, after), _counted((before, after), {}, 100_000)) < 0.005
