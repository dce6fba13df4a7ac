"""Sameness: whether two pieces of configuration mean the same, which `==` does not tell.

To Python `1` equals `true`, and a mapping's order is nothing; to a condition and to a tie between weights they matter.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any


def same(before: object, after: object) -> bool:
    """Whether nothing can tell the two apart: kinds of scalars and the order of names count."""
    if before is after:
        return True
    kind = type(before)
    if kind is not type(after):
        return False
    if kind is str or kind is int:
        return before == after
    names = field_names(kind)
    if not names:
        return _same_values(before, after)
    for name in names:  # noqa: SIM110 - thousands of objects are compared, and a generator would take twice as long
        if not same(getattr(before, name), getattr(after, name)):
            return False
    return True


def _same_values(before: object, after: object) -> bool:
    if isinstance(before, tuple | list) and isinstance(after, tuple | list):
        return len(before) == len(after) and all(map(same, before, after))
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return same(tuple(before), tuple(after)) and same(tuple(before.values()), tuple(after.values()))
    # A number that is none (.nan in metadata) does not even equal itself.
    return before == after or (before != before and after != after)  # noqa: PLR0124


def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind)) if is_dataclass(kind) else ()


field_names: Callable[[Any], tuple[str, ...]] = cache(_field_names)
"""The fields of a dataclass; none of anything else."""
