"""Counting what the demo's callers saw."""

import pytest

from gateway.demo.tally import Outcome, Tally, quantile


def outcome(user: str, variant: str, *, gold: bool = False, correct: bool = True) -> Outcome:
    return Outcome(user=user, gold=gold, variant=variant, seconds=0.01, correct=correct)


@pytest.fixture
def tally() -> Tally:
    return Tally(["a", "b"])


def test_shares_of_the_split_leave_gold_callers_out(tally: Tally) -> None:
    for user, variant in enumerate("aaab"):
        tally.add(outcome(str(user), variant))
    tally.add(outcome("5", "b", gold=True))
    assert (tally.split_share("a"), tally.split_share("b")) == (0.75, 0.25)
    assert (tally.gold_share("a"), tally.gold_share("b")) == (0, 1)
    assert tally.calls == 5


def test_an_empty_tally_has_shares_of_zero_and_no_accuracy(tally: Tally) -> None:
    assert (tally.split_share("a"), tally.gold_share("a"), tally.counts["a"].accuracy) == (0, 0, None)


def test_accuracy_counts_split_and_gold_callers(tally: Tally) -> None:
    tally.add(outcome("1", "a"))
    tally.add(outcome("2", "a", gold=True, correct=False))
    assert tally.counts["a"].accuracy == 0.5


def test_a_user_who_meets_another_variant_has_moved(tally: Tally) -> None:
    """Once counted as returning, and as moved only when the variant differs from the first one."""
    for one in (outcome("stays", "a"), outcome("stays", "a"), outcome("moves", "a"), outcome("moves", "b")):
        tally.add(one)
    tally.add(outcome("once", "b"))
    assert (tally.returning, tally.moved) == ({"stays", "moves"}, {"moves"})


def test_failures_are_counted_by_their_cause(tally: Tally) -> None:
    for why in ("status 503", "status 503", "refused"):
        tally.fail(why)
    assert tally.failures == {"status 503": 2, "refused": 1}
    assert tally.calls == 0


@pytest.mark.parametrize(
    ("values", "fraction", "expected"),
    [
        ([], 0.5, None),
        ([3], 0.99, 3),
        ([4, 1, 3, 2], 0.5, 2),
        ([4, 1, 3, 2], 0.51, 3),
        (list(range(1, 101)), 0.99, 99),
        (list(range(1, 101)), 1.0, 100),
        ([1, 2], 0.0, 1),
    ],
)
def test_quantile(values: list[float], fraction: float, expected: float | None) -> None:
    assert quantile(values, fraction) == expected
