"""The report: the contract's example, the order of paths, and what stands where nothing was compared."""

from dataclasses import asdict
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.judgement import Judgement
from gateway.core.report import MOST_ROWS, Cells, Counts, Subject, ordered, report
from gateway.core.tally import OTHERS, Place, Tally

SINCE = datetime(2026, 5, 1, 12, tzinfo=UTC)
SUBJECT = Subject("fraud", "fraud-5", SINCE, noise=0.05)
NOTHING = Counts(0, 0, 0, 0, {}, {}, {})
COUNTS = Counts(
    requests=10_000,
    sampled=1217,
    matched=1110,
    mismatched=90,
    ignored={"large_reply": 2, "too_deep": 7, "coding": 0},
    errors={"timeout": 3},
    dropped={"queue": 5},
)


def tally(matched: int = 0, mismatched: int = 0, cells: tuple[int, ...] = (0, 0, 0, 0), **places: list[int]) -> Tally:
    named: dict[Place, list[int]] = {(f"$.{name}", "value"): counts for name, counts in places.items()}
    return Tally(matched=matched, mismatched=mismatched, cells=list(cells), places=named)


EXAMPLE = tally(1110, 90, (230, 1, 18, 1), score=[90, 0])


def test_the_contracts_example() -> None:
    found = orjson.loads(orjson.dumps(report(SUBJECT, COUNTS, EXAMPLE)))
    assert found["paths"][0]["excess"].pop("low") == pytest.approx(0.026, abs=5e-4)
    assert found["paths"][0]["excess"].pop("high") == pytest.approx(0.106, abs=5e-4)
    assert found["excess"].pop("low") == pytest.approx(0.003, abs=5e-4)
    assert found["excess"].pop("high") == pytest.approx(0.106, abs=5e-4)
    assert found == {
        "route": "fraud",
        "variant": "fraud-5",
        "since": "2026-05-01T12:00:00+00:00",
        "verdict": "differs",
        "text": "answers differ in at least 0.26 % beyond noise (7.5 % of 1,200 pairs differ, noise 0.8 % of 250)",
        "requests": 10_000,
        "sampled": 1217,
        "achieved_sample": 0.1217,
        "compared": 1200,
        "matched": 1110,
        "mismatched": 90,
        "ignored": 9,
        "ignored_reasons": {"too_deep": 7, "large_reply": 2},
        "errors": {"timeout": 3},
        "dropped": {"queue": 5},
        "noise_pairs": 250,
        "mismatch_rate": 0.075,
        "noise_rate": 0.008,
        "excess": {"rate": pytest.approx(0.067)},
        "cells": {"neither": 230, "noise_only": 1, "shadow_only": 18, "both": 1},
        "latency": {"live": {}, "shadow": {}},
        "paths": [
            {
                "path": "$.score",
                "kind": "value",
                "mismatched": 90,
                "noisy": 0,
                "mismatch_rate": 0.075,
                "noise_rate": 0.0,
                "excess": {"rate": 0.075},
                "text": "$.score: the value differs in 7.5 % of 1,200 pairs, noise 0 % of 250: "
                "at least 2.6 % beyond noise",
            }
        ],
        "paths_left_out": 0,
    }


def test_where_nothing_was_compared_all_rates_are_null() -> None:
    found = asdict(report(SUBJECT, NOTHING, Tally()))
    assert found["excess"] == {"rate": None, "low": None, "high": None}
    nulls = ("mismatch_rate", "noise_rate", "achieved_sample")
    assert [found[name] for name in nulls] == [None, None, None]
    assert (found["verdict"], found["text"]) == ("nothing_compared", "nothing compared yet")
    assert (found["paths"], found["latency"]) == ([], {"live": {}, "shadow": {}})


def test_without_noise_pairs_only_bounds_are_known() -> None:
    found = report(SUBJECT, COUNTS, tally(100, 10, score=[10, 0]))
    for each in (found, found.paths[0]):
        assert (each.noise_rate, each.excess.rate) == (None, None)
        assert each.mismatch_rate == pytest.approx(1 / 11)
        assert each.excess.low is not None
        assert each.excess.high is not None
        assert each.excess.low < -0.9
        assert each.excess.high > 0.1


@pytest.mark.parametrize(
    ("ignored", "errors", "dropped", "text"),
    [
        ({"large_reply": 4}, {}, {}, "nothing compared yet: of 9 sampled ignored 4"),
        (
            {"a": 1, "b": 2},
            {"timeout": 5},
            {"queue": 1},
            "nothing compared yet: of 9 sampled ignored 3, errors 5, dropped 1",
        ),
        ({}, {"timeout": 0}, {}, "nothing compared yet"),
    ],
)
def test_where_nothing_was_compared_it_says_what_came_of_the_copies(
    ignored: dict[str, int], errors: dict[str, int], dropped: dict[str, int], text: str
) -> None:
    counts = Counts(10, 9, 0, 0, ignored, errors, dropped)
    assert report(SUBJECT, counts, Tally()).text == text


def test_latency_of_both_sides() -> None:
    both = Tally()
    for _ in range(100):
        both.add(Judgement("matched"), 0.0015, 0.0025)
    assert report(SUBJECT, COUNTS, both).latency == {
        "live": pytest.approx({"p50": 0.0015, "p90": 0.0019, "p99": 0.00199}),
        "shadow": pytest.approx({"p50": 0.0025, "p90": 0.0029, "p99": 0.00299}),
    }


# ---- paths


def test_paths_stand_by_excess_and_then_by_count() -> None:
    """What is mostly noise comes last, however often it differs."""
    found = tally(500, 500, (50, 50, 0, 0), noisy=[500, 50], few=[3, 0], many=[30, 0], quiet=[0, 2], even=[100, 10])
    assert [path for path, _ in ordered(found)] == ["$.many", "$.few", "$.noisy", "$.even", "$.quiet"]


def test_paths_of_equal_standing_stand_by_name() -> None:
    found = tally(10, 2, b=[1, 0], a=[1, 0])
    found.places["$.a", "type"] = [1, 0]
    assert ordered(found) == [("$.a", "type"), ("$.a", "value"), ("$.b", "value")]


def test_no_more_paths_than_asked_for_and_the_others_counted() -> None:
    found = tally(1000, 1000, **{f"f{number}": [number, 0] for number in range(1, 251)})
    found.places[OTHERS] = [1000, 0]
    whole = report(SUBJECT, COUNTS, found)
    assert (len(whole.paths), whole.paths_left_out) == (MOST_ROWS, 251 - MOST_ROWS)
    assert [row.mismatched for row in whole.paths[:3]] == [1000, 250, 249]
    assert (whole.paths[0].path, whole.paths[0].kind) == OTHERS
    brief = report(SUBJECT, COUNTS, found, rows=2)
    assert (brief.paths, brief.paths_left_out) == (whole.paths[:2], 249)


@given(
    st.lists(st.tuples(st.sets(st.sampled_from("abc")), st.none() | st.sets(st.sampled_from("abc"))), max_size=60),
)
def test_a_report_tells_what_was_tallied(pairs: list[tuple[set[str], set[str] | None]]) -> None:
    """Every row's rates are of the same pairs as the whole's."""
    both = Tally()
    for shadow, noise in pairs:
        both.add(judged(shadow), 0.1, 0.1)
        if noise is not None:
            both.add_noise(judged(noise), judged(shadow))
    found = report(SUBJECT, NOTHING, both)
    replayed = [noise for _, noise in pairs if noise is not None]
    assert found.noise_pairs == len(replayed)
    assert found.cells == Cells(*both.cells)
    assert found.mismatch_rate == (sum(map(bool, (shadow for shadow, _ in pairs))) / len(pairs) if pairs else None)
    for row in found.paths:
        assert row.mismatch_rate == sum(row.path in shadow for shadow, _ in pairs) / len(pairs)
        assert row.noise_rate == (sum(row.path in each for each in replayed) / len(replayed) if replayed else None)


def judged(places: set[str]) -> Judgement:
    folded = frozenset((place, "value") for place in places)
    return Judgement("mismatched", folded=folded) if places else Judgement("matched")
