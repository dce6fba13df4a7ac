"""What this run counted, in memory: what waits for the store, and what is given up."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.control import ledger as ledger_module
from gateway.control.ledger import Ledger, account, merged, numbers, tally
from gateway.core.periods import PAST, Period, Saved
from gateway.core.tally import Batch, Tally
from tests.control.pairs import OTHER, PAIR, SAME, mismatch
from tests.control.places import START

KEEP = {PAIR: 9}


def period(number: int = 1) -> Period:
    return Period(*PAIR, number, START + timedelta(seconds=number), {"live": []}, "gateway", "the shadow is new")


def one_pair(*, differs: bool = False) -> Tally:
    found = Tally()
    found.add(OTHER if differs else SAME, 0.004, 0.006)
    return found


def batch(number: int, tag: int = 1, *, instance: str = "a", mismatches: int = 0) -> Batch:
    kept = [(*PAIR, tag, mismatch(each)) for each in range(mismatches)]
    return Batch(instance, number, {(*PAIR, tag): one_pair()}, kept)


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger("run 1")
    ledger.begin(period(), {})
    return ledger


def matched(ledger: Ledger) -> int:
    present = ledger.present(PAIR)
    assert present is not None
    return present.tally.matched


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        ([batch(1), batch(2)], 2),
        ([batch(1), batch(1)], 1),
        ([batch(2), batch(1)], 1),
        ([batch(1), batch(1, instance="b")], 2),
        ([batch(1, tag=7)], 0),
        ([Batch("a", 1, {("r", "nobody", 1): one_pair()}, [])], 0),
    ],
)
def test_a_batch_counts_once_and_only_in_its_period(ledger: Ledger, batches: list[Batch], expected: int) -> None:
    for each in batches:
        ledger.take(each, keep=KEEP, now=START)
    assert matched(ledger) == expected


def test_what_was_found_late_counts_in_the_period_before(ledger: Ledger) -> None:
    ledger.begin(period(2), {"sampled": 1, "matched": 1})
    ledger.take(batch(1), keep=KEEP, now=START)
    assert matched(ledger) == 0
    [before] = [each for each in ledger.unsaved(keep=KEEP, now=START).parts if each.period == 1]
    assert (before.tally["matched"], before.counts) == (1, {"sampled": 1, "matched": 1})


def test_what_was_not_kept_waits_and_what_was_is_done_with(ledger: Ledger) -> None:
    ledger.count(PAIR, {"sampled": 1})
    ledger.take(batch(1, mismatches=2), keep=KEEP, now=START)
    first = ledger.unsaved(keep=KEEP, now=START)
    assert (len(first.periods), len(first.parts), len(first.found), first.keep) == (1, 1, 2, KEEP)
    ledger.not_kept()
    ledger.take(batch(2, mismatches=1), keep=KEEP, now=START)
    second = ledger.unsaved(keep=KEEP, now=START)
    assert second.found[:2] == first.found
    assert len({each.number for each in second.found}) == 3
    ledger.take(batch(3, mismatches=1), keep=KEEP, now=START)
    ledger.kept(second)
    third = ledger.unsaved(keep=KEEP, now=START)
    assert (len(third.parts), len(third.found)) == (1, 1)
    ledger.kept(third)
    assert ledger.unsaved(keep=KEEP, now=START) == Saved()
    ledger.count(PAIR, {"sampled": 1})
    assert ledger.unsaved(keep=KEEP, now=START) == Saved()


def test_periods_that_are_over_wait_as_well(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many at most: the oldest are given up."""
    monkeypatch.setattr(ledger_module, "_MOST_OVER", 3)
    for number in range(2, 9):
        ledger.begin(period(number), {"sampled": number})
        ledger.unsaved(keep=KEEP, now=START)
        ledger.not_kept()
    saved = ledger.unsaved(keep=KEEP, now=START)
    assert [each.id for each in saved.periods] == [4, 5, 6, 7, 8]
    ledger.kept(saved)
    assert ledger.unsaved(keep=KEEP, now=START) == Saved()


def test_mismatches_that_wait_are_bounded(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "MOST_BYTES", 5_000)
    large = [(*PAIR, 1, mismatch(number, b'"' + b"x" * 1_000 + b'"')) for number in range(9)]
    ledger.take(Batch("a", 1, {}, large), keep=KEEP, now=START)
    found = ledger.unsaved(keep=KEEP, now=START).found
    assert [each.request_id for each in found] == [f"request {number}" for number in range(9)][-len(found) :]
    assert 1 < len(found) < 5


def test_where_none_are_to_be_kept_none_are(ledger: Ledger) -> None:
    ledger.take(batch(1, mismatches=2), keep={PAIR: 0}, now=START)
    assert ledger.unsaved(keep={}, now=START).found == ()


def test_a_period_that_turns_out_to_be_a_known_one_takes_its_mismatches_along(ledger: Ledger) -> None:
    ledger.take(batch(1, mismatches=1), keep=KEEP, now=START)
    ledger.join(PAIR, period(9))
    ledger.take(batch(2, mismatches=1), keep=KEEP, now=START)
    saved = ledger.unsaved(keep=KEEP, now=START)
    assert [each.period for each in saved.found] == [9, 9]
    assert [(each.period, each.tally["matched"]) for each in saved.parts] == [(9, 2)]


def test_what_was_left_goes_on(ledger: Ledger) -> None:
    ledger.count(PAIR, {"sampled": 3})
    ledger.take(batch(4), keep=KEEP, now=START)
    [(left_period, part, tag)] = ledger.left(START)
    again = Ledger("run 1")
    again.add(account(left_period, part, tag))
    again.take(batch(4), keep=KEEP, now=START)
    again.take(batch(5), keep=KEEP, now=START)
    again.count(PAIR, {"sampled": 4})
    [kept] = again.unsaved(keep=KEEP, now=START).parts
    assert (kept.counts, kept.tally["matched"], kept.number) == ({"sampled": 4}, 2, 5)


def test_runs_that_are_over_are_one_and_what_was_pending_is_lost(ledger: Ledger) -> None:
    ledger.take(batch(1), keep=KEEP, now=START)
    ledger.count(PAIR, {"sampled": 3, "matched": 1})
    [part] = ledger.unsaved(keep=KEEP, now=START).parts
    older = replace(part, run="run 0", written=START - timedelta(days=1), counts={"sampled": 1, "matched": 1})
    whole = merged([part, older])
    assert (whole.run, whole.written, whole.base, whole.instance) == (PAST, START, {}, "")
    assert numbers(whole.counts) == {"sampled": 4, "matched": 2, "dropped:lost": 2}
    assert tally(whole).matched == 2
