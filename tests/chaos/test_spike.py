"""A model that turns bad under load: callers do not notice, and it is back soon after it is well again."""

import http.client
import time
from collections import Counter
from typing import cast

import pytest

from tests.chaos.conftest import Measured
from tests.chaos.world import OPEN_FOR, SLACK, SLOW_AFTER, SPIKES, Pair, World, eventually
from tests.support.faulty import Mode

CALLS, CLIENTS, TURN_AT = 1000, 16, 300


def turn(pair: Pair, mode: str) -> None:
    if mode == "refuse":
        pair.bad.leave()
    else:
        pair.bad.turn(cast(Mode, mode))


@pytest.mark.parametrize("mode", [mode for mode in SPIKES if mode != "cut"])
def test_callers_do_not_notice(mode: str, world: World, measured: Measured) -> None:
    """Each gets a right answer; few calls reach the broken model, and few callers wait."""
    pair = world.pair(f"spike-{mode}")
    answers = pair.crowd(CALLS, clients=CLIENTS, each=lambda number: number == TURN_AT and turn(pair, mode))
    assert {answer[:2] for answer in answers} == {(200, b"bad"), (200, b"good")}
    waited = sorted(answer.waited for answer in answers)
    late = [each for each in waited if each > SLOW_AFTER * 0.9]
    reached = pair.bad.hits
    assert len(late) < 30
    assert waited[-1] < SLOW_AFTER + 0.3 + SLACK
    back = _is_back(pair, mode)
    pair.numbers_are_true()
    if mode == "refuse":
        reached = pair.attempts("bad", "connect", "error")
    figure = f"{CALLS} right answers, {reached} calls reached it, {len(late)} waited, "
    measured(f"turns to: {mode}", figure + f"longest {waited[-1]:.2f} s, all traffic back after {back:.1f} s")
    assert 5 <= reached <= 40
    assert pair.trips().total() >= 1
    if mode in ("500", "garbage", "hang"):
        assert pair.attempts("bad") == pair.bad.total, "one attempt for each call that came"


def _is_back(pair: Pair, mode: str) -> float:
    """Within `open_for` + 1 s of the model's being well; after how long."""
    if mode == "refuse":
        pair.bad.come_back()
    pair.bad.turn("ok")
    since = time.monotonic()
    while {answer.body for answer in pair.crowd(32, clients=8)} != {b"bad"}:
        assert time.monotonic() - since < OPEN_FOR + 1 + SLACK, "not all traffic is back"
    return time.monotonic() - since


def test_a_reply_that_breaks_off_is_never_another_models(world: World, measured: Measured) -> None:
    """Its callers see a connection that ends too soon; soon after it is the fallback that answers."""
    pair = world.pair("spike-cut")
    pair.bad.turn("cut")
    broken = list[bytes]()
    while not pair.answers:
        client = pair.connect()
        try:
            pair.ask(client)
        except http.client.IncompleteRead as cut:
            broken.append(cut.partial)
        client.close()
    assert set(broken) == {(b"bad" * 100)[:-50]}
    assert 5 <= len(broken) <= 10
    assert pair.answers[0].body == b"good"
    eventually(pair.trips, Counter({"consecutive_errors": 1}))
    measured("turns to: cut", f"{len(broken)} callers saw a reply break off, then the fallback answered")
