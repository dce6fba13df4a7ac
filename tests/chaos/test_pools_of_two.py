"""A pool of two endpoints: one that is dead is ejected, and never trips the variant; two that are dead do."""

import time
from contextlib import ExitStack

from tests.chaos.conftest import Measured
from tests.chaos.world import Pair, World, eventually, get, sized
from tests.support.client import Client, request


def endpoints(pair: Pair) -> dict[str, bool]:
    """Whether each is available, as the status says."""
    shown = get(pair.gateway, "/api/v1/status")["variants"][f"{pair.name}-bad"]["endpoints"]
    return {each["url"]: each["available"] for each in shown}


def ejected(pair: Pair) -> int:
    return pair.sums("gateway_ejected_endpoints", "variant").total()


def test_one_of_two_is_dead(world: World, measured: Measured) -> None:
    """Callers see nothing; the status and the metrics say which one; it comes back by itself."""
    pair = world.pair("two")
    pair.crowd(60, clients=8)
    pair.bad.leave()
    begun = time.monotonic()
    answers = pair.crowd(sized(400, 5_000), clients=8)
    took = time.monotonic() - begun
    assert {answer[:2] for answer in answers} == {(200, b"good")}
    assert pair.trips().total() == 0
    assert pair.state == 0
    eventually(lambda: pair.attempts("bad", "success"), 60 + len(answers))
    failed = pair.attempts("bad", "connect", "error")
    assert 1 <= failed <= 20 * (2 + took), "one that has just failed is chosen last"
    while (ejected(pair), endpoints(pair)) != (1, {pair.bad.url: False, pair.good.url: True}):
        pair.crowd(20, clients=8)
        assert time.monotonic() - begun < 30
    pair.bad.come_back()
    while b"bad" not in {answer.body for answer in pair.calls(8)}:
        assert time.monotonic() - begun < 30
    eventually(lambda: ejected(pair), 0)
    assert endpoints(pair) == {pair.bad.url: True, pair.good.url: True}
    measured("one endpoint of two is dead", f"{len(answers)} calls, all answered, {failed} attempts failed, 0 trips")


def test_what_is_in_flight_at_each(world: World) -> None:
    """As the status says: of all workers together."""
    pair = world.pair("two-busy")

    def busy() -> int:
        shown = get(pair.gateway, "/api/v1/status")["variants"]["two-busy-bad"]
        return sum(each["in_flight"] for each in shown["endpoints"])

    with ExitStack() as stack:
        callers = [stack.enter_context(Client(pair.gateway.port)) for _ in range(6)]
        for caller in callers:
            caller.send(request("POST", "/two-busy", "Content-Length: 3") + b"ab")
        eventually(busy, 6)
        for caller in callers:
            caller.send(b"c")
            assert caller.reply("POST").status == 200
    eventually(busy, 0)


def test_both_are_dead(world: World) -> None:
    """Then it is the variant."""
    pair = world.pair("two-dead")
    pair.calls(8)
    pair.bad.leave()
    pair.good.leave()
    pair.crowd(100, clients=8)
    eventually(lambda: pair.trips().total() > 0, True)
    pair.bad.come_back()
    pair.good.come_back()
    pair.wait_state(0, ask=True)


def test_one_of_two_answers_every_call_with_500(world: World) -> None:
    """It is ejected as well; until then callers get its answers, since nobody else may be asked."""
    pair = world.pair("two-failing")
    pair.bad.turn("500")
    answers = pair.crowd(400, clients=8)
    assert pair.trips().total() == 0
    assert {answer.body for answer in answers[-50:]} == {b"good"}
    eventually(lambda: pair.attempts("bad"), pair.bad.total + pair.good.total)


def test_one_of_two_hangs(world: World) -> None:
    """However many wait for it: the other one answers, and the variant's breaker stays closed."""
    pair = world.pair("two-hang")
    pair.bad.turn("hang")
    answers = pair.crowd(60, clients=8)
    assert pair.trips().total() == 0
    assert pair.state == 0
    assert {answer.status for answer in answers} == {200, 504}
    assert max(answer.waited for answer in answers) < 3
    pair.bad.turn("ok")
    eventually(lambda: pair.sums("gateway_requests_total", "variant", "reason", "code"), pair.counted)
