"""Division: how a route divides its callers among variants, and how that shifts between two snapshots.

A `share` holds for a known part of the targeting keys, by a hash of its own for each segment. How many callers a
comparison holds for is not known, so those of a segment are looked at as holding for nobody, or for everybody.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple, TypeVar

from gateway.core.assignment import remaining
from gateway.core.conditions import comparisons, parts
from gateway.core.model import All, Condition, Not, Route, Share, Snapshot, Source, Split, Test
from gateway.core.movement import Moves, Shares, independent_moves, moves, shares

Key = TypeVar("Key")


class Portion(NamedTuple):
    """A rule: the callers of a segment, and their split."""

    segment: str
    condition: Condition
    split: Split


@dataclass(frozen=True, slots=True)
class Division:
    """One route's. The splits are those that decide: without disabled variants."""

    salt: str
    sources: tuple[Source, ...]
    """Of the targeting key, in order."""
    rules: tuple[Portion, ...]
    split: Split

    def position(self, segment: str) -> int:
        """Where the segment's first rule stands; after all rules when it has none."""
        positions = (number for number, rule in enumerate(self.rules) if rule.segment == segment)
        return next(positions, len(self.rules))

    def split_at(self, position: int) -> Split:
        """The rule's split, or after all rules the route's."""
        return (*(rule.split for rule in self.rules), self.split)[position]

    def conditions(self, segment: str) -> list[Condition]:
        """The segment's condition, as often as rules name it."""
        return [rule.condition for rule in self.rules if rule.segment == segment]


def division(snapshot: Snapshot, route: Route) -> Division:
    """How the route divides its callers in that snapshot."""
    return Division(
        route.salt,
        tuple(_lowered(each.source) for each in route.targeting_key),
        tuple(
            Portion(each.segment, snapshot.segments[each.segment], remaining(each.split, snapshot.disabled))
            for each in route.rules
        ),
        remaining(route.split, snapshot.disabled),
    )


def _lowered(source: Source) -> Source:
    """Field names are compared without case."""
    return Source(source.kind, source.name.lower()) if source.kind == "header" else source


@dataclass(frozen=True, slots=True)
class Shift:
    """What becomes of the callers, as shares of all targeting keys that are looked at."""

    before: Shares
    after: Shares
    moves: Moves

    @property
    def is_still(self) -> bool:
        """Whether nothing shifts."""
        return not self.moves and dict(self.before) == dict(self.after)


def unknown_segments(before: Division, after: Division) -> list[str]:
    """The segments of either that compare something, so that it is not known how many callers they have."""
    rules = (*before.rules, *after.rules)
    return list(dict.fromkeys(rule.segment for rule in rules if any(comparisons(rule.condition))))


def is_keyed_alike(before: Division, after: Division) -> bool:
    """Whether callers keep their targeting keys: a source more or less at the end concerns only those who have none of
    the others."""
    both = min(len(before.sources), len(after.sources))
    return both > 0 and before.sources[:both] == after.sources[:both]


def shift(before: Division, after: Division, *, holding: str | None = None) -> Shift:
    """What becomes of the callers for whom the comparisons of no segment hold, but those of `holding`."""
    old: dict[str, Fraction] = {}
    new: dict[str, Fraction] = {}
    moved: dict[tuple[str, str], Fraction] = {}
    for (left, right), share in _crowds(before, after, holding).items():
        splits = before.split_at(left), after.split_at(right)
        _add(old, shares(splits[0]), share)
        _add(new, shares(splits[1]), share)
        _add(moved, _moves(before, after, *splits), share)
    return Shift(old, new, moved)


def _moves(before: Division, after: Division, old: Split, new: Split) -> Moves:
    """Without a targeting key every call is drawn anew, so nobody belongs to a variant, and nobody moves."""
    if not before.sources or not after.sources:
        return {}
    if before.salt == after.salt and is_keyed_alike(before, after):
        return moves(old, new)
    return independent_moves(old, new)


def _add(totals: dict[Key, Fraction], more: Mapping[Key, Fraction], share: Fraction) -> None:
    for key, each in more.items():
        totals[key] = totals.get(key, Fraction(0)) + share * each


Crowds = dict[tuple[int, int], Fraction]
"""Shares of the callers by the rule that takes them before and after."""


def _crowds(before: Division, after: Division, holding: str | None) -> Crowds:
    """Segment by segment, since the hashes of different segments are independent."""
    crowds = {(len(before.rules), len(after.rules)): Fraction(1)}
    for segment in dict.fromkeys(rule.segment for rule in (*before.rules, *after.rules)):
        places = before.position(segment), after.position(segment)
        crowds = _divided(crowds, places, list(_cells(before, after, segment, compared=segment == holding)))
    return crowds


Cell = tuple[Fraction, bool, bool]
"""A share of the callers, and whether a segment's condition holds for them before, and after."""


def _divided(crowds: Crowds, places: tuple[int, int], cells: list[Cell]) -> Crowds:
    divided: Crowds = {}
    for (left, right), share in crowds.items():
        for part, held, holds in cells:
            crowd = min(left, places[0]) if held else left, min(right, places[1]) if holds else right
            divided[crowd] = divided.get(crowd, Fraction(0)) + share * part
    return divided


def _cells(before: Division, after: Division, segment: str, *, compared: bool) -> Iterator[Cell]:
    old, new = before.conditions(segment), after.conditions(segment)
    if is_keyed_alike(before, after):
        for start, length in _stretches([*old, *new]):
            yield length, _holds(old, start, compared), _holds(new, start, compared)
        return
    for start, length in _stretches(old) if before.sources else _UNKEYED:
        for other, width in _stretches(new) if after.sources else _UNKEYED:
            yield length * width, _holds(old, start, compared), _holds(new, other, compared)


_UNKEYED = [(Fraction(1), Fraction(1))]
"""Without a key no share holds, however large: as if every hash fell on the line's very end."""


def _stretches(conditions: list[Condition]) -> Iterator[tuple[Fraction, Fraction]]:
    """The stretches of the line that a segment's hash falls on, each with the same outcome: start, length."""
    edges = sorted({Fraction(0), Fraction(1), *(edge for each in conditions for edge in _edges(each))})
    for start, end in pairwise(edges):
        yield start, end - start


def _edges(condition: Condition) -> Iterator[Fraction]:
    if isinstance(condition, Share):
        yield Fraction(condition.fraction)
    for part in parts(condition):
        yield from _edges(part)


def _holds(conditions: list[Condition], at: Fraction, compared: bool) -> bool:
    return any(_holds_at(each, at, compared) for each in conditions)


def _holds_at(condition: Condition, at: Fraction, compared: bool) -> bool:
    """Whether it holds for a hash: with all comparisons as the segment wants them, or with none."""
    match condition:
        case Test():
            return compared
        case Share(fraction=share):
            return at < share
        case Not(condition=inner):
            return not _holds_at(inner, at, not compared)
        case All(conditions=inner_parts):
            return all(_holds_at(part, at, compared) for part in inner_parts)
    return any(_holds_at(part, at, compared) for part in condition.conditions)
