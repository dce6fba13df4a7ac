"""Records: what is kept of changes. Revisions, overrides and events, as immutable data.

Control makes them, the store keeps them, the admin API shows them. Times are aware and UTC. Nothing here decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Origin = Literal["file", "api", "restore"]
"""Where a revision's text came from: the configuration file, a `PUT config`, or an older revision."""

OverrideKind = Literal["variant_disabled", "breaker_forced", "split_set"]


@dataclass(frozen=True, slots=True)
class Revision:
    """One accepted configuration. Numbers begin at 1 and are never given twice."""

    number: int
    text: bytes = field(repr=False)
    author: str
    message: str
    time: datetime
    origin: Origin
    hash: str
    """SHA-256 of the text, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Override:
    """One decision taken at run time, on top of the revision. There is at most one of a kind for a subject."""

    kind: OverrideKind
    subject: str
    """The variant's name, or the route's for `split_set`."""
    who: str
    why: str
    since: datetime
    expires: datetime | None = None
    split: Mapping[str, int] | None = None
    """For `split_set`: variant to weight."""
    rules: Literal["set", "keep"] = "set"
    """For `split_set`: whether the splits of the route's rules are replaced as well."""
    previous: Mapping[str, int] | None = None
    """For `split_set`: the set split before this one; None where the revision's own was in force."""
    state: Literal["open", "closed"] | None = None
    """For `breaker_forced`."""

    @property
    def key(self) -> "OverrideKey":
        """What names it among all."""
        return self.kind, self.subject


OverrideKey = tuple[OverrideKind, str]


@dataclass(frozen=True, slots=True)
class Event:
    """One fact about a change, only ever added. `id` grows by time; `detail` is JSON and holds no secret."""

    id: int
    time: datetime
    kind: str
    subject: str
    who: str
    why: str
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to one webhook; in the outbox until it has arrived or was given up."""

    id: int
    url: str
    event: Event
    tries: int = 0
    due: datetime | None = None
    """When it is tried next; None: at once."""


@dataclass(frozen=True, slots=True)
class Change:
    """What belongs together: kept whole or not at all."""

    revision: Revision | None = None
    set: tuple[Override, ...] = ()
    ended: tuple[OverrideKey, ...] = ()
    events: tuple[Event, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    taken: str = ""
    """The hash of a text of the configuration file that was taken and made no revision, since it was in force."""
