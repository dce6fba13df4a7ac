"""What shadows found, through all that can happen to those who count and keep it. Every number must come out exact."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gateway.admin.operations import UnavailableError, UnknownError
from gateway.control.keeping import Keeping
from gateway.control.reports import Reports
from gateway.core.periods import PAST
from gateway.links.rundir import SHADOWS
from gateway.store import sqlite
from tests.control.pairs import (
    GONE,
    MORE,
    OTHER,
    PAIR,
    RAMPED,
    RULED,
    SAME,
    SPLIT,
    TEXT,
    VERSIONED,
    Control,
    Run,
    is_exact,
    mismatch,
    started,
)
from tests.control.places import Place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(sqlite, "_BUSY", 0.05)
    with closing(Place(tmp_path, TEXT)) as place:
        yield place


@pytest.fixture
def run(place: Place) -> Iterator[Run]:
    run = Run(place)
    yield run
    run.remove()


@contextmanager
def store_away(place: Place) -> Iterator[None]:
    """Something else stands in its place."""
    away = place.database.with_suffix(".away")
    place.database.rename(away)
    place.database.mkdir()
    try:
        yield
    finally:
        place.database.rmdir()
        away.rename(place.database)


@contextmanager
def store_full(place: Place) -> Iterator[None]:
    """It can be read, and takes nothing."""
    with closing(sqlite3.connect(place.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


async def test_every_sampled_request_is_in_the_report(run: Run) -> None:
    control = Control(run)
    await control.shadows.look()
    run.account.pass_by()
    run.answered("matched", "matched", "mismatched", "ignored gone", "error timeout", "dropped queue", "dropped queue")
    run.account.open()
    found = await control.report()
    report = found.report
    assert (report.requests, report.sampled, report.compared, report.matched, report.mismatched) == (9, 8, 3, 2, 1)
    assert (report.ignored, report.ignored_reasons) == (1, {"gone": 1})
    assert (report.errors, report.dropped, found.pending) == ({"timeout": 1}, {"queue": 2}, 1)
    assert is_exact(found)
    run.close("matched")
    assert ((await control.report()).report.matched, (await control.report()).pending) == (3, 0)


async def test_what_the_shadow_process_found_is_kept_and_then_acknowledged(run: Run) -> None:
    control = Control(run)
    control.shadows.dial()
    await control.shadows.look()
    async with run.shadow_process() as tallies:
        run.found(SAME, OTHER)
        report = (await control.until(lambda found: found.report.mismatch_rate is not None)).report
        assert (report.mismatch_rate, [row.path for row in report.paths]) == (0.5, ["$.score"])
        assert tallies.outstanding is not None
        assert await control.shadows.save()
        async with asyncio.timeout(10):
            while tallies.outstanding is not None:
                await asyncio.sleep(0.01)
        [(_, [part])] = run.place.store.periods(PAIR, 9)
        assert (part.instance, part.number, part.tally["mismatched"]) == ("life 1", 1, 1)
    await control.shadows.stop()


async def test_a_batch_that_comes_again_counts_once(run: Run) -> None:
    """Control was killed after it had kept it, and before it could acknowledge it."""
    first = Control(run)
    dialling = first.shadows.dial()
    await first.shadows.look()
    async with run.shadow_process():
        run.found(SAME, OTHER, kept=mismatch(1))
        await first.until(lambda found: found.report.mismatch_rate is not None)
    dialling.cancel()
    await first.shadows.save()
    assert run.tallies.outstanding is not None
    second = Control(run)
    await second.shadows.look()
    second.shadows.dial()
    async with run.shadow_process() as tallies:
        async with asyncio.timeout(10):
            while tallies.outstanding is not None:
                await second.shadows.save()
                await asyncio.sleep(0.01)
        items, _ = await second.reports.mismatches(PAIR, limit=9, before=None, period=None)
        assert [each.request_id for each in items] == ["request 1"]
    await second.shadows.stop()
    [(_, [part])] = run.place.store.periods(PAIR, 9)
    assert (part.tally["matched"], part.tally["mismatched"]) == (1, 1)


async def test_a_control_that_comes_back_goes_on(run: Run) -> None:
    """What was counted while there was none counts as well."""
    first = Control(run)
    await first.shadows.look()
    run.answered("matched", "ignored gone")
    await first.shadows.save()
    run.answered("matched", "dropped queue")
    run.account.open()
    second = Control(run)
    await second.shadows.look()
    found = await second.report()
    assert (found.report.sampled, found.report.matched, found.pending, is_exact(found)) == (5, 2, 1, True)
    assert started(run.place) == [("the shadow is new", "gateway")]


async def test_a_control_killed_before_it_kept_anything_has_counted_all(run: Run) -> None:
    first = Control(run)
    await first.shadows.look()
    run.answered("matched", "matched")
    second = Control(run)
    await second.shadows.look()
    assert (await second.report()).report.sampled == 2


async def test_a_worker_that_is_killed_has_lost_what_it_had_not_told(run: Run) -> None:
    control = Control(run)
    await control.shadows.look()
    run.answered("matched")
    run.account.open()
    run.account.open()
    assert (await control.report()).pending == 2
    run.worker()
    found = await control.report()
    assert (found.report.dropped, found.pending, is_exact(found)) == ({"lost": 2}, 0, True)


async def test_a_gateway_that_comes_back_goes_on_in_the_same_period(run: Run) -> None:
    """What was under way when it ended is lost, and said to be."""
    first = Control(run)
    await first.shadows.look()
    run.answered("matched", "mismatched")
    run.account.open()
    await first.shadows.stop()
    with closing_run(Run(run.place)) as again:
        second = Control(again)
        await second.shadows.look()
        again.answered("matched")
        found = await second.report()
        assert (found.report.sampled, found.report.compared, found.report.dropped) == (4, 3, {"lost": 1})
        assert is_exact(found)
        assert started(run.place) == [("the shadow is new", "gateway")]


async def test_a_gateway_that_was_killed_has_lost_what_was_under_way(run: Run) -> None:
    first = Control(run)
    await first.shadows.look()
    run.answered("matched")
    run.account.open()
    await first.shadows.save()
    with closing_run(Run(run.place)) as again:
        second = Control(again)
        await second.shadows.look()
        found = await second.report()
        assert (found.report.sampled, found.report.dropped, found.pending) == (2, {"lost": 1}, 0)
        assert [part.run for part in run.place.store.parts(PAIR, found.period.id)] == [PAST]


@contextmanager
def closing_run(run: Run) -> Iterator[Run]:
    try:
        yield run
    finally:
        run.remove()


# ---- periods


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (RULED, "the compare rules changed"),
        (VERSIONED, "the shadow changed"),
        (SPLIT, "the variants that answer live changed"),
        (TEXT.replace(b'"1"', b'"1.1"'), "the variants that answer live changed"),
        (
            TEXT.replace(b"split:", b"rules: [{segment: s, split: {six: 1}}]\n    split:"),
            "the variants that answer live changed",
        ),
        (RULED.replace(b'"5"', b'"6"'), "the shadow changed and the compare rules changed"),
    ],
)
async def test_a_change_begins_a_period(run: Run, text: bytes, why: str) -> None:
    """What is under way belongs to the new one, and both are exact."""
    control = Control(run)
    await control.shadows.look()
    run.answered("matched", "mismatched")
    run.account.open()
    run.place.now = run.place.later(hours=1)
    await control.apply(text)
    run.close("ignored gone")
    run.answered("matched")
    found = await control.report()
    assert (found.report.sampled, found.report.matched, found.report.ignored, found.pending) == (2, 1, 1, 0)
    [before] = await control.reports.earlier(PAIR, limit=9, before=None)
    assert (before.report.sampled, before.report.compared, before.pending) == (2, 2, 0)
    assert (before.period.until, found.period.since) == (run.place.now, run.place.now)
    assert is_exact(found)
    assert is_exact(before)
    assert started(run.place)[1:] == [(why, "gateway")]


@pytest.mark.parametrize("text", [RAMPED, MORE, TEXT + b"# a remark\n"])
async def test_other_changes_do_not(run: Run, text: bytes) -> None:
    control = Control(run)
    await control.shadows.look()
    period = (await control.report()).period
    await control.apply(text)
    assert (await control.report()).period == period


async def test_a_shadow_that_was_away_goes_on(run: Run) -> None:
    control = Control(run)
    await control.shadows.look()
    run.answered("matched")
    await control.apply(GONE)
    with pytest.raises(UnknownError, match="route r has no shadow five"):
        await control.report()
    [before] = await control.reports.earlier(PAIR, limit=9, before=None)
    assert before.report.sampled == 1
    await control.apply(TEXT)
    run.answered("matched")
    assert (await control.report()).report.sampled == 2


async def test_starting_afresh(run: Run) -> None:
    control = Control(run)
    control.shadows.dial()
    await control.shadows.look()
    async with run.shadow_process() as tallies:
        run.answered("mismatched")
        run.found(OTHER, kept=mismatch(1))
        first = await control.until(lambda found: found.report.mismatch_rate is not None)
        run.place.now = run.place.later(seconds=5)
        found = await control.reports.restart(PAIR, who="ci", why="new weights")
        assert (found.report.sampled, found.report.verdict, found.period.who) == (0, "nothing_compared", "ci")
        assert started(run.place)[1:] == [("new weights", "ci")]
        assert await control.reports.mismatches(PAIR, limit=9, before=None, period=None) == ([], False)
        items, _ = await control.reports.mismatches(PAIR, limit=9, before=None, period=first.period.id)
        assert [each.request_id for each in items] == ["request 1"]
        [before] = await control.reports.earlier(PAIR, limit=9, before=None)
        assert (before.period.id, before.report.mismatch_rate) == (first.period.id, 1.0)
        async with asyncio.timeout(10):
            while tallies.account(PAIR).period != found.period.id:
                await asyncio.sleep(0.01)
    await control.shadows.stop()


async def test_the_newest_mismatches_stay(run: Run) -> None:
    control = Control(run)
    control.shadows.dial()
    await control.shadows.look()
    async with run.shadow_process():
        for number in range(5):
            run.found(OTHER, kept=mismatch(number))
        await control.until(lambda found: len(found.report.paths) == 1)
        items, has_more = await control.reports.mismatches(PAIR, limit=2, before=None, period=None)
        assert ([each.request_id for each in items], has_more) == (["request 4", "request 3"], True)
        items, has_more = await control.reports.mismatches(PAIR, limit=2, before=items[-1].number, period=None)
        assert ([each.request_id for each in items], has_more) == (["request 2"], False)
    await control.shadows.stop()


@pytest.mark.parametrize("pair", [("r", "six"), ("q", "five")])
async def test_a_shadow_that_nobody_has_is_unknown(run: Run, pair: tuple[str, str]) -> None:
    control = Control(run)
    await control.shadows.look()
    for ask in (
        control.reports.present(pair),
        control.reports.restart(pair, who="ci", why=""),
        control.reports.earlier(pair, limit=9, before=None),
        control.reports.mismatches(pair, limit=9, before=None, period=None),
    ):
        with pytest.raises(UnknownError):
            await ask


# ---- the store


async def test_while_the_store_takes_nothing_all_goes_on(run: Run) -> None:
    """A control that is killed meanwhile loses nothing either, and all is kept when the store is back."""
    place = run.place
    first = Control(run)
    await first.shadows.look()
    run.answered("matched")
    await first.shadows.save()
    with store_away(place):
        run.answered("matched", "mismatched")
        place.now = place.later(hours=1)
        await first.apply(RULED)
        run.answered("matched", "matched")
        assert not await first.shadows.save()
        assert (await first.report()).report.sampled == 2
        run.answered("dropped queue")
        assert not await first.shadows.save()
        second = Control(run)
        await second.shadows.look()
        run.account.open()
        found = await second.report()
        assert (found.report.sampled, found.pending, is_exact(found)) == (4, 1, True)
        with pytest.raises(UnavailableError, match="the store cannot be read"):
            await second.reports.earlier(PAIR, limit=9, before=None)
        assert (await first.report()).report.sampled == 4
    await second.shadows.look()
    assert await second.shadows.save()
    assert run.run_dir.read(SHADOWS) == b""
    [before] = await second.reports.earlier(PAIR, limit=9, before=None)
    assert (before.report.sampled, before.report.compared, is_exact(before)) == (3, 3, True)
    parts = [part for _, found in place.store.periods(PAIR, 9) for part in found]
    assert [part.counts["sampled"] for part in parts] == [4, 3]


async def test_while_the_disk_is_full_all_goes_on(run: Run) -> None:
    """The store can be read, and says so once that it takes nothing."""
    place = run.place
    control = Control(run)
    await control.shadows.look()
    run.answered("matched")
    await control.shadows.save()
    with store_full(place):
        for _ in range(3):
            run.answered("matched")
            assert not await control.shadows.save()
        assert (await control.report()).report.sampled == 4
        assert await control.reports.earlier(PAIR, limit=9, before=None) == []
    assert await control.shadows.save()
    [(_, [part])] = place.store.periods(PAIR, 9)
    assert part.counts["sampled"] == 4
    said = (place.file.parent / "log").read_text()
    assert (said.count("is not kept; it waits"), said.count("is kept again")) == (1, 1)


async def test_a_gateway_that_starts_without_its_store_joins_what_was_there(run: Run) -> None:
    """No event is told before it is known whether the period is new."""
    first = Control(run)
    await first.shadows.look()
    run.answered("matched")
    await first.shadows.stop()
    with closing_run(Run(run.place)) as again, closing(fresh_keeping(run.place)) as keeping:
        second = Control(again, keeping=keeping)
        with store_away(run.place):
            await second.shadows.look()
            again.answered("mismatched")
            assert (await second.report()).report.sampled == 1
        await second.shadows.look()
        await second.shadows.save()
        found = await second.report()
        assert (found.report.sampled, found.report.compared) == (2, 2)
        assert started(run.place) == [("the shadow is new", "gateway")]
        assert len(run.place.store.periods(PAIR, 9)) == 1


async def test_a_gateway_that_starts_with_other_rules_and_without_its_store_begins_anew(run: Run) -> None:
    first = Control(run)
    await first.shadows.look()
    run.answered("matched")
    await first.shadows.stop()
    run.place.now = run.place.later(hours=1)
    with closing_run(Run(run.place)) as again, closing(fresh_keeping(run.place)) as keeping:
        second = Control(again, keeping=keeping)
        await second.place.gate.apply(RULED, author="ci", message="", expected=None)
        with store_away(run.place):
            await second.shadows.look()
            again.answered("mismatched")
        await second.shadows.look()
        await second.shadows.save()
        assert (await second.report()).report.sampled == 1
        assert started(run.place)[1:] == [("the compare rules changed", "gateway")]
        assert len(run.place.store.periods(PAIR, 9)) == 2


async def test_a_control_that_comes_back_without_its_store_counts_nothing_twice(run: Run) -> None:
    """All was kept, so nothing was left for it; what it begins with is put together when the store is back."""
    first = Control(run)
    first.shadows.dial()
    await first.shadows.look()
    async with run.shadow_process():
        run.answered("matched", "matched")
        run.found(SAME, SAME)
        await first.until(lambda found: found.report.mismatch_rate is not None)
        await first.shadows.save()
    with closing(fresh_keeping(run.place)) as keeping:
        second = Control(run, keeping=keeping)
        with store_away(run.place):
            await second.shadows.look()
            run.answered("matched")
        await second.shadows.look()
        found = await second.report()
        assert (found.report.sampled, found.report.excess.rate, is_exact(found)) == (3, None, True)
        assert (found.report.latency["live"] != {}, found.report.mismatch_rate) == (True, 0.0)
    await first.shadows.stop()


async def test_so_it_is_where_the_rules_have_changed_as_well(run: Run) -> None:
    first = Control(run)
    await first.shadows.look()
    run.answered("matched", "matched")
    run.account.open()
    await first.shadows.save()
    run.place.now = run.place.later(hours=1)
    await run.place.gate.apply(RULED, author="ci", message="", expected=None)
    with closing(fresh_keeping(run.place)) as keeping:
        second = Control(run, keeping=keeping)
        with store_away(run.place):
            await second.shadows.look()
        await second.shadows.look()
        run.close("ignored gone")
        found = await second.report()
        assert (found.report.sampled, found.report.ignored, is_exact(found)) == (1, 1, True)


async def test_a_first_start_without_its_store_tells_of_the_period_once_it_is_back(run: Run) -> None:
    with closing(fresh_keeping(run.place)) as keeping:
        control = Control(run, keeping=keeping)
        with store_away(run.place):
            await control.shadows.look()
            await control.shadows.look()
            assert started(run.place) == []
        await control.shadows.look()
        await control.shadows.look()
        assert started(run.place) == [("the shadow is new", "gateway")]


async def test_shadows_of_a_route_are_told_in_their_order(run: Run) -> None:
    control = Control(run)
    await control.shadows.look()
    await control.apply(MORE)
    assert [each.report.variant for each in await control.reports.all("r")] == ["five", "six"]
    with pytest.raises(UnknownError, match=r"no route q is defined"):
        await control.reports.all("q")


async def test_a_shadow_that_is_not_known_yet_can_be_asked_for_again(run: Run) -> None:
    """Its configuration came between two steps of the answer."""
    control = Control(run)
    await control.shadows.look()
    newer = run.place.load(MORE).snapshot
    with pytest.raises(UnavailableError, match="the shadow is new"):
        await Reports(control.shadows, control.keeping, lambda: newer).present(("r", "six"))


def fresh_keeping(place: Place) -> Keeping:
    """Of a process that has not used the store yet."""
    return Keeping(place.store, place.log, place.counts)


# ---- several gateways


async def test_gateways_that_share_a_store_report_the_sum(run: Run) -> None:
    one = Control(run, is_shared=True)
    await one.shadows.look()
    await one.shadows.save()
    with closing_run(Run(run.place)) as other:
        two = Control(other, is_shared=True)
        await two.shadows.look()
        run.answered("matched", "ignored gone")
        other.answered("mismatched")
        other.account.open()
        for control in (one, two):
            await control.shadows.save()
        for control in (one, two):
            found = await control.report()
            assert (found.report.sampled, found.report.compared, found.pending) == (4, 2, 1)
            assert is_exact(found)
        with store_away(run.place):
            assert (await one.report()).report.sampled == 4
        assert started(run.place) == [("the shadow is new", "gateway")]


async def test_a_gateway_follows_another_that_starts_afresh(run: Run) -> None:
    one = Control(run, is_shared=True)
    await one.shadows.look()
    await one.shadows.save()
    with closing_run(Run(run.place)) as other:
        two = Control(other, is_shared=True)
        await two.shadows.look()
        other.answered("matched")
        run.place.now = run.place.later(seconds=5)
        begun = await one.reports.restart(PAIR, who="ci", why="new weights")
        await two.shadows.look()
        other.answered("mismatched")
        for control in (one, two):
            await control.shadows.save()
        found = await one.report()
        assert (found.period.id, found.report.sampled, found.report.mismatched) == (begun.period.id, 1, 1)
        [before] = await one.reports.earlier(PAIR, limit=9, before=None)
        assert (before.report.sampled, before.report.matched) == (1, 1)
        assert started(run.place)[1:] == [("new weights", "ci")]


async def test_it_runs_by_itself(run: Run) -> None:
    """Periods begin, the shadow process is told, and what is found is kept, without being asked."""
    control = Control(run)
    control.shadows.dial()
    tasks = [asyncio.create_task(work()) for work in (control.shadows.watch, control.shadows.run)]
    async with run.shadow_process():
        run.answered("matched")
        run.found(SAME)
        async with asyncio.timeout(10):
            while not any(part.tally["matched"] for _, parts in run.place.store.periods(PAIR, 9) for part in parts):
                await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await control.shadows.stop()
    [(_, [part])] = run.place.store.periods(PAIR, 9)
    assert (part.run, part.counts["matched"]) == (PAST, 1)
