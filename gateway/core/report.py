"""A shadow's report: what was counted of it, the rates, how sure they are, and where its answers differ.

It decides what is told and in which order. Where the counts are kept, and who asks, it must not know.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.core.excess import Excess, Seen, excess
from gateway.core.quantiles import latency
from gateway.core.tally import Place, Tally
from gateway.core.verdict import Verdict, Word, place_text, verdict

MOST_ROWS = 100
"""Of paths in one report; the others are those with the least excess."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Which shadow a report is about, and since when."""

    route: str
    variant: str
    since: datetime
    noise: float
    """The configured share of pairs that become noise pairs."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What came of all requests that could have been sampled."""

    requests: int
    sampled: int
    matched: int
    mismatched: int
    ignored: Mapping[str, int]
    """By reason, as errors and drops are."""
    errors: Mapping[str, int]
    dropped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cells:
    """Pairs whose live variant was asked again, by what differed from the live answer: the shadow's, its own second
    one, both or neither."""

    neither: int
    noise_only: int
    shadow_only: int
    both: int


@dataclass(frozen=True, slots=True)
class Row:
    """One folded path and kind of difference."""

    path: str
    kind: str
    mismatched: int
    noisy: int
    mismatch_rate: float | None
    noise_rate: float | None
    excess: Excess
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that is told of one shadow. Rates are fractions, durations seconds."""

    route: str
    variant: str
    since: datetime
    verdict: Word
    text: str
    """The verdict in a sentence."""
    requests: int
    """That could have been sampled."""
    sampled: int
    achieved_sample: float | None
    """The share of requests that were; None of nothing."""
    compared: int
    matched: int
    mismatched: int
    ignored: int
    ignored_reasons: dict[str, int]
    errors: dict[str, int]
    dropped: dict[str, int]
    noise_pairs: int
    mismatch_rate: float | None
    noise_rate: float | None
    excess: Excess
    cells: Cells
    latency: dict[str, dict[str, float]]
    paths: list[Row]
    """Most excess first."""
    paths_left_out: int
    """As many more differ."""


def report(subject: Subject, counts: Counts, tally: Tally, *, rows: int = MOST_ROWS) -> Report:
    """Counts are the workers' and exact; rates are of the tally's pairs, which may be a moment behind."""
    found = verdict(tally.compared, tally.noise, share=subject.noise)
    places = ordered(tally)
    return Report(
        route=subject.route,
        variant=subject.variant,
        since=subject.since,
        verdict=found.word,
        text=_sentence(found, counts),
        requests=counts.requests,
        sampled=counts.sampled,
        achieved_sample=Seen(counts.requests, counts.sampled).rate,
        compared=counts.matched + counts.mismatched,
        matched=counts.matched,
        mismatched=counts.mismatched,
        ignored=sum(counts.ignored.values()),
        ignored_reasons=_counted(counts.ignored),
        errors=_counted(counts.errors),
        dropped=_counted(counts.dropped),
        noise_pairs=tally.noise.pairs,
        mismatch_rate=tally.compared.rate,
        noise_rate=tally.noise.rate,
        excess=excess(tally.compared, tally.noise),
        cells=Cells(*tally.cells),
        latency={"live": latency(tally.live), "shadow": latency(tally.shadow)},
        paths=[_row(tally, place) for place in places[:rows]],
        paths_left_out=len(places[rows:]),
    )


def _sentence(found: Verdict, counts: Counts) -> str:
    if found.word != "nothing_compared" or not counts.sampled:
        return found.text
    outcomes = {"ignored": counts.ignored, "errors": counts.errors, "dropped": counts.dropped}
    parts = ", ".join(f"{word} {sum(by.values()):,}" for word, by in outcomes.items() if any(by.values()))
    return f"{found.text}: of {counts.sampled:,} sampled {parts}" if parts else found.text


def _counted(reasons: Mapping[str, int]) -> dict[str, int]:
    """Most first, and none that never happened."""
    return {why: count for why, count in sorted(reasons.items(), key=lambda each: (-each[1], each[0])) if count}


def ordered(tally: Tally) -> list[Place]:
    """All places, by excess and then by count, most first."""

    def rank(place: Place) -> tuple[float, float, Place]:
        mismatch, noise = _seen(tally, place)
        return (noise.rate or 0.0) - (mismatch.rate or 0.0), -mismatch.differing, place

    return sorted(tally.places, key=rank)


def _seen(tally: Tally, place: Place) -> tuple[Seen, Seen]:
    mismatched, noisy = tally.places[place]
    return Seen(tally.compared.pairs, mismatched), Seen(tally.noise.pairs, noisy)


def _row(tally: Tally, place: Place) -> Row:
    mismatch, noise = _seen(tally, place)
    mismatched, noisy = tally.places[place]
    return Row(
        *place,
        mismatched=mismatched,
        noisy=noisy,
        mismatch_rate=mismatch.rate,
        noise_rate=noise.rate,
        excess=excess(mismatch, noise),
        text=place_text(*place, mismatch, noise),
    )
