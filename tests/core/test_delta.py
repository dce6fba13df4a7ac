"""Deltas: put together they are the new snapshot, and what has not changed is the old object."""

import gc
import pickle
from dataclasses import replace
from time import thread_time
from typing import Any

import pytest
from hypothesis import given

from gateway.core.delta import Assembly, Part, delta
from gateway.core.model import Endpoint, Match, Route, Share, Snapshot, Variant
from gateway.core.same import same
from tests.core.build import route, snapshot
from tests.core.snapshots import snapshots

PAIRS = snapshots()


def _sent(part: Part) -> Part:
    copy = pickle.loads(pickle.dumps(part))
    assert isinstance(copy, Part)
    return copy


def _put_together(before: Snapshot | None, parts: list[Part]) -> Snapshot:
    assembly = Assembly(before)
    for part in parts:
        assert not assembly.is_complete
        assembly.add(_sent(part))
    assert assembly.is_complete
    return assembly.finish()


@given(PAIRS, PAIRS)
def test_put_together_it_is_the_new_snapshot(before: Snapshot, after: Snapshot) -> None:
    """Order of names and kinds of scalars included; what is the same stays the identical object."""
    after = replace(pickle.loads(pickle.dumps(after)), serial=2)
    made = _put_together(before, delta(before, after))
    assert same(made, after)
    for section in ("variants", "routes", "segments"):
        old, new = getattr(before, section), getattr(made, section)
        for name in old.keys() & new.keys():
            assert (new[name] is old[name]) == same(old[name], new[name])


@given(PAIRS)
def test_it_may_start_from_nothing(after: Snapshot) -> None:
    """A worker that knows nothing, or something else, is sent everything."""
    assert same(_put_together(None, delta(None, after)), after)


def _large(routes: int = 2_000, variants: int = 5_000) -> Snapshot:
    names = [f"model-of-some-team-{number}" for number in range(variants)]
    return Snapshot(
        listen=(),
        variants={
            name: Variant(
                name,
                tuple(Endpoint(f"http://10.0.{n % 250}.{k}:8000", "http", f"10.0.{n % 250}.{k}", 8000) for k in (1, 2)),
                metadata={"registry": f"models:/{name}/7"},
            )
            for n, name in enumerate(names)
        },
        routes={
            f"route-{n}": Route(f"route-{n}", Match(f"/v1/{n}"), {names[n]: 95, names[-n - 1]: 5}, salt=f"route-{n}")
            for n in range(routes)
        },
    )


def _copy(each: Any) -> Any:
    return pickle.loads(pickle.dumps(each))


def test_only_what_changed_is_sent() -> None:
    """One weight of thousands fits in a few hundred bytes, and unchanged sections are the identical mappings."""
    before = _large(200, 500)
    changed = replace(before.routes["route-7"], split={"model-of-some-team-7": 1})
    after = _copy(replace(before, serial=2, routes=before.routes | {"route-7": changed}))
    parts = delta(before, after)
    assert sum(len(pickle.dumps(part)) for part in parts) < 2_000
    made = _put_together(before, parts)
    assert made == after
    assert made.variants is before.variants
    assert [name for name in made.routes if made.routes[name] is not before.routes[name]] == ["route-7"]


def test_every_part_is_small_and_quick_to_take() -> None:
    """With 2,000 routes and 5,000 variants no single step comes near 20 ms of a worker's time (processor time, the best
    of three: other processes may run)."""
    after = _large()
    parts = delta(None, after)
    assert max(len(pickle.dumps(part)) for part in parts) < 256 << 10
    assert min(_slowest(parts) for _ in range(3)) < 0.010
    assert _put_together(None, parts) == after


def _slowest(parts: list[Part]) -> float:
    """Seconds of the slowest step."""
    assembly = Assembly(None)
    steps = [lambda part=part: assembly.add(part) for part in parts]
    gc.collect()
    took = []
    for step in (*steps, assembly.finish):
        started = thread_time()
        step()
        took.append(thread_time() - started)
    return max(took)


def test_what_is_larger_than_a_part_travels_in_pieces() -> None:
    """However much a single variant holds."""
    big = Variant("v1", (), metadata={"note": "x" * (1 << 20)})
    after = replace(snapshot(route()), variants={"v1": big, "v2": replace(big, name="v2")}, serial=3)
    parts = delta(None, after)
    assert max(len(pickle.dumps(part)) for part in parts) < 256 << 10
    assert _put_together(None, parts) == after


def test_sections_may_become_empty() -> None:
    """Removed names are gone, the last one too."""
    before = snapshot(route("a"), route("b"), segments={"s": Share(0.5)})
    one = replace(snapshot(route("b")), serial=2)
    assert _put_together(before, delta(before, one)) == one
    none = replace(snapshot(), serial=3)
    assert _put_together(one, delta(one, none)) == none


def test_an_override_alone_is_one_part() -> None:
    """Nothing else is sent with it."""
    before = snapshot(route())
    after = replace(before, serial=2, disabled=frozenset({"v1"}), forced={"v1": "open"})
    parts = delta(before, after)
    assert [(part.base, part.serial, part.number, part.last) for part in parts] == [(1, 2, 0, True)]
    assert _put_together(before, parts) == after


BEFORE = snapshot(route("a"), segments={"s": Share(0.5)})
PARTS = delta(BEFORE, replace(snapshot(route("b"), segments={"s": Share(0.25)}), serial=2))


@pytest.mark.parametrize(
    "parts",
    [
        [PARTS[1]],
        [PARTS[0], PARTS[0]],
        [PARTS[0], PARTS[2]],
        [*PARTS, PARTS[-1]],
        [replace(PARTS[0], base=0)],
        [PARTS[0], replace(PARTS[1], serial=3)],
    ],
)
def test_a_part_out_of_turn_is_refused(parts: list[Part]) -> None:
    """Missing, repeated, after the end, or of another delta: both are named."""
    assembly = Assembly(BEFORE)
    *good, bad = parts
    for part in good:
        assembly.add(part)
    with pytest.raises(ValueError, match=f"part {bad.number} of {bad.base} to {bad.serial} does not follow"):
        assembly.add(bad)


@pytest.mark.parametrize("count", range(len(PARTS)))
def test_an_unfinished_delta_makes_no_snapshot(count: int) -> None:
    """Nothing half is ever in force."""
    assembly = Assembly(BEFORE)
    for part in PARTS[:count]:
        assembly.add(part)
    assert not assembly.is_complete
    with pytest.raises(ValueError, match="parts are missing"):
        assembly.finish()


def test_a_part_does_not_show_its_bytes() -> None:
    """They may hold secrets."""
    assert "data" not in repr(PARTS[0])
