"""The tally: what it counts, what it adds up, what it does not keep."""

import pickle

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.copies import Asked, Observation
from gateway.core.excess import Seen
from gateway.core.judgement import Difference, Judgement
from gateway.core.metrics import DURATION_BUCKETS
from gateway.core.tally import LONGEST_PATH, MOST_PATHS, OTHERS, Batch, Mismatch, Place, Tally

MATCHED = Judgement("matched")
IGNORED = Judgement("ignored", "too_deep")
PLACES: list[Place] = [("$.score", "value"), ("$.score", "type"), ("$.ids[*]", "extra"), ("status", "value")]


def mismatched(*places: Place) -> Judgement:
    return Judgement("mismatched", folded=frozenset(places))


def many(count: int, begin: int = 0) -> list[Place]:
    return [(f"$.f{number}", "value") for number in range(begin, begin + count)]


def counted(*judgements: Judgement) -> Tally:
    tally = Tally()
    for judgement in judgements:
        tally.add(judgement, 0.004, 0.006)
    return tally


judgements = st.sampled_from([MATCHED, IGNORED]) | st.sets(st.sampled_from(PLACES), min_size=1).map(
    lambda places: mismatched(*places)
)
seconds = st.floats(0, 1000)
events = st.lists(st.tuples(judgements, seconds, seconds, st.none() | judgements), max_size=12)
Event = tuple[Judgement, float, float, Judgement | None]


def tally_of(each: list[Event]) -> Tally:
    tally = Tally()
    for shadow, live_seconds, shadow_seconds, noise in each:
        tally.add(shadow, live_seconds, shadow_seconds)
        if noise is not None:
            tally.add_noise(noise, shadow)
    return tally


def outcomes(judged: list[Judgement], outcome: str) -> list[Judgement]:
    return [each for each in judged if each.outcome == outcome]


# ---- counting


def test_an_empty_tally_has_seen_nothing() -> None:
    assert (Tally().compared, Tally().noise, Tally().places) == (Seen(0, 0), Seen(0, 0), {})


@given(events)
def test_pairs_and_noise_pairs_are_counted_by_what_was_found(each: list[Event]) -> None:
    """Ignored ones are in neither; a noise pair is one of a pair that is compared."""
    tally = tally_of(each)
    shadows = [shadow for shadow, *_ in each]
    differing = outcomes(shadows, "mismatched")
    assert tally.compared == Seen(len(differing) + len(outcomes(shadows, "matched")), len(differing))
    both = [(shadow, noise) for shadow, _, _, noise in each if noise and "ignored" not in (shadow[0], noise[0])]
    noises = outcomes([noise for _, noise in both], "mismatched")
    assert tally.noise == Seen(len(both), len(noises))
    for place in PLACES:
        expected = [sum(place in found.folded for found in found_all) for found_all in (differing, noises)]
        assert tally.places.get(place, [0, 0]) == expected
    assert [0, 0] not in tally.places.values()


@pytest.mark.parametrize(
    ("shadow", "noise", "cells"),
    [
        (MATCHED, MATCHED, [1, 0, 0, 0]),
        (MATCHED, mismatched(PLACES[0]), [0, 1, 0, 0]),
        (mismatched(PLACES[0]), MATCHED, [0, 0, 1, 0]),
        (mismatched(PLACES[0]), mismatched(PLACES[1]), [0, 0, 0, 1]),
        (IGNORED, mismatched(PLACES[0]), [0, 0, 0, 0]),
        (mismatched(PLACES[0]), IGNORED, [0, 0, 0, 0]),
    ],
)
def test_the_four_cells(shadow: Judgement, noise: Judgement, cells: list[int]) -> None:
    tally = Tally()
    tally.add_noise(noise, shadow)
    assert tally.cells == cells
    assert tally.compared == Seen(0, 0)


def test_durations_of_both_sides_are_counted_in_their_buckets() -> None:
    """An upper bound belongs to its bucket; what is beyond the last one to one more. Ignored pairs answered too."""
    tally = Tally()
    for live, shadow in [(0.0, 0.001), (0.001, 0.0011), (300.0, 301.0)]:
        tally.add(IGNORED, live, shadow)
    last = len(DURATION_BUCKETS)
    assert {place: count for place, count in enumerate(tally.live) if count} == {0: 2, last - 1: 1}
    assert {place: count for place, count in enumerate(tally.shadow) if count} == {0: 1, 1: 1, last: 1}


# ---- no more paths than there is room for


def test_paths_beyond_the_room_are_counted_as_others() -> None:
    """Once for each pair, however many there are in it, so that others have a rate like any path."""
    tally = counted(*(mismatched(place) for place in many(MOST_PATHS)))
    tally.add(mismatched(*many(30, begin=5000)), 0.1, 0.1)
    tally.add(mismatched(*many(1), *many(2, begin=6000)), 0.1, 0.1)
    tally.add_noise(mismatched(*many(1, begin=7000)), MATCHED)
    assert len(tally.places) == MOST_PATHS + 1
    assert tally.places[OTHERS] == [2, 1]
    assert tally.places["$.f0", "value"] == [2, 0]


def test_one_pair_may_fill_the_room() -> None:
    tally = counted(*(mismatched(place) for place in many(MOST_PATHS - 1)))
    tally.add(mismatched(*many(200, begin=5000)), 0.1, 0.1)
    assert len(tally.places) == MOST_PATHS + 1
    assert tally.places[OTHERS] == [1, 0]


def test_a_long_path_is_counted_as_others() -> None:
    """Names are the models' to choose."""
    longest = "$." + "x" * (LONGEST_PATH - 2)
    tally = counted(mismatched((longest, "value")), mismatched((longest + "x", "value")))
    assert tally.places == {(longest, "value"): [1, 0], OTHERS: [1, 0]}


def test_others_take_no_room() -> None:
    tally = counted(mismatched(("x" * 1000, "value")), *(mismatched(place) for place in many(MOST_PATHS)))
    assert tally.places[OTHERS] == [1, 0]
    assert len(tally.places) == MOST_PATHS + 1


# ---- adding up


@given(events, events)
def test_merged_tallies_count_as_one(first: list[Event], second: list[Event]) -> None:
    tally = tally_of(first)
    tally.merge(tally_of(second))
    assert tally == tally_of(first + second)


@given(events, events)
def test_what_is_merged_is_left_as_it_is(first: list[Event], second: list[Event]) -> None:
    other = tally_of(second)
    tally = tally_of(first)
    tally.merge(other)
    tally.add(mismatched(*PLACES), 1.0, 1.0)
    tally.add_noise(mismatched(*PLACES), mismatched(*PLACES))
    assert other == tally_of(second)


def test_merging_makes_no_more_room() -> None:
    """Others are at most as many as there are pairs that differ."""
    tally = counted(*(mismatched(place) for place in many(MOST_PATHS)))
    other = counted(mismatched(*many(50, begin=5000)), mismatched(*many(2)))
    other.add_noise(mismatched(*many(9, begin=5000)), mismatched(*many(50, begin=5000)))
    tally.merge(other)
    assert len(tally.places) == MOST_PATHS + 1
    assert tally.places[OTHERS] == [50, 1]
    assert tally.places["$.f0", "value"] == [2, 0]
    small = counted(mismatched(*many(MOST_PATHS)))
    small.merge(counted(mismatched(*many(50, begin=5000))))
    assert small.places[OTHERS] == [2, 0]


def test_merged_others_stay_others() -> None:
    long = mismatched(("x" * 1000, "value"))
    tally = counted(MATCHED)
    tally.merge(counted(long, MATCHED))
    tally.merge(counted(long))
    assert tally.places == {OTHERS: [2, 0]}
    assert tally.compared == Seen(4, 2)


# ---- on its way


@given(events)
def test_a_tally_comes_back_from_json(each: list[Event]) -> None:
    """And is not tied to what it came from."""
    tally = tally_of(each)
    data = tally.data()
    back = Tally.of(orjson.loads(orjson.dumps(data)))
    assert back == tally
    tally.add(mismatched(PLACES[0]), 0.1, 0.1)
    tally.add_noise(MATCHED, MATCHED)
    assert Tally.of(data) == back


def test_a_batch_crosses_between_processes() -> None:
    mismatch = Mismatch(
        request_id="r-1",
        time=1.5,
        live_variant="fraud-3",
        live_version="3.2.1",
        shadow_variant="fraud-5",
        shadow_version="5.0.0",
        revision=7,
        serial=12,
        asked=Asked(b"POST", b"/v1/fraud", b"", (), b"{}", "r-1"),
        live=Observation(200, (), b'{"score": 1}', 0.004),
        shadow=Observation(200, (), b'{"score": 2}', 0.006),
        differences=(Difference("$.score", "value", "1", "2"),),
    )
    tallies = {("fraud", "fraud-5", 3): counted(MATCHED, mismatched(*PLACES))}
    batch = Batch("shadow-1", 4, tallies, [("fraud", "fraud-5", 3, mismatch)])
    assert pickle.loads(pickle.dumps(batch)) == batch
