"""Undoing: what takes a change back that no worker can take.

It decides what the records then say: revisions are only ever added, so the one before comes back under a new number. It
must not know who keeps or serves it.
"""

from dataclasses import replace
from datetime import datetime

from gateway.control.naming import GATEWAY
from gateway.control.standing import Standing
from gateway.core.records import Change, Revision


def undo(before: Standing, after: Standing, *, now: datetime) -> tuple[Standing, Change]:
    """What follows `after` and is as `before`, and what of it is to be kept."""
    revision = _again(before.revision, after.revision.number, now)
    base = replace(before.base, revision=revision.number, serial=after.base.serial + 1)
    change = Change(
        revision=revision if revision is not before.revision else None,
        set=tuple(each for each in before.overrides if after.find(each.key) != each),
        ended=tuple(each.key for each in after.overrides if before.find(each.key) is None),
    )
    return replace(before, revision=revision, base=base, taken=after.taken), change


def _again(revision: Revision, number: int, now: datetime) -> Revision:
    if revision.number == number:
        return revision
    message = f"takes back revision {number}"
    return replace(revision, number=number + 1, author=GATEWAY, message=message, time=now, origin="restore")
