"""Assumptions: what a plan's shares rest on, and which effects they cannot show, in words.

It decides when something has to be said. It must not know how shares are reckoned.
"""

from collections.abc import Iterator, Set

from gateway.core.assignment import positive
from gateway.core.describe import source_words
from gateway.core.division import Division, is_keyed_alike, unknown_segments
from gateway.core.model import Source
from gateway.core.same import same


def unseen(before: Division, after: Division) -> list[str]:
    """Effects on callers that no shares show. Where only one variant is left to go to, there are none."""
    if len(_variants(before) | _variants(after)) < 2:
        return []
    return [*_changed_keys(before, after), *_changed_segments(before, after), *_changed_order(before, after)]


def basis(before: Division, after: Division, disabled: Set[str]) -> list[str]:
    """What the shares rest on; `disabled` are those of the snapshot to come."""
    return [*_afresh(before, after), *_unknown(before, after), *_exhausted(after, disabled)]


def _variants(each: Division) -> set[str]:
    return {name for split in (*(rule.split for rule in each.rules), each.split) for name, _ in positive(split)}


def _changed_keys(before: Division, after: Division) -> Iterator[str]:
    if not before.sources and after.sources:
        yield "every call was drawn at random for want of a targeting key; from now on each key has one variant"
    elif before.sources and not after.sources:
        yield "without a targeting key every call is drawn at random, so nobody keeps a variant"
    elif is_keyed_alike(before, after) and before.sources != after.sources:
        both = min(len(before.sources), len(after.sources))
        gained, lost = after.sources[both:], before.sources[both:]
        verb, some = ("gains", gained) if gained else ("loses", lost)
        yield f"the targeting key {verb} {_listed(some)}: callers who have none of its other sources are not counted"


def _listed(sources: tuple[Source, ...]) -> str:
    return ", ".join(source_words(source) for source in sources)


def _changed_segments(before: Division, after: Division) -> Iterator[str]:
    old, new = ({rule.segment: rule.condition for rule in each.rules} for each in (before, after))
    for name in unknown_segments(before, after):
        if name in old and name in new and not same(old[name], new[name]):
            yield f"segment {name} changes: how many callers it gains and loses is not known"


def _changed_order(before: Division, after: Division) -> Iterator[str]:
    """Between two segments of unknown size; a share's part of such a segment is reckoned."""
    unknown = unknown_segments(before, after)
    old, new = ([rule.segment for rule in each.rules if rule.segment in unknown] for each in (before, after))
    if [name for name in old if name in new] != [name for name in new if name in old]:
        yield f"the order of rules changes: callers of more than one of segments {', '.join(unknown)} are not counted"


def _afresh(before: Division, after: Division) -> Iterator[str]:
    if not before.sources and not after.sources:
        yield "the route has no targeting key: every call is drawn at random, so nobody has a variant to be moved from"
    elif before.sources and after.sources:
        if not is_keyed_alike(before, after):
            yield "the targeting key changes: everybody is assigned afresh, independently of before"
        elif before.salt != after.salt:
            yield "the salt changes: everybody is assigned afresh, independently of before"


def _unknown(before: Division, after: Division) -> Iterator[str]:
    names = unknown_segments(before, after)
    if not names:
        return
    listed = f"segment{'s' if len(names) > 1 else ''} {', '.join(names)}"
    yield f"how many callers the comparisons of {listed} hold for is not known: the shares are of all the others"
    if len(names) > 1:
        yield "the shares of a segment's callers are of those for whom no other of these segments' comparisons hold"


def _exhausted(after: Division, disabled: Set[str]) -> Iterator[str]:
    for name in sorted(_variants(after) & disabled):
        yield f"{name} is disabled and a split has no other left: its callers go to the fallback"
