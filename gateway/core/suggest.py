"""The nearest known name for one that is not known."""

from collections.abc import Collection
from difflib import get_close_matches


def did_you_mean(name: str, known: Collection[str]) -> str:
    """` (did you mean "NAME"?)` where a known name is near, else nothing."""
    # Distances over thousands of long names would take seconds; no person meant a name this long.
    close = get_close_matches(name, known, 1) if len(name) <= 128 else []
    return f' (did you mean "{close[0]}"?)' if close else ""
