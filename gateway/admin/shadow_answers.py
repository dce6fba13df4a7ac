"""The shapes of the admin API's answers about shadows.

It decides names and forms. It must not know how the facts come to be.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from gateway.admin.answers import Answer


class Excess(Answer):
    """By how much the mismatch rate is above the noise rate, with bounds that hold however often they are read."""

    rate: float | None
    """Null while either rate is unknown."""
    low: float | None
    high: float | None


class Cells(Answer):
    """Pairs whose live variant was asked once more, by what differed from the live answer."""

    neither: int
    noise_only: int
    """Its own second answer."""
    shadow_only: int
    both: int


class Row(Answer):
    """One path in the answers, every index as [*], and one kind of difference there."""

    path: str
    kind: str
    """value, type, missing, extra, order or length; any where paths are put together."""
    mismatched: int
    noisy: int
    """Noise pairs that differ there."""
    mismatch_rate: float | None
    noise_rate: float | None
    excess: Excess
    text: str
    """All of it in a sentence."""


class ShadowReport(Answer):
    """What was found of one shadow in one period."""

    route: str
    variant: str
    period: int
    """Grows with time."""
    since: datetime
    until: datetime | None
    """When the next period began; null for the present one."""
    who: str
    """Who began it: the name of a token, or "gateway"."""
    why: str
    """Why it began."""
    verdict: Literal["differs", "no_difference", "undecided", "nothing_compared"]
    text: str
    """The verdict in a sentence."""
    requests: int
    """Requests that could have been sampled."""
    sampled: int
    """compared + ignored + errors + dropped + pending."""
    achieved_sample: float | None
    """The share of requests that were sampled; null of nothing."""
    pending: int
    """Sampled requests of which it is not known yet what comes of them."""
    compared: int
    """matched + mismatched."""
    matched: int
    mismatched: int
    ignored: int
    ignored_reasons: Mapping[str, int]
    errors: Mapping[str, int]
    """By reason."""
    dropped: Mapping[str, int]
    """By reason."""
    noise_pairs: int
    mismatch_rate: float | None
    noise_rate: float | None
    """Null without noise pairs."""
    excess: Excess
    cells: Cells
    latency: Mapping[str, Mapping[str, float]]
    """live and shadow: p50, p90 and p99 in seconds; empty without replies."""
    paths: list[Row]
    """Most excess first."""
    paths_left_out: int
    """As many more differ."""


class ShadowReports(Answer):
    """In the order of the configuration."""

    items: list[ShadowReport]


class ShadowPeriods(Answer):
    """The newest first."""

    items: list[ShadowReport]
    next: int | None
    """Ask with before=NEXT for older ones; null where there are none."""


class KeptRequest(Answer):
    """A request without its credentials."""

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: str | None
    """As text, without its content coding; null where it is no text."""
    body_base64: str | None
    """As it came, where it is no text."""


class KeptReply(Answer):
    """A variant's complete reply."""

    variant: str
    version: str
    status: int
    seconds: float
    headers: list[tuple[str, str]]
    body: str | None
    """As text, without its content coding; null where it is no text."""
    body_base64: str | None
    """As it came, where it is no text."""


class Difference(Answer):
    """One place where the replies differ."""

    path: str
    """Such as $.scores[3]; status, content-type or body for what is no JSON."""
    kind: str
    live: str
    """The value there as JSON text, cut after 200 characters; empty where there is none."""
    shadow: str


class Mismatch(Answer):
    """A request whose replies differ."""

    number: int
    """Grows with time."""
    period: int
    request_id: str
    time: datetime
    """When the request began."""
    revision: int
    """In force then."""
    request: KeptRequest
    live: KeptReply
    shadow: KeptReply
    differences: list[Difference]
    """The first 100."""


class Mismatches(Answer):
    """The newest first."""

    items: list[Mismatch]
    next: int | None
    """Ask with before=NEXT for older ones; null where there are none."""
