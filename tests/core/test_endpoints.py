"""What all workers together tell of endpoints."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.endpoints import EJECTED_SIZE, UNKNOWN, UNUSED, USED, bits, count, ejected_key, endpoint_key, together


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([], (True, 0)),
        ([(UNKNOWN, 0)], (True, 0)),
        ([(USED, 3), (USED, 4)], (True, 7)),
        ([(USED, 3), (UNUSED, 1)], (True, 4)),
        ([(UNUSED, 1), (UNUSED, 0)], (False, 1)),
        ([(UNUSED, 1), (UNKNOWN, 0)], (False, 1)),
    ],
)
def test_one_endpoint(told: list[tuple[int, int]], expected: tuple[bool, int]) -> None:
    assert together(told) == expected


@given(st.lists(st.sets(st.integers(0, 495)), max_size=4))
def test_the_same_address_counts_once_whoever_ejected_it(ejected: list[set[int]]) -> None:
    assert count(map(bits, ejected)) == len(set[int]().union(*ejected))


def test_cells_hold_them() -> None:
    """They are signed, of 64 bits."""
    assert all(0 < cell < 1 << 63 for cell in bits(range(1000)))
    assert len(bits(range(1000))) == EJECTED_SIZE


def test_keys_differ() -> None:
    keys = sorted([endpoint_key("a", "b"), endpoint_key("a", "c"), ejected_key("a"), ejected_key("b")])
    assert all(one != other for one, other in pairwise(keys))
