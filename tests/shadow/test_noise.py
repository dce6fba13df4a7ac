"""Who is asked once more: how often, only while there is time for it, and what of that is noise."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.core.agreement import word
from gateway.core.breaker_cells import MADE, RUNS, key
from gateway.core.metrics import key as metric
from gateway.core.tally import Tally
from gateway.core.verdict import FIRST_REPLAYED
from gateway.links.board import Board
from gateway.shadow.noise import ENOUGH, Noise, is_noise
from tests.shadow.stage import Control, ShadowProcess, snapshot, variant
from tests.support.http1 import Request
from tests.support.origin import Connection, Origin, canned, reply

SETTINGS = snapshot(variant("live"), variant("candidate"))
LIVE = variant("live", concurrency=10)
SAME = canned(reply(b'{"a": 1}', "content-type: application/json"))


@pytest.mark.parametrize(
    ("known", "tried", "drawn", "wanted"),
    [
        (0, 0, 0.99, True),
        (FIRST_REPLAYED - 1, FIRST_REPLAYED, 0.99, True),
        (FIRST_REPLAYED, FIRST_REPLAYED, 0.06, False),
        (FIRST_REPLAYED, FIRST_REPLAYED, 0.04, True),
        (0, ENOUGH, 0.06, False),
        (0, ENOUGH, 0.04, True),
    ],
)
def test_the_first_pairs_and_then_a_share_are_wanted(
    tmp_path: Path, known: int, tried: int, drawn: float, wanted: bool
) -> None:
    """Also where nothing comes of the first; none at all where the share is 0."""
    noise = Noise(Board.create(tmp_path / "board", 1, names=4096, cells=512), lambda: drawn)
    assert noise.is_wanted(0.05, known, tried) is wanted
    assert not noise.is_wanted(0.0, known, tried)


@pytest.mark.parametrize(("state", "calm"), [(0, True), (1, False), (2, False)])
def test_only_a_closed_breaker_lets_it_through(tmp_path: Path, state: int, calm: bool) -> None:
    """By the newest word of any worker."""
    board = Board.create(tmp_path / "board", 2, names=4096, cells=1024)
    noise = Noise(board, lambda: 0.0)
    assert noise.has_time(SETTINGS, LIVE)
    for number, generation in ((0, 4), (1, 5)):
        slot = board.slot(number)
        first = slot.index(key(RUNS[0], "live"), RUNS[0].size)
        slot.values[first + MADE] = word(generation, state if number else 2)
    assert noise.has_time(SETTINGS, LIVE) is calm


def test_only_a_variant_under_half_of_its_concurrency_has_time(tmp_path: Path) -> None:
    """Of all workers together, and of the replays under way."""
    board = Board.create(tmp_path / "board", 2, names=4096, cells=1024)
    noise = Noise(board, lambda: 0.0)
    cells = [(board.slot(number), board.slot(number)) for number in (0, 1)]
    for slot, _ in cells:
        slot.values[slot.index(metric("gateway_in_flight_requests", "live"), gauge=True)] = 2
    assert noise.has_time(SETTINGS, LIVE)
    noise.replays["live"] = 1
    assert not noise.has_time(SETTINGS, LIVE)
    assert noise.has_time(SETTINGS, replace(LIVE, concurrency=12))


@pytest.mark.parametrize("settings", [{"disabled": frozenset({"live"})}, {"forced": {"live": "open"}}])
def test_who_is_kept_from_callers_is_not_asked(tmp_path: Path, settings: dict[str, Any]) -> None:
    """By an override."""
    noise = Noise(Board.create(tmp_path / "board", 1, names=4096, cells=1024), lambda: 0.0)
    assert not noise.has_time(replace(SETTINGS, **settings), LIVE)


@pytest.mark.parametrize(
    ("status", "live", "counts"),
    [(200, 200, True), (404, 200, True), (401, 200, False), (429, 200, False), (401, 401, True)],
)
def test_a_replay_that_was_refused_tells_no_noise(status: int, live: int, counts: bool) -> None:
    """Its caller's credentials are not there."""
    assert is_noise(status, live) is counts


Serve = Callable[..., tuple[Callable[[], tuple[str, str]], Control]]


@pytest.fixture
def noisy(shadow: ShadowProcess, model: Origin, request: pytest.FixtureRequest) -> Iterator[Serve]:
    """What comes of copies, and control's link, by a snapshot whose live variant is asked again; both variants are
    `model`. The route is the test's own, so that what other tests found is not in it."""
    route: str = request.node.name
    with ExitStack() as stack:

        def link(**settings: Any) -> tuple[Callable[[], tuple[str, str]], Control]:
            variants = variant("live", model.url, **settings), variant("candidate", model.url)
            worker = stack.enter_context(shadow.worker(snapshot(*variants, route=route, noise=0.5)))
            control = stack.enter_context(shadow.control())
            control.tell({(route, "candidate"): 5})
            return worker.outcome, control

        yield link


def found(control: Control, pairs: int, noise: int) -> Tally:
    """All that was found, once it is so many pairs and noise pairs."""
    total = Tally()
    while (total.compared.pairs, total.noise.pairs) != (pairs, noise):
        batch, tally = control.next()
        control.acknowledge(batch)
        total.merge(tally)
        assert (total.compared.pairs, total.noise.pairs) <= (pairs, noise)
    return total


def test_the_live_variant_is_asked_again_and_compared_the_same_way(noisy: Serve, model: Origin) -> None:
    """Marked, by its own name; a model that answers otherwise each time is as noisy as it differs."""
    answers = iter(range(1000))
    lock = threading.Lock()

    def count(connection: Connection, request: Request) -> None:
        connection.read_body(request)
        with lock:
            number = next(answers)
        connection.send(reply(b'{"a": %d}' % (number + 10 if number % 4 else 1), "content-type: application/json"))

    model.answer = count
    copy, control = noisy()
    for _ in range(20):
        copy()
    tally = found(control, 20, 20)
    assert tally.compared.differing + tally.noise.differing == 30
    assert sorted(asked.text("x-gateway-variant") for asked in model.requests) == ["candidate"] * 20 + ["live"] * 20
    assert {asked.text("x-gateway-shadow") for asked in model.requests} == {
        "test_the_live_variant_is_asked_again_and_compared_the_same_way"
    }


def test_a_candidate_that_fails_is_no_reason_to_ask_again(noisy: Serve, model: Origin) -> None:
    """There is nothing to set against it."""
    model.answer = canned(reply(b"", status="500 Oops"))
    copy, _ = noisy()
    assert copy() == ("error", "status")
    assert len(model.requests) == 1


def test_a_replay_that_fails_tells_nothing(noisy: Serve, model: Origin) -> None:
    """The pair counts nevertheless."""

    def half(connection: Connection, request: Request) -> None:
        connection.read_body(request)
        if request.one("x-gateway-variant") == b"candidate":
            SAME(connection, request)
        else:
            connection.reset()

    model.answer = half
    copy, control = noisy()
    assert copy() == ("matched", "")
    assert found(control, 1, 0).noise.pairs == 0


def test_a_busy_variant_is_not_asked_again(noisy: Serve, model: Origin) -> None:
    """Its concurrency is for callers."""
    model.answer = SAME
    copy, control = noisy(concurrency=1)
    for _ in range(3):
        assert copy() == ("matched", "")
    found(control, 3, 0)
    assert len(model.requests) == 3
