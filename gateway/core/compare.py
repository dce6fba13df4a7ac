"""Comparison: whether a shadow's reply says what the live one said, and where it does not.

It decides by the rules of one shadow alone: status first, then content type, then body. It must not know why a reply
was made, or what is done with the verdict.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import orjson

from gateway.core.copies import Observation
from gateway.core.differences import Difference, Differences, Kind, Steps, text
from gateway.core.model import Compare, Protocol

__all__ = ["Difference", "Judgement", "Kind", "Rules", "judge", "rules"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What may differ, ready to be applied."""

    compare: Compare
    protocol: Protocol


class Judgement(NamedTuple):
    """Two observations judged."""

    outcome: Literal["matched", "mismatched", "ignored"]
    why: str = ""
    """A fixed word where ignored, else empty."""
    differences: tuple[Difference, ...] = ()
    """The first 100."""
    folded: frozenset[tuple[str, str]] = frozenset()
    """Path, with every index as `[*]`, and kind, of all differences; at most 200."""


def rules(compare: Compare, protocol: Protocol) -> Rules:
    """Rules of a shadow on a route of this protocol."""
    return Rules(compare, protocol)


def judge(rules: Rules, live: Observation, shadow: Observation) -> Judgement:
    """What comes of comparing `shadow` with `live`."""
    found = Differences()
    if live.status != shadow.status:
        found.note("status", "value", live=str(live.status), shadow=str(shadow.status))
    else:
        _bodies(live.body, shadow.body, found)
    if not found.first:
        return Judgement("matched")
    return Judgement("mismatched", "", tuple(found.first), frozenset(found.folded))


def _bodies(live: bytes, shadow: bytes, found: Differences) -> None:
    try:
        _walk(orjson.loads(live), orjson.loads(shadow), None, found)
    except orjson.JSONDecodeError:
        if live != shadow:
            found.note("body", "value")


def _walk(live: object, shadow: object, at: Steps, found: Differences) -> None:
    if isinstance(live, dict) and isinstance(shadow, dict):
        for name in live:
            if name in shadow:
                _walk(live[name], shadow[name], (at, name), found)
            else:
                found.note((at, name), "missing", live=text(live[name]))
        for name in shadow.keys() - live.keys():
            found.note((at, name), "extra", shadow=text(shadow[name]))
    elif isinstance(live, list) and isinstance(shadow, list):
        if len(live) != len(shadow):
            found.note(at, "length", live=str(len(live)), shadow=str(len(shadow)))
        for index, pair in enumerate(zip(live, shadow, strict=False)):
            _walk(*pair, (at, index), found)
    elif live != shadow:
        found.note(at, "value", live=text(live), shadow=text(shadow))
