"""Open means open in every worker, probes are few, and the way back is short."""

import time
from collections.abc import Iterator

import pytest

from tests.chaos.conftest import Measured
from tests.chaos.world import OPEN_FOR, SETTLED, SLACK, Pair, World, eventually, put, sized

PROBES = 3


@pytest.fixture(params=[2, 4])
def pair(request: pytest.FixtureRequest, world: World) -> Iterator[Pair]:
    """With two workers and with four."""
    if request.param == 2:
        yield world.pair("zero")
        return
    with World(workers=request.param, scenes={"zero": {}}) as wider:
        yield wider.pair("zero")


def test_zero_means_zero(pair: Pair, measured: Measured) -> None:
    """After a trip no call reaches the model in any worker but probes, `probes` at each try; callers see none of it."""
    pair.trip()
    time.sleep(SETTLED)
    pair.bad.turn("500")
    begun = time.monotonic()
    while time.monotonic() - begun < sized(2, 10) + 0.5:
        assert {answer.body for answer in pair.crowd(100, clients=16)} == {b"good"}
    reached = pair.bad.hits
    time.sleep(SETTLED)
    tries = len(pair.events("breaker_probing"))
    assert 1 <= tries <= sized(4, 14)
    assert 1 <= reached <= PROBES * tries
    pair.numbers_are_true()
    workers = len(pair.gateway.workers)
    measured(
        f"after a trip, {workers} workers", f"{len(pair.answers)} calls, {reached} probes in {tries} tries, no other"
    )


def test_a_hung_model_gets_three_probes_at_a_time(world: World, measured: Measured) -> None:
    """Its callers wait no longer than `slow_after`."""
    pair = world.pair("probes")
    pair.trip()
    time.sleep(SETTLED)
    pair.bad.turn("hang")
    begun = time.monotonic()
    while time.monotonic() - begun < sized(2, 10) + 0.5:
        answers = pair.crowd(100, clients=16)
        assert {answer.body for answer in answers} == {b"good"}
        assert max(answer.waited for answer in answers) < 0.5 + SLACK
    reached = pair.bad.hits
    time.sleep(SETTLED)
    tries = len(pair.events("breaker_probing"))
    assert 1 <= reached <= PROBES * tries
    pair.numbers_are_true()
    longest = max(answer.waited for answer in pair.answers)
    measured("a model that hangs for good", f"{reached} probes in {tries} tries, longest wait {longest:.2f} s")


def test_all_traffic_is_back_soon(world: World) -> None:
    """Without a caller who fails, by as many probes as it takes."""
    pair = world.pair("recovery")
    pair.trip()
    pair.bad.turn("ok")
    since = time.monotonic()
    while {answer.body for answer in pair.crowd(32, clients=8)} != {b"bad"}:
        assert time.monotonic() - since < OPEN_FOR + 1 + SLACK
    eventually(lambda: [event["why"] for event in pair.events("breaker_closed")], ["3 probes succeeded"])
    pair.numbers_are_true()


def test_a_try_without_callers_lasts_until_one_comes(world: World) -> None:
    """And needs no more than three of them."""
    pair = world.pair("quiet")
    pair.trip()
    pair.bad.turn("ok")
    pair.wait_state(1)
    time.sleep(OPEN_FOR)
    assert pair.state == 1
    pair.calls(PROBES)
    pair.wait_state(0)
    assert pair.bad.hits == PROBES


def test_an_operator_holds_it(world: World) -> None:
    """Open: nobody reaches a model that is well. Closed: everybody reaches one that is not. Then by its own counts."""
    pair = world.pair("forced")
    force(pair, "open")
    eventually(lambda: pair.calls(1)[0].reason, "fallback:open")
    pair.bad.turn("500")
    time.sleep(SETTLED)
    assert {answer.reason for answer in pair.crowd(40, clients=8)} == {"fallback:open"}
    assert pair.bad.hits == 0
    force(pair, "closed")
    eventually(lambda: pair.calls(1)[0].reason, "fallback:error")
    time.sleep(SETTLED)
    assert {answer.reason for answer in pair.crowd(40, clients=8)} == {"fallback:error"}
    assert pair.state == 0
    pair.bad.turn("ok")
    force(pair, "auto")
    eventually(lambda: {answer.body for answer in pair.calls(8)}, {b"bad"})


def force(pair: Pair, state: str) -> None:
    reason = {"state": state, "reason": "tried by a test"}
    put(pair.gateway, f"/api/v1/variants/{pair.name}-bad/breaker", reason)
