"""Comparison: whether a shadow's reply says what the live one said, and where it does not.

It decides by the rules of one shadow alone: status first, then content type, then body. It must not know why a reply
was made, or what is done with the verdict.
"""

from dataclasses import dataclass

import orjson

from gateway.core.compare_json import Walk
from gateway.core.compare_limits import Effort, IncomparableError, measure
from gateway.core.compare_numbers import Tolerance
from gateway.core.compare_paths import Path, Paths, View, segments
from gateway.core.copies import Observation
from gateway.core.differences import Differences
from gateway.core.judgement import Judgement
from gateway.core.model import Compare, Protocol


@dataclass(frozen=True, slots=True)
class Rules:
    """What may differ, ready to be applied."""

    paths: Paths
    tolerance: Tolerance
    protocol: Protocol


def rules(compare: Compare, protocol: Protocol) -> Rules:
    """Rules of a shadow on a route of this protocol."""
    paths = [Path(segments(each), ignored=True) for each in compare.ignore]
    paths += [Path(segments(each), unordered=True) for each in compare.unordered]
    return Rules(Paths(paths), Tolerance(compare.relative, compare.absolute), protocol)


def judge(rules: Rules, live: Observation, shadow: Observation) -> Judgement:
    """What comes of comparing `shadow` with `live`."""
    found = Differences()
    if live.status != shadow.status:
        found.note("status", "value", live.status, shadow.status)
    else:
        try:
            _bodies(rules, live.body, shadow.body, found)
        except IncomparableError as error:
            return Judgement("ignored", error.why)
    if not found.first:
        return Judgement("matched")
    return Judgement("mismatched", "", tuple(found.first), frozenset(found.folded))


def _bodies(rules: Rules, live: bytes, shadow: bytes, found: Differences) -> None:
    try:
        left, right = orjson.loads(live), orjson.loads(shadow)
    except orjson.JSONDecodeError:
        if live != shadow:
            found.note("body", "value")
        return
    measure(left)
    measure(right)
    effort = Effort()
    walk = Walk(View(left, effort), View(right, effort), effort, found, rules.tolerance)
    walk.compare(left, right, rules.paths.start(), at=None)
