"""What shadows' comparisons found, on both databases."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.core.periods import PAST, Found, Part, Period, Saved
from gateway.errors import GatewayError
from gateway.store import shadows
from gateway.store.store import Store
from tests.store.samples import NOW

PAIR = ("fraud", "fraud-5")
OTHER = ("fraud", "fraud-6")


def period(number: int, pair: tuple[str, str] = PAIR, **more: object) -> Period:
    fields = {"signature": {"live": [["fraud-3", "1", None, None]]}, "who": "gateway", "why": "the shadow is new"}
    return Period(*pair, number, NOW + timedelta(seconds=number), **{**fields, **more})  # type: ignore[arg-type]


def part(number: int, run: str = "run-1", sampled: int = 1, **more: object) -> Part:
    fields = {"counts": {"sampled": sampled}, "base": {"sampled": 7}, "tally": {"cells": [0, 1, 2, 3]}}
    return Part(*PAIR, number, run, NOW, **{**fields, **more})  # type: ignore[arg-type]


def found(number: int, of: int = 1, pair: tuple[str, str] = PAIR, **more: object) -> Found:
    fields = {"run": "run-1", "time": NOW, "request_id": f"request {number}", "mismatch": {"body": "\0 ä \U0001f600"}}
    return Found(*pair, number, period=of, **{**fields, **more})  # type: ignore[arg-type]


def numbers(store: Store, limit: int = 99, **more: int) -> list[int]:
    items, _ = store.mismatches(PAIR, limit, **more)
    return [each.number for each in items]


def test_an_empty_store(store: Store) -> None:
    assert [*store.newest_periods(), *store.periods(PAIR, 9), *store.parts(PAIR, 1), *store.parts_of("run-1")] == []
    assert store.mismatches(PAIR, 9) == ([], False)


def test_what_is_saved_is_found_again_as_it_was_and_once(store: Store) -> None:
    """Though it was written twice: who writes does not always know whether it was kept."""
    saved = Saved((period(1),), (part(1),), (found(1), found(2)), {PAIR: 9})
    for _ in range(2):
        store.save_shadows(saved)
    assert list(store.periods(PAIR, 9)) == [(period(1), [part(1)])]
    assert list(store.parts_of("run-1")) == [(period(1), part(1))]
    assert store.mismatches(PAIR, 9) == ([found(2), found(1)], False)
    store.save_shadows(Saved(parts=(part(1, sampled=2),)))
    assert list(store.parts(PAIR, 1)) == [part(1, sampled=2)]


def test_a_period_ends_where_the_next_begins(store: Store) -> None:
    """Whatever the order in which they are written."""
    for number in (1, 3, 2):
        store.save_shadows(Saved((period(number),)))
    store.save_shadows(Saved((period(9, OTHER),)))
    ends = [(each.id, each.until) for each, _ in store.periods(PAIR, 9)]
    assert ends == [(3, None), (2, period(3).since), (1, period(2).since)]
    assert {each.pair: each.id for each in store.newest_periods()} == {PAIR: 3, OTHER: 9}


def test_periods_come_in_pages(store: Store) -> None:
    store.save_shadows(Saved(tuple(period(number) for number in range(1, 6))))
    pages = [[each.id for each, _ in store.periods(PAIR, 2, before)] for before in (None, 4, 2, 1)]
    assert pages == [[5, 4], [3, 2], [1], []]


def test_the_newest_periods_stay_with_all_that_belongs_to_them(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadows, "PERIODS_KEPT", 3)
    store.save_shadows(Saved((period(1, OTHER),)))
    for number in range(1, 6):
        store.save_shadows(Saved((period(number),), (part(number),), (found(number, number),), {PAIR: 99}))
    assert [(each.id, len(parts)) for each, parts in store.periods(PAIR, 99)] == [(5, 1), (4, 1), (3, 1)]
    assert [each.period for _, each in store.parts_of("run-1")] == [3, 4, 5]
    assert numbers(store) == [5, 4, 3]
    assert [each.id for each, _ in store.periods(OTHER, 99)] == [1]


def test_as_many_mismatches_stay_as_is_said_the_newest(store: Store) -> None:
    store.save_shadows(Saved(found=(found(1, pair=OTHER),), keep={OTHER: 1}))
    for number in range(1, 8):
        store.save_shadows(Saved(found=(found(number, of=1 + number // 6),), keep={PAIR: 4}))
    assert numbers(store) == [7, 6, 5, 4]
    assert (numbers(store, before=6), numbers(store, period=1), numbers(store, period=3)) == ([5, 4], [5, 4], [])
    assert [each.number for each in store.mismatches(OTHER, 9)[0]] == [1]
    assert (store.mismatches(PAIR, 3)[1], store.mismatches(PAIR, 4)[1]) == (True, False)


@pytest.mark.parametrize(("room", "expected"), [(1, [3]), (250, [3, 2]), (10_000, [3, 2, 1])])
def test_a_page_ends_early_where_its_mismatches_are_large(
    store: Store, monkeypatch: pytest.MonkeyPatch, room: int, expected: list[int]
) -> None:
    """One is always shown."""
    monkeypatch.setattr(shadows, "PAGE", room)
    large = tuple(found(number, mismatch={"body": "x" * 100}) for number in (1, 2, 3))
    store.save_shadows(Saved(found=large, keep={PAIR: 9}))
    items, has_more = store.mismatches(PAIR, 9)
    assert ([each.number for each in items], has_more) == (expected, len(expected) < 3)


def summed(parts: Sequence[Part]) -> Part:
    total = sum(int(str(each.counts["sampled"])) for each in parts)
    return replace(parts[0], run=PAST, counts={"sampled": total})


def test_runs_that_are_over_become_one_part(store: Store) -> None:
    store.save_shadows(Saved((period(1), period(2))))
    runs = (part(1, "a", 1), part(1, "b", 2), part(2, "a", 4), part(2, "own", 8))
    store.save_shadows(Saved(parts=runs))
    store.fold("a", summed)
    kept = {(each.period, each.run): each.counts["sampled"] for number in (1, 2) for each in store.parts(PAIR, number)}
    assert kept == {(1, PAST): 1, (1, "b"): 2, (2, PAST): 4, (2, "own"): 8}
    for _ in range(2):
        store.fold_others("own", summed)
    kept = {(each.period, each.run): each.counts["sampled"] for number in (1, 2) for each in store.parts(PAIR, number)}
    assert kept == {(1, PAST): 3, (2, PAST): 4, (2, "own"): 8}


def test_a_part_of_a_period_that_is_gone_is_no_news(store: Store) -> None:
    store.save_shadows(Saved(parts=(part(1),)))
    assert list(store.parts_of("run-1")) == []


def test_a_backup_has_them(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'gateway.db'}")
    saved = Saved((period(1),), (part(1),), (found(1),), {PAIR: 9})
    store.save_shadows(saved)
    store.backup(tmp_path / "copy.db")
    copy = Store(f"sqlite:///{tmp_path / 'copy.db'}")
    assert list(copy.periods(PAIR, 9)) == [(period(1), [part(1)])]
    assert copy.mismatches(PAIR, 9) == ([found(1)], False)
    for each in (store, copy):
        each.close()


def test_a_merge_that_fails_changes_nothing(store: Store) -> None:
    def fails(parts: Sequence[Part]) -> Part:
        raise GatewayError("it cannot be read")

    store.save_shadows(Saved((period(1),), (part(1, "a"),)))
    with pytest.raises(GatewayError):
        store.fold_others("own", fails)
    assert [each.run for each in store.parts(PAIR, 1)] == ["a"]
