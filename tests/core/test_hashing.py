"""What is hashed, byte by byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.hashing import ASSIGNMENT, SHADOW_SAMPLE, SHARE, fraction, prefix

NAMES = st.lists(st.text(max_size=4), max_size=3)


def test_a_prefix_is_the_purpose_and_each_name_after_its_length() -> None:
    """The published layout, with a name whose bytes are more than its characters."""
    assert prefix(ASSIGNMENT, "fraud", "é") == b"\x01\x05\x00\x00\x00fraud\x02\x00\x00\x00\xc3\xa9"


def test_purposes_differ() -> None:
    """What is hashed for one purpose says nothing about another."""
    assert len({ASSIGNMENT, SHARE, SHADOW_SAMPLE}) == 3


@given(NAMES, st.binary(max_size=6), NAMES, st.binary(max_size=6))
def test_different_inputs_give_different_bytes(
    names: list[str], key: bytes, others: list[str], other_key: bytes
) -> None:
    """With as many names, no two inputs share a message, however the texts are cut."""
    if len(names) == len(others) and (names, key) != (others, other_key):
        assert prefix(SHARE, *names) + key != prefix(SHARE, *others) + other_key


@given(st.binary())
def test_fractions_lie_strictly_between_zero_and_one(message: bytes) -> None:
    """Their logarithm exists and is not zero; the 53 bits are kept exactly."""
    number = fraction(message)
    assert 2.0**-53 <= number <= 1 - 2.0**-53
    assert int(number * 2**53) % 2 == 1


@pytest.mark.parametrize(
    ("message", "number"),
    [
        (prefix(ASSIGNMENT, "fraud", "fraud-3") + b"user-1", (0xF613481826A9103A >> 11 | 1) / 2**53),
        (prefix(ASSIGNMENT, "fraud", "fraud-4") + b"user-1", (0x83509756C8AEA0AF >> 11 | 1) / 2**53),
    ],
)
def test_fractions_are_the_published_ones(message: bytes, number: float) -> None:
    """A hash known beforehand gives the number known beforehand."""
    assert fraction(message) == number
