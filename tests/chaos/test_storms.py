"""No storms: an outage is not made larger, and while everything is down callers are told so at once."""

import time
from functools import partial
from statistics import median

from tests.chaos.conftest import Measured
from tests.chaos.world import SETTLED, Pair, World, eventually, sized
from tests.support import kernel

CLIENTS = 16
GROWTH = 8 << 20
"""Bytes that a worker's memory may vary by."""


def has_at_most(pid: int, descriptors: int) -> bool:
    """Connections that callers have closed are closed a moment later."""
    return kernel.descriptors(pid) <= descriptors


def test_a_failing_model_is_not_called_more_often(world: World, measured: Measured) -> None:
    """All models answer 503, which may be tried again; what reaches them is little more than what callers sent."""
    pair = world.pair("storm")
    pair.crowd(200, clients=CLIENTS)
    before = pair.bad.total + pair.good.total
    pair.bad.turn("503")
    pair.good.turn("503")
    answers = pair.crowd(sized(600, 5_000), clients=CLIENTS)
    calls = pair.bad.total + pair.good.total - before
    assert {answer.status for answer in answers} == {503}
    assert calls <= 1.25 * len(answers) + 50
    counts_are_true(pair)
    measured("all models answer 503, retries are on", f"{calls} upstream calls for {len(answers)} requests")


def test_without_breakers_budgets_bound_it(world: World, measured: Measured) -> None:
    """The fallback and the retries each add 20 % at most, beyond what is always allowed."""
    pair = world.pair("storm-unguarded")
    pair.bad.turn("503")
    pair.good.turn("503")
    answers = pair.crowd(sized(600, 5_000), clients=CLIENTS)
    calls = pair.bad.total + pair.good.total
    assert {answer.status for answer in answers} == {503}
    assert calls <= 1.45 * len(answers) + 100
    counts_are_true(pair)
    measured("the same with breakers off", f"{calls} upstream calls for {len(answers)} requests")


def test_everything_is_down(world: World, measured: Measured) -> None:
    """Callers get 503 with `Retry-After` at once, and nothing grows."""
    pair = world.pair("down")
    pair.calls(8)
    pair.bad.leave()
    pair.good.leave()
    pair.crowd(200, clients=CLIENTS)
    workers = world.gateway.workers
    memory = [kernel.memory(pid) for pid in workers]
    files = [kernel.descriptors(pid) for pid in workers]
    begun = time.monotonic()
    answers = pair.crowd(sized(1_000, 10_000), clients=CLIENTS)
    took = time.monotonic() - begun
    assert {answer.status for answer in answers} <= {502, 503}
    refused = [answer for answer in answers if answer.status == 503]
    assert len(refused) > 0.97 * len(answers), "nearly all are told at once"
    assert {answer.fields["retry-after"].isdigit() for answer in refused} == {True}
    waited = median(answer.waited for answer in refused)
    assert waited <= 0.05
    assert world.gateway.workers == workers
    for pid, size, count in zip(workers, memory, files, strict=True):
        assert kernel.memory(pid) - size < GROWTH
        eventually(partial(has_at_most, pid, count + 8), True)
    eventually(lambda: pair.sums("gateway_requests_total", "variant", "reason", "code"), pair.counted)
    growth = max(kernel.memory(pid) - size for pid, size in zip(workers, memory, strict=True)) >> 10
    measured(
        "everything is down",
        f"{len(answers)} requests in {took:.1f} s, median {waited * 1000:.1f} ms, {growth} KiB more memory",
    )
    pair.bad.come_back()
    pair.good.come_back()
    pair.wait_state(0, ask=True)
    time.sleep(SETTLED)
    assert {answer.body for answer in pair.calls(8)} == {b"bad"}


def counts_are_true(pair: Pair) -> None:
    """Requests as callers saw them, attempts as models did."""
    eventually(lambda: pair.sums("gateway_requests_total", "variant", "reason", "code"), pair.counted)
    eventually(lambda: pair.attempts("bad"), pair.bad.total)
    eventually(lambda: pair.attempts("good"), pair.good.total)
    eventually(lambda: sum(pair.sums("gateway_in_flight_requests", "variant").values()), 0)
