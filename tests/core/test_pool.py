"""Which endpoint is chosen: by load and chance or in turn, those that just failed last."""

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.model import Endpoint, Headers, UpstreamTls, Variant
from gateway.core.pool import NEVER, RECENT, kept, least_loaded, round_robin
from tests.core.build import never

NOW = 100.0


def _choices(in_flight: list[int], failed: list[float], count: int = 3000) -> Counter[int]:
    draw = Random(1).random
    return Counter(least_loaded(in_flight, failed, now=NOW, draw=draw) for _ in range(count))


def test_one_endpoint_is_chosen_without_a_draw() -> None:
    """Even if it has just failed."""
    assert least_loaded([9], [NOW], now=NOW, draw=never) == 0
    assert round_robin([NOW], now=NOW, last=-1) == 0


def test_of_two_the_less_loaded_is_chosen() -> None:
    """Always, since both are always looked at."""
    assert set(_choices([3, 2], [NEVER, NEVER])) == {1}
    assert set(_choices([2, 3], [NEVER, NEVER])) == {0}


def test_level_endpoints_share_evenly() -> None:
    """Chance decides between them."""
    counts = _choices([1, 1, 1, 1], [NEVER] * 4)
    assert all(abs(counts[position] / 3000 - 0.25) < 0.04 for position in range(4))


def test_the_most_loaded_of_many_is_never_chosen() -> None:
    """It loses against whichever other is drawn; the least loaded wins in 2 of 3 pairs of 3."""
    counts = _choices([5, 0, 1], [NEVER] * 3)
    assert counts[0] == 0
    assert abs(counts[1] / 3000 - 2 / 3) < 0.04


@pytest.mark.parametrize(
    ("failed", "chosen"),
    [
        ([NOW, NEVER, NEVER], {1, 2}),
        ([NOW - RECENT / 2, NOW, NEVER], {2}),
        ([NOW - RECENT, NOW, NOW], {0}),
        ([NOW, NOW, NOW], {0, 1, 2}),
    ],
)
def test_endpoints_that_just_failed_are_chosen_last(failed: list[float], chosen: set[int]) -> None:
    """For one second, however idle they are; where all have, all are used."""
    assert set(_choices([1, 1, 1], failed)) == chosen
    assert set(_choices([9, 9, 9], failed)) == chosen


def test_load_counts_among_those_that_did_not_fail() -> None:
    """The idle one has failed; of the others the less loaded is chosen."""
    assert set(_choices([0, 4, 3], [NOW, NEVER, NEVER])) == {2}


@pytest.mark.parametrize(
    ("failed", "turns"),
    [
        ([NEVER, NEVER, NEVER], [0, 1, 2, 0, 1, 2]),
        ([NEVER, NOW, NEVER], [0, 2, 0, 2]),
        ([NOW, NOW, NEVER], [2, 2]),
        ([NOW, NOW], [0, 1, 0]),
    ],
)
def test_round_robin(failed: list[float], turns: list[int]) -> None:
    """Each in turn, those that just failed passed over unless all have."""
    chosen, last = [], -1
    for _ in turns:
        last = round_robin(failed, now=NOW, last=last)
        chosen.append(last)
    assert chosen == turns


def test_round_robin_goes_on_after_the_pool_shrank() -> None:
    """The last turn may have been beyond its end."""
    assert round_robin([NEVER, NEVER], now=NOW, last=7) == 0


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from([NEVER, NOW, NOW - 0.5, NOW - 2])), min_size=1), st.randoms()
)
def test_a_calm_endpoint_is_chosen_where_there_is_one(pool: list[tuple[int, float]], random: Random) -> None:
    """By either way of choosing, and always a position of the pool."""
    in_flight, failed = [one for one, _ in pool], [at for _, at in pool]
    calm = {position for position, at in enumerate(failed) if NOW - at >= RECENT} or set(range(len(pool)))
    assert least_loaded(in_flight, failed, now=NOW, draw=random.random) in calm
    assert round_robin(failed, now=NOW, last=random.randrange(-1, len(pool))) in calm


def _variant(*urls: str, **settings: Any) -> Variant:
    return Variant("a", tuple(Endpoint(url, "https" if "s:" in url else "http", url) for url in urls), **settings)


HOST = Headers(set=(("x-a", "1"), ("Host", "model")))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (_variant("http:1"), _variant("http:1"), {"http:1"}),
        (_variant("http:1", "http:2"), _variant("http:2", "http:3"), {"http:2"}),
        (_variant("http:1"), _variant("http:2"), set()),
        (_variant("http:1"), _variant("http:1", version="2", concurrency=3, balance="round_robin"), {"http:1"}),
        (_variant("http:1"), _variant("http:1", headers=Headers(remove=("cookie",))), {"http:1"}),
        (_variant("http:1"), _variant("http:1", headers=HOST), set()),
        (_variant("http:1", headers=HOST), _variant("http:1", headers=Headers(set=(("host", "model"),))), {"http:1"}),
        (_variant("http:1", "https:2"), _variant("http:1", "https:2", tls=UpstreamTls(digest="new")), {"http:1"}),
        (_variant("https:1", tls=UpstreamTls(ca="x")), _variant("https:1", tls=UpstreamTls(ca="x")), {"https:1"}),
    ],
)
def test_endpoints_that_are_spoken_to_alike_are_kept(before: Variant, after: Variant, expected: set[str]) -> None:
    """The same address, Host and, where it matters, TLS; whatever else changes."""
    assert {each.url for each in kept(before, after)} == expected
