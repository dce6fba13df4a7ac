"""When every attempt failed: the last reply that a model gave, unchanged; the fixed response; or a clear refusal."""

from collections import Counter

import pytest

from tests.chaos.conftest import Measured
from tests.chaos.test_storms import counts_are_true
from tests.chaos.world import World, eventually
from tests.support.faulty import LARGE


def test_a_small_one(world: World) -> None:
    """Status, fields and body of the last model that was asked."""
    pair = world.pair("last-reply")
    for answer in pair.calls(3, x_fault="500"):
        assert answer[:4] == (500, b"500 of good", "last-reply-good", "fallback:error")
        assert answer.fields["x-model"] == "yes"
    counts_are_true(pair)


def test_a_large_one(world: World) -> None:
    """Streamed, every byte."""
    pair = world.pair("last-large")
    for answer in pair.calls(3, x_fault="large"):
        assert answer[:3] == (500, b"good" * (LARGE // 4), "last-large-good")
    counts_are_true(pair)


def test_the_fallback_gives_none(world: World) -> None:
    """Then the one before is the last."""
    pair = world.pair("last-refused")
    pair.good.leave()
    for answer in pair.calls(3, x_fault="500"):
        assert answer[:4] == (500, b"500 of bad", "last-refused-bad", "unkeyed")
    for answer in pair.calls(1, x_fault="large"):
        assert answer[:3] == (500, b"bad" * (LARGE // 3), "last-refused-bad")
    pair.good.come_back()


@pytest.mark.parametrize("fault", ["500", "large", "reset", "garbage"])
def test_a_fixed_response(fault: str, world: World) -> None:
    """Goes before any model's failure."""
    pair = world.pair("fixed")
    [answer] = pair.calls(1, x_fault=fault)
    assert answer[:4] == (200, b"fixed", "", "fallback:response")


def test_a_body_that_was_not_kept(world: World) -> None:
    """It cannot be sent to another model; where nothing of it was sent it can."""
    pair = world.pair("keeps-body")
    large = b"x" * (64 << 10)
    [answer] = pair.calls(1, body=large, x_fault="500")
    assert answer[:4] == (500, b"500 of bad", "keeps-body-bad", "unkeyed")
    [answer] = pair.calls(1, body=b"x" * 1000, x_fault="500")
    assert answer[:3] == (500, b"500 of good", "keeps-body-good")
    pair.bad.leave()
    [answer] = pair.calls(1, body=large)
    assert answer[:4] == (200, b"good", "keeps-body-good", "fallback:connect")
    pair.bad.come_back()
    eventually(lambda: pair.attempts("good"), pair.good.total)


def test_as_many_as_it_takes(world: World, measured: Measured) -> None:
    """Who comes while it is busy is answered by the fallback; it never has more than one call for each worker."""
    pair = world.pair("full")
    pair.bad.turn("slow")
    answers = pair.crowd(60, clients=8)
    assert {answer[1:4] for answer in answers} == {
        (b"bad", "full-bad", "unkeyed"),
        (b"good", "full-good", "fallback:overload"),
    }
    assert pair.bad.most <= 2
    assert pair.trips().total() == 0
    pair.numbers_are_true()
    measured("concurrency 1, 8 callers, 2 workers", f"at most {pair.bad.most} at once, the others to the fallback")


def test_as_many_as_it_takes_and_nobody_else(world: World) -> None:
    """Then callers are told to come again."""
    pair = world.pair("full-alone")
    pair.bad.turn("slow")
    answers = pair.crowd(60, clients=8)
    refused = [answer for answer in answers if answer.status != 200]
    assert Counter(answer.series for answer in refused) == {("", "overloaded", "503"): len(refused)}
    assert refused
    assert all(int(answer.fields["retry-after"]) >= 1 for answer in refused)
    assert pair.bad.most <= 2
    pair.numbers_are_true()


def test_retries_within_their_budget(world: World, measured: Measured) -> None:
    """Callers see nothing of failures that a second try mends; nor does the breaker; then the budget is used up."""
    pair = world.pair("retries")
    pair.bad.turn("odd")
    mended = pair.calls(8)
    assert {answer[:4] for answer in mended} == {(200, b"bad", "retries-bad", "unkeyed")}
    assert pair.bad.hits == 16
    assert pair.trips().total() == 0
    rest = pair.calls(12)
    assert {answer[:2] for answer in rest} == {(200, b"bad"), (200, b"good")}
    assert pair.bad.hits <= 20 + 10 + 1, "10 extra attempts always, not more than a fifth beyond"
    pair.numbers_are_true()
    measured("every other call fails, retry.extra 1", f"{pair.bad.hits} attempts for 20 calls, all answered")
