"""Endpoints that are taken out of a pool, come back, and take up their calls little by little."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import model
from gateway.core.ejection import RAMP, Ejections, Member, part
from tests.core.build import never

NOW = 100.0


def pool(size: int, **settings: object) -> tuple[Ejections, list[Member]]:
    return Ejections(model.Ejection(**settings)), [Member() for _ in range(size)]  # type: ignore[arg-type]


def fail(ejections: Ejections, members: list[Member], place: int, *, times: int = 5, now: float = NOW) -> list[bool]:
    return [ejections.failed(members[place], members, now) for _ in range(times)]


def test_so_many_errors_in_a_row() -> None:
    """The fifth takes it out; it goes on counting no further."""
    ejections, members = pool(2)
    assert fail(ejections, members, 0, times=6) == [False] * 4 + [True, False]
    assert ejections.takers(members, now=NOW, draw=never) == [members[1]]


def test_a_success_begins_anew() -> None:
    """It sets the errors to 0."""
    ejections, members = pool(2)
    fail(ejections, members, 0, times=4)
    members[0].errors = 0
    assert fail(ejections, members, 0, times=4) == [False] * 4
    assert ejections.is_calm


@pytest.mark.parametrize(
    ("size", "share", "out"),
    [(1, 1.0, 0), (2, 0.5, 1), (3, 0.5, 1), (4, 0.5, 2), (10, 0.3, 3), (5, 0.1, 0), (3, 1.0, 3)],
)
def test_never_more_than_their_share(size: int, share: float, out: int) -> None:
    """And never in a pool of one."""
    ejections, members = pool(size, max_share=share)
    ejected = sum(fail(ejections, members, place)[-1] for place in range(size))
    assert ejected == out
    assert (ejections.is_calm) is (out == 0)


def test_when_all_are_out_all_are_used() -> None:
    """Better a bad answer than none."""
    ejections, members = pool(2, max_share=1.0)
    for place in range(2):
        fail(ejections, members, place)
    assert ejections.takers(members, now=NOW, draw=never) == members


def test_it_comes_back_after_its_time() -> None:
    """With a clean record, told of once."""
    ejections, members = pool(2)
    fail(ejections, members, 0)
    assert ejections.returned(members, NOW + 4.9) == []
    assert ejections.returned(members, NOW + 5.0) == [members[0]]
    assert ejections.returned(members, NOW + 5.1) == []
    assert members[0].errors == 0
    assert fail(ejections, members, 0, now=NOW + 6) == [False] * 4 + [True]


@pytest.mark.parametrize(("after", "share"), [(0.0, 0.1), (0.5, 0.1), (5.0, 0.5), (RAMP, 1.0), (100.0, 1.0)])
def test_it_takes_up_its_calls_little_by_little(after: float, share: float) -> None:
    """A tenth at first; a draw decides for each call."""
    ejections, members = pool(2)
    fail(ejections, members, 0)
    assert part(members[0], NOW) == 0.0
    ejections.returned(members, NOW + 5)
    now = NOW + 5 + after
    assert part(members[0], now) == share
    draw = Random(1).random
    takes = Counter(members[0] in ejections.takers(members, now=now, draw=draw) for _ in range(2000))
    assert takes[True] / 2000 == pytest.approx(share, abs=0.03)


def test_it_is_calm_again_when_the_ramp_is_over() -> None:
    """Then nothing needs to be asked for each call."""
    ejections, members = pool(2)
    assert ejections.is_calm
    fail(ejections, members, 0)
    ejections.returned(members, NOW + 5)
    assert not ejections.is_calm
    ejections.returned(members, NOW + 5 + RAMP)
    assert ejections.is_calm


def test_alone_it_takes_every_call_at_once() -> None:
    """A ramp needs somebody else."""
    ejections, members = pool(2, max_share=1.0)
    fail(ejections, members, 0)
    ejections.returned(members, NOW + 5)
    fail(ejections, members, 1, now=NOW + 5)
    assert ejections.takers(members, now=NOW + 5, draw=lambda: 0.99) == [members[0]]


def test_a_member_that_left_the_pool_is_forgotten() -> None:
    """An address that is no longer resolved."""
    ejections, members = pool(3)
    fail(ejections, members, 0)
    ejections.returned(members[1:], NOW)
    assert ejections.is_calm


@given(
    st.integers(1, 6),
    st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.floats(0, 4)), max_size=80),
    st.sampled_from([0.0, 0.3, 0.5, 1.0]),
)
def test_somebody_always_takes_the_call(size: int, steps: list[tuple[int, bool, float]], share: float) -> None:
    """And the share that is out is never exceeded."""
    ejections, members = pool(size, consecutive_errors=2, max_share=share)
    now, draw = NOW, Random(7).random
    for place, good, pause in steps:
        now += pause
        ejections.returned(members, now)
        if good:
            members[place % size].errors = 0
        else:
            ejections.failed(members[place % size], members, now)
        out = [member for member in members if member.out_until is not None]
        takers = ejections.takers(members, now=now, draw=draw)
        assert len(out) <= share * size + 1e-6
        assert takers
        assert not set(takers) & set(out) or len(out) == size
        if ejections.is_calm:
            assert list(takers) == members


def test_a_pool_that_follows_knows_who_is_out() -> None:
    """Members it has of the other one stay out for their time, come back little by little, and are then at ease; also
    one that a call of the old pool takes out late."""
    before, members = pool(3, max_share=1.0)
    fail(before, members, 0)
    after = Ejections(model.Ejection(for_=7.0), before)
    kept = members[:2]
    assert not after.is_calm
    assert after.takers(kept, now=NOW, draw=never) == [members[1]]
    fail(before, members, 1)
    assert after.returned(kept, NOW + 5) == kept
    assert after.returned(kept, NOW + 5 + RAMP) == []
    assert after.is_calm
    assert before.is_calm
