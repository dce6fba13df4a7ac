"""Attempts: which variant may answer after one has failed. Knows no endpoint, no clock and no bytes.

A failure is a word of `fallback.when` or a status.
"""

from collections.abc import Sequence

When = str | int


def next_variant(chain: tuple[str, ...], tried: Sequence[str], *, failure: When, when: tuple[When, ...]) -> str | None:
    """The first of the route's fallbacks that has not been tried; None when the failure is none that falls back, or
    nobody is left."""
    if failure not in when:
        return None
    return next((variant for variant in chain if variant not in tried), None)


def reason(failure: When) -> str:
    """Why another variant, or a fixed response after it, answers."""
    return f"fallback:{failure}"
