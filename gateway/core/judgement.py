"""What the comparison of two replies found. Plain data; how replies are compared is decided elsewhere."""

from typing import Literal, NamedTuple

Kind = Literal["value", "type", "missing", "extra", "order", "length"]
"""`missing` and `extra` are seen from the live reply: the shadow's lacks it, or has it beyond."""


class Difference(NamedTuple):
    """One place where the replies differ."""

    path: str
    """Exact: `$.scores[3].x`; `status`, `content-type` or `body` for what is no JSON."""
    kind: Kind
    live: str
    """The value there as JSON text, at most 200 characters; empty where there is none."""
    shadow: str


class Judgement(NamedTuple):
    """Two replies, judged."""

    outcome: Literal["matched", "mismatched", "ignored"]
    why: str = ""
    """A fixed word where the outcome is `ignored`, else empty."""
    differences: tuple[Difference, ...] = ()
    """The first 100."""
    folded: frozenset[tuple[str, str]] = frozenset()
    """Of all differences, at most 200: the path with every index as `[*]`, and the kind."""
