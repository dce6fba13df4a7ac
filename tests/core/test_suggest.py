"""The nearest known name."""

import pytest

from gateway.core.suggest import did_you_mean


@pytest.mark.parametrize(
    ("name", "words"),
    [("fraud-33", ' (did you mean "fraud-3"?)'), ("zebra", ""), ("fraud-3" * 20, "")],
)
def test_a_near_name_is_suggested(name: str, words: str) -> None:
    """Nothing is said where none is near, or where the name is no name."""
    assert did_you_mean(name, {"fraud-3": 1, "spam": 2}) == words
