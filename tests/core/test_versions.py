"""Version ranges: which versions lie within, by Semantic Versioning's precedence."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.versions import compile_range

WITHIN = [
    (">=2.1", ["2.1", "2.1.0", "v2.1.0", "2.1.1", "2.2.0-rc.1", "3", "10.0.0", "2.1.0+build.7"]),
    (">2.1", ["2.2", "2.2.0", "3.0.0-rc.1"]),
    (">2.1.0", ["2.1.1", "2.1.1-rc.1", "2.2.0-rc.1"]),
    (">2.1.0-rc.1", ["2.1.0-rc.1.0", "2.1.0-rc.2", "2.1.0"]),
    ("<2.1", ["2.0.9", "2.0.9-rc.1", "0.0.0", "1"]),
    ("<2.1.0-rc.2", ["2.1.0-rc.1", "2.1.0-alpha", "2.0.0"]),
    ("<=2.1", ["2.1", "2.1.99", "2.1.0-rc.1", "1.9.9"]),
    ("<=2.1.0", ["2.1.0", "2.1.0-rc.1", "2.0.99"]),
    ("2.1", ["2.1.0", "2.1.7"]),
    ("=2.1", ["2.1.0", "2.1.7"]),
    ("==2.1.0", ["2.1.0", "2.1.0+a", "2.1"]),
    ("=2.1.0-rc.1", ["2.1.0-rc.1"]),
    ("!=2.1", ["2.0.9", "2.2.0", "2.1.0-rc.1"]),
    ("!=2.1.0", ["2.1.1", "2.1.0-rc.1"]),
    ("2", ["2", "2.0.0", "2.9.9", "2.1.0-rc.1"]),
    ("^1.4", ["1.4.0", "1.99.0", "1.5.0-rc.1"]),
    ("^1", ["1.0.0", "1.9.9"]),
    ("^0.2.3", ["0.2.3", "0.2.9"]),
    ("^0.0.3", ["0.0.3"]),
    ("^0.0", ["0.0.0", "0.0.9"]),
    ("^0", ["0.0.0", "0.9.9"]),
    ("~2.1.3", ["2.1.3", "2.1.9"]),
    ("~2.1", ["2.1.0", "2.1.9"]),
    ("~2", ["2.0.0", "2.9.9"]),
    (">=2.1,<3", ["2.1.0", "2.99.0"]),
    (" >= 2.1 , != 2.5 ", ["2.1.0", "2.4.9", "2.6.0"]),
]
BEYOND = [
    (">=2.1", ["2.0.9", "2.1.0-rc.1", "1"]),
    (">2.1", ["2.1.0", "2.1.99", "2.2.0-rc.1"]),
    (">2.1.0", ["2.1.0", "2.1.0+a", "2.1.0-rc.1"]),
    ("<2.1", ["2.1.0", "2.1.0-rc.1", "2.1"]),
    ("<2.1.0-rc.2", ["2.1.0-rc.2", "2.1.0-rc.2.1", "2.1.0-rc.10", "2.1.0"]),
    ("<=2.1", ["2.2.0", "2.2.0-rc.1"]),
    ("2.1", ["2.2.0-rc.1", "2.1.0-rc.1", "2.0.9"]),
    ("=2.1.0-rc.1", ["2.1.0-rc.1.0", "2.1.0", "2.1.0-rc.2"]),
    ("!=2.1", ["2.1.0", "2.1.9"]),
    ("^1.4", ["1.3.9", "2.0.0", "2.0.0-rc.1"]),
    ("^0.2.3", ["0.2.2", "0.3.0"]),
    ("^0.0.3", ["0.0.2", "0.0.4", "0.0.4-rc.1"]),
    ("^0.0", ["0.1.0"]),
    ("^0", ["1.0.0"]),
    ("~2.1.3", ["2.1.2", "2.2.0"]),
    ("~2", ["3.0.0", "3.0.0-rc.1"]),
    (">=2.1,<3", ["2.0.0", "3.0.0", "3.0.0-rc.1"]),
    (">=0", ["", "x", "1.", "1.2.3.4", "01.0", "1.02", "1.2-rc", "-1", " 1", "1 ", "1.2.3-", "\u0661.0", "1" * 300]),
]


@pytest.mark.parametrize(("wanted", "versions"), WITHIN)
def test_versions_within_a_range(wanted: str, versions: list[str]) -> None:
    """Left-out parts stand for the family; build metadata and a leading v do not count."""
    holds = compile_range(wanted)
    assert [version for version in versions if not holds(version)] == []


@pytest.mark.parametrize(("wanted", "versions"), BEYOND)
def test_versions_beyond_a_range(wanted: str, versions: list[str]) -> None:
    """The next family's pre-releases are in neither; what is no version is in none."""
    holds = compile_range(wanted)
    assert [version for version in versions if holds(version)] == []


@pytest.mark.parametrize(
    "wanted", ["", ">=", "2.1,", ",2", ">=x", "=>2", "2.x", "*", ">= 2 3", "2.1-rc", "~>2", "1" * 300]
)
def test_what_is_no_range(wanted: str) -> None:
    """The fault says what may stand there."""
    with pytest.raises(ValueError, match="is no version range; allowed are =, !="):
        compile_range(wanted)


PRECEDENCE = [
    "0.9.9",
    "1.0.0-0",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.1.0",
    "2.0.0",
]


def test_precedence_is_that_of_the_specification() -> None:
    """Section 11's own example, and neighbours: each one against each other."""
    for (one, low), (other, high) in itertools.product(enumerate(PRECEDENCE), repeat=2):
        assert compile_range(f">={low}")(high) is (other >= one)
        assert compile_range(f">{low}")(high) is (other > one)
        assert compile_range(f"={low}")(high) is (other == one)


NUMBERS = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))


@given(NUMBERS, NUMBERS.filter(lambda version: version.count(".") == 2))
def test_comparators_complete_each_other(wanted: str, version: str) -> None:
    """A release is below a range, within it, or above it."""
    places = [compile_range(f"{operator}{wanted}")(version) for operator in ("<", "=", ">")]
    assert places.count(True) == 1
    assert compile_range(f"<={wanted}")(version) is (places[0] or places[1])
    assert compile_range(f">={wanted}")(version) is (places[1] or places[2])
    assert compile_range(f"!={wanted}")(version) is not places[1]
