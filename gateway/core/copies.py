"""What goes from a worker to the shadow process and back: a copy of a live request with what was answered, and what
came of it. Plain data; who sends it, and over what, is decided elsewhere.
"""

from typing import Literal, NamedTuple

Fields = tuple[tuple[bytes, bytes], ...]
"""A message's fields in order, names as they came."""


class Asked(NamedTuple):
    """A request as its client sent it. Credentials and the fields of one connection are left out already."""

    method: bytes
    path: bytes
    query: bytes
    """Without the question mark; empty for none."""
    fields: Fields
    body: bytes
    request_id: str


class Observation(NamedTuple):
    """What one variant did with a request: its complete reply. Fields of one connection are left out."""

    status: int
    fields: Fields
    body: bytes
    """As it came: decoded of chunks, but still in its content coding."""
    seconds: float
    """From the last byte of the request to the last byte of the reply."""


class Copy(NamedTuple):
    """A request for a shadow to answer too. `live` is the variant that answered; a copy that probes an open breaker has
    no live side: `live` is empty and `reply` None."""

    number: int
    """Counts up on its link; what came of the copy is told under it."""
    serial: int
    """Of the snapshot that the request was served under."""
    route: str
    variant: str
    live: str
    asked: Asked
    reply: Observation | None
    time: float
    """When the request began, as seconds since 1970."""
    within: float | None = None
    """Seconds that the first byte of a probe's reply may take; None for other copies."""


Outcome = Literal["matched", "mismatched", "ignored", "error", "dropped", "probed", "released"]
"""Of a copy that is compared, one of the first five; of a probe: `probed`, its reply was a good one, `error`, or
`released`, it was never sent."""


class Told(NamedTuple):
    """What came of one copy. `why` is a fixed word for ignored, error and dropped, else empty; `seconds` is how long
    the shadow took, 0 where it did not answer."""

    number: int
    outcome: Outcome
    why: str = ""
    seconds: float = 0.0
