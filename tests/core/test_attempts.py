"""Who answers after a failure, and what that is called."""

import pytest

from gateway.core.attempts import When, next_variant, reason
from gateway.core.model import Fallback

WHEN = (*Fallback().when, 429)


@pytest.mark.parametrize(
    ("chain", "tried", "failure", "chosen"),
    [
        (("v1", "v2"), ["v3"], "connect", "v1"),
        (("v1", "v2"), ["v1"], "error", "v2"),
        (("v1", "v2"), ["v3", "v1"], "timeout", "v2"),
        (("v1", "v2"), ["v3", "v1", "v2"], "timeout", None),
        (("v1",), ["v1"], "slow", None),
        ((), ["v1"], "connect", None),
        (("v1", "v1"), ["v1"], "connect", None),
        (("v2",), ["v1"], 429, "v2"),
        (("v2",), ["v1"], 500, None),
        (("v2",), ["v1"], "reset", None),
    ],
)
def test_the_next_variant(chain: tuple[str, ...], tried: list[str], failure: When, chosen: str | None) -> None:
    """In order, whoever has tried left out; nobody for a failure that is not listed."""
    assert next_variant(chain, tried, failure=failure, when=WHEN) == chosen


def test_nothing_listed_falls_back_never() -> None:
    """An empty `when` turns it off."""
    assert next_variant(("v2",), ["v1"], failure="connect", when=()) is None


@pytest.mark.parametrize(("failure", "words"), [("connect", "fallback:connect"), (503, "fallback:503")])
def test_the_reason(failure: When, words: str) -> None:
    """A word of `fallback.when`, or a status."""
    assert reason(failure) == words
