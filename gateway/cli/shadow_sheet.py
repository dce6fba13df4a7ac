"""What was found of a shadow, for a person: the verdict first, then the numbers it rests on.

It decides what stands where. It must not know how it is asked for.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from gateway.cli import sheet
from gateway.cli.api import Document
from gateway.cli.side_by_side import Line, beside, lines

INDENT = "  "
_STYLES = {"differs": "red", "no_difference": "green", "undecided": "yellow", "nothing_compared": "yellow"}
_PATHS = ("PATH", "DIFFERENCE", "DIFFER", "NOISE", "BEYOND NOISE")
_LATENCY = ("LATENCY", "P50", "P90", "P99")
_DIFFERENCES = ("PATH", "DIFFERENCE", "LIVE", "SHADOW")
_LONGEST_PATH = 60
_MOST_DIFFERENCES = 10
_LONGEST_VALUE = 30


def report(found: Document, now: datetime, *, paths: int) -> Iterator[Line]:
    """One shadow, with so many paths."""
    yield f"route {found['route']}, shadow {found['variant']}", "bold"
    yield f"{INDENT}{found['text']}", _STYLES[found["verdict"]]
    yield f"{INDENT}{_compared(found, now)}", ""
    yield from ((f"{INDENT}{text}", style) for text, style in _not_compared(found))
    if any(found["latency"].values()):
        yield from _table([_LATENCY, *_latency(found)])
    if found["paths"]:
        yield from _table([_PATHS, *(_path(each) for each in found["paths"][:paths])])
        left_out = found["paths_left_out"] + len(found["paths"][paths:])
        if left_out:
            yield f"{INDENT}and {left_out} more", "dim"


def earlier(found: Document) -> Iterator[Line]:
    """One shadow in a period that is over."""
    until = sheet.clock(found["until"]) if found["until"] else "the end"
    yield f"period {found['period']}: {sheet.clock(found['since'])} to {until}; it began because {found['why']}", "bold"
    yield f"{INDENT}{found['text']}", _STYLES[found["verdict"]]
    yield from ((f"{INDENT}{text}", style) for text, style in _not_compared(found))


def mismatch(found: Document, *, width: int) -> Iterator[Line]:
    """One request with both answers side by side."""
    asked, live, shadow = found["request"], found["live"], found["shadow"]
    query = f"?{asked['query']}" if asked["query"] else ""
    yield f"{asked['method']} {asked['path']}{query}, {sheet.clock(found['time'])}, {found['request_id']}", "bold"
    shown = found["differences"][:_MOST_DIFFERENCES]
    if shown:
        yield from _table([_DIFFERENCES, *(_difference(each) for each in shown)])
    if len(found["differences"]) > len(shown):
        yield f"{INDENT}and {len(found['differences']) - len(shown)} more", "dim"
    yield "", ""
    heads = [_head(live), _head(shadow)]
    yield from beside([heads[0], *_body(live)], [heads[1], *_body(shadow)], width=width)


def _compared(found: Document, now: datetime) -> str:
    share = found["achieved_sample"]
    sample = "" if share is None else f", {sheet.share(share)} of {found['requests']:,} requests"
    since = f"since {sheet.clock(found['since'])} ({sheet.ago(found['since'], now)})"
    return f"compared {found['compared']:,} of {found['sampled']:,} sampled{sample}, {since}"


def _not_compared(found: Document) -> Iterator[Line]:
    """What became of the others, where there are any."""
    for name, reasons, style in (
        ("ignored", found["ignored_reasons"], ""),
        ("errors", found["errors"], "red"),
        ("dropped", found["dropped"], "yellow"),
    ):
        if reasons:
            said = ", ".join(f"{reason} {count:,}" for reason, count in reasons.items())
            yield f"{name} {sum(reasons.values()):,}: {said}", style
    if found["pending"]:
        yield f"pending {found['pending']:,}", ""


def _latency(found: Document) -> Iterator[tuple[str, ...]]:
    for side, quantiles in found["latency"].items():
        yield side, *(sheet.quick(quantiles[name]) if name in quantiles else "-" for name in ("p50", "p90", "p99"))


def _path(row: Document) -> tuple[str, ...]:
    differ = f"{row['mismatched']:,} ({_rate(row['mismatch_rate'])})"
    noise = "-" if row["noise_rate"] is None else f"{row['noisy']:,} ({_rate(row['noise_rate'])})"
    return _cut(row["path"], _LONGEST_PATH), row["kind"], differ, noise, _excess(row["excess"])


def _excess(found: Mapping[str, float | None]) -> str:
    """The rate with its bounds; bounds alone where the noise is not known."""
    rate, low, high = found["rate"], found["low"], found["high"]
    if low is None or high is None:
        return "-"
    bounds = f"{low:.1%} to {high:.1%}"
    return (bounds if rate is None else f"{rate:.1%} ({bounds})").replace("%", " %")


def _rate(rate: float | None) -> str:
    return "-" if rate is None else sheet.share(rate)


def _difference(found: Document) -> tuple[str, ...]:
    values = (_cut(found[side] or "-", _LONGEST_VALUE) for side in ("live", "shadow"))
    return _cut(found["path"], _LONGEST_PATH), found["kind"], *values


def _head(reply: Document) -> str:
    version = f" {reply['version']}" if reply["version"] else ""
    return f"{reply['variant']}{version}: {reply['status']} in {sheet.quick(reply['seconds'])}"


def _body(reply: Document) -> list[str]:
    if reply["body"] is None:
        return [f"(no text: {len(reply['body_base64']) * 3 // 4:,} bytes)"]
    return lines(reply["body"])


def _table(rows: list[tuple[str, ...]]) -> Iterator[Line]:
    yield "", ""
    yield from ((line, "") for line in sheet.columns(rows, indent=INDENT))


def _cut(text: str, width: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 3]}..."
