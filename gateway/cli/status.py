"""`gateway status`: what is in force and how it goes, on one screen, trouble first."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import click

from gateway.cli import decisions, outcomes, sheet, terminal
from gateway.cli.api import Api, ApiError, Document
from gateway.cli.options import asks
from gateway.cli.states import state
from gateway.config.faults import Fault

Line = tuple[str, str]
"""Text and style."""

ROUTES = ("ROUTE", "REQ/S", "SPLIT", "FALLBACK")
VARIANTS = ("VARIANT", "STATE", "REQ/S", "ERRORS", "IN FLIGHT", "P50", "P90", "P99", "ENDPOINTS", "VERSION")
INDENT = "  "
_STYLES = {"ok": "", "degraded": "yellow", "disabled": "yellow"}

EXAMPLES = """\b
Examples:
  gateway status
  gateway status --json | jq '.variants["fraud-4"].error_rate'
  watch -n 2 gateway status
"""


@click.command(epilog=EXAMPLES)
@asks
def command(api: Api, as_json: bool) -> None:
    """Show what is in force and how it goes: revision, overrides, routes, variants, workers.

    What needs attention stands first and is coloured. Rates are of the last ten seconds.
    """
    status = api.get("status")
    if as_json:
        terminal.document(status)
        return
    for text, style in _screen(status, _revision(api, status), datetime.now(UTC)):
        terminal.result(text, style=style)


def _revision(api: Api, status: Document) -> str:
    """The revision in force with its author; without where the store cannot tell."""
    number = status["revision"]
    try:
        return outcomes.revision(api.get("revisions", number))
    except ApiError:
        return f"revision {number}"


def _screen(status: Document, revision: str, now: datetime) -> Iterator[Line]:
    yield f"{revision}; in force", "bold"
    yield from _warnings(status)
    if status["overrides"]:
        yield from _section("overrides", decisions.table(status["overrides"], now, indent=INDENT), "yellow")
    yield from _section("routes", sheet.columns([ROUTES, *_routes(status)], indent=INDENT))
    yield "", ""
    yield "variants", "bold"
    yield from _variants(status)
    yield "", ""
    yield from _workers(status)


def _section(name: str, lines: Iterable[str], style: str = "") -> Iterator[Line]:
    yield "", ""
    yield name, "bold"
    yield from ((line, style) for line in lines)


def _warnings(status: Document) -> Iterator[Line]:
    if not status["kept"]:
        yield (
            "NOT KEPT: the store cannot be written; what was changed since is in force, and written when it can be",
            "red",
        )
    file = status["file"]
    if file["faults"]:
        yield "FILE REFUSED: the configuration file has faults, and the revision above stays in force", "red"
        yield from ((f"{INDENT}{Fault(**fault)}", "red") for fault in file["faults"])
    elif file["differs"]:
        yield "FILE DIFFERS: the configuration file is not what is in force", "yellow"


def _routes(status: Document) -> Iterator[tuple[str, ...]]:
    for name, route in status["routes"].items():
        split = sheet.weights(route["split"])
        yield name, f"{route['requests_per_second']:.1f}", split, ", ".join(route["fallback"]) or "none"


def _variants(status: Document) -> Iterator[Line]:
    """Those in trouble first."""
    named = sorted(status["variants"].items(), key=lambda item: state(item[1]) == "ok")
    lines = sheet.columns([VARIANTS, *(_variant(name, each) for name, each in named)], indent=INDENT)
    styles = ["", *(_STYLES.get(state(each), "red") for _, each in named)]
    yield from zip(lines, styles, strict=True)


def _variant(name: str, each: Document) -> tuple[str, ...]:
    latency = [sheet.quick(each["latency"][key]) if key in each["latency"] else "-" for key in ("p50", "p90", "p99")]
    available = sum(endpoint["available"] for endpoint in each["endpoints"])
    rates = f"{each['requests_per_second']:.1f}", sheet.share(each["error_rate"]), str(each["in_flight"])
    return name, state(each), *rates, *latency, f"{available} of {len(each['endpoints'])}", each["version"]


def _workers(status: Document) -> Iterator[Line]:
    """One line where all is well; else each that is not as it should be."""
    workers, number = status["workers"], status["revision"]
    odd = [each for each in workers if each["draining"] or each["revision"] != number]
    yield f"{len(workers)} worker{'' if len(workers) == 1 else 's'}, {len(workers) - len(odd)} on revision {number}", ""
    for each in odd:
        what = "draining" if each["draining"] else f"on revision {each['revision']}"
        yield f"{INDENT}worker {each['index']} (process {each['pid']}): {what}", "yellow"
