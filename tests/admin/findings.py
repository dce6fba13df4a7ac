"""What was found of a shadow: reports and mismatches as control gives them, made of real tallies."""

from datetime import UTC, datetime, timedelta

from gateway.admin.operations import ShadowReport
from gateway.core.copies import Asked, Observation
from gateway.core.judgement import Difference, Judgement
from gateway.core.pair_document import document
from gateway.core.periods import Found, Period
from gateway.core.report import Counts, Subject
from gateway.core.report import report as whole
from gateway.core.tally import Mismatch, Tally

SINCE = datetime(2026, 1, 31, 12, tzinfo=UTC)
DIFFERENCES = (Difference("$.score", "value", "0.25", "0.75"), Difference("$.labels[1]", "missing", '"b"', ""))
DIFFERS = Judgement("mismatched", "", DIFFERENCES, frozenset({("$.score", "value"), ("$.labels[*]", "missing")}))
SAME = Judgement("matched")


def began(number: int) -> datetime:
    """When that period did."""
    return SINCE + timedelta(hours=number)


def report(
    number: int,
    *,
    until: int | None = None,
    who: str = "gateway",
    why: str = "the shadow is new",
    pairs: int = 100,
    noise: bool = True,
) -> ShadowReport:
    """Of so many pairs; every fourth differs."""
    period = Period("fraud", "fraud-4", number, began(number), {}, who, why, began(until) if until else None)
    differing = pairs // 4
    tally = Tally()
    for place in range(pairs):
        judgement = DIFFERS if place < differing else SAME
        tally.add(judgement, 0.004, 0.006)
        if noise:
            tally.add_noise(SAME, judgement)
    counts = Counts(
        requests=10 * pairs,
        sampled=pairs + 9,
        matched=pairs - differing,
        mismatched=differing,
        ignored={"large_reply": 1},
        errors={"timeout": 2},
        dropped={"queue": 5},
    )
    return ShadowReport(period, whole(Subject("fraud", "fraud-4", period.since, noise=0.05), counts, tally), pending=1)


def found(number: int, *, live: bytes = b'{"score": 0.25, "labels": ["a", "b"]}', period: int = 2) -> Found:
    """A mismatch."""
    json = ((b"Content-Type", b"application/json"),)
    shadow = Observation(200, json, b'{"score": 0.75, "labels": ["a"]}', 0.006)
    mismatch = Mismatch(
        request_id=f"request-{number}",
        time=began(number).timestamp(),
        live_variant="fraud-3",
        live_version="3.2.1",
        shadow_variant="fraud-4",
        shadow_version="",
        revision=1,
        serial=1,
        asked=Asked(b"POST", b"/v1/fraud", b"a=1", json, b'{"amount": 4}', f"request-{number}"),
        live=Observation(200, json, live, 0.004),
        shadow=shadow,
        differences=DIFFERENCES,
    )
    kept = document(mismatch)
    return Found("fraud", "fraud-4", number, "run", period, began(number), mismatch.request_id, kept)
