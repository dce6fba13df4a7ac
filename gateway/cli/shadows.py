"""`gateway shadows`: how much a shadow's answers differ from the live ones, beyond noise."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from gateway.cli import shadow_sheet, terminal
from gateway.cli.api import Api, ApiError, Document
from gateway.cli.options import asks, completed
from gateway.cli.side_by_side import Line
from gateway.cli.states import one_of

FEW, MANY = 5, 30
"""Paths that are shown of one among several shadows, and of one alone."""
_WIDEST = 160

EXAMPLES = """\b
Examples:
  gateway shadows
  gateway shadows fraud fraud-5                  with a pair of answers side by side
  gateway shadows fraud fraud-5 --mismatches 3
  gateway shadows fraud fraud-5 --reset --why 'new weights'
  gateway shadows fraud fraud-5 --json | jq .excess
"""


@click.command(epilog=EXAMPLES)
@click.argument("route", required=False, shell_complete=completed("routes"))
@click.argument("variant", required=False, shell_complete=completed("variants"))
@click.option("--mismatches", type=click.IntRange(1, 500), metavar="N", help="Show the newest N pairs that differ.")
@click.option("--earlier", is_flag=True, help="Show what was found in earlier periods.")
@click.option("--reset", is_flag=True, help="Start afresh; what was found until now is an earlier period then.")
@click.option("--why", metavar="TEXT", default="", help="With --reset: why; shown in the events.")
@asks
def command(  # noqa: PLR0913 - one for each option
    api: Api,
    as_json: bool,
    *,
    route: str | None,
    variant: str | None,
    mismatches: int | None,
    earlier: bool,
    reset: bool,
    why: str,
) -> None:
    """Show how much the answers of shadows differ from the live ones, beyond what those differ from themselves.

    Of one shadow, with ROUTE and VARIANT, also an example: both answers side by side. Bounds hold however often they
    are looked at.
    """
    if variant is None or route is None:
        if mismatches or earlier or reset:
            raise click.UsageError("--mismatches, --earlier and --reset go with ROUTE and VARIANT")
        _all(api, route, as_json=as_json)
    elif reset:
        _reset(api, route, variant, why=why, as_json=as_json)
    elif earlier:
        _earlier(api, route, variant, as_json=as_json)
    elif mismatches:
        _mismatches(api, route, variant, most=mismatches, as_json=as_json)
    else:
        _one(api, route, variant, as_json=as_json)


def _all(api: Api, route: str | None, *, as_json: bool) -> None:
    routes = api.get("status")["routes"]
    if route is not None:
        one_of(routes, "route", route)
    named = [name for name in routes if routes[name]["shadows"] and route in (None, name)]
    items = [each for name in named for each in api.get("routes", name, "shadows")["items"]]
    if as_json:
        terminal.document({"items": items})
    elif not items:
        terminal.message("no shadows: no route sends copies of its requests to another variant")
    for number, each in enumerate([] if as_json else items):
        if number:
            terminal.result("")
        _print(shadow_sheet.report(each, datetime.now(UTC), paths=FEW))


def _one(api: Api, route: str, variant: str, *, as_json: bool) -> None:
    found = api.get("routes", route, "shadows", variant)
    if as_json:
        terminal.document(found)
        return
    _print(shadow_sheet.report(found, datetime.now(UTC), paths=MANY))
    for each in _example(api, route, variant) if found["mismatched"] else ():
        terminal.result("")
        _print(shadow_sheet.mismatch(each, width=_width()))


def _example(api: Api, route: str, variant: str) -> list[Document]:
    """The newest pair; none where the store cannot tell."""
    try:
        return list(api.get("routes", route, "shadows", variant, "mismatches", limit=1)["items"])
    except ApiError as error:
        terminal.message(f"no example: {error}")
        return []


def _mismatches(api: Api, route: str, variant: str, *, most: int, as_json: bool) -> None:
    found = list(_newest(api, route, variant, most))
    if as_json:
        terminal.document({"items": found})
        return
    if not found:
        terminal.message("no pair that differs is kept")
    for number, each in enumerate(found):
        if number:
            terminal.result("")
        _print(shadow_sheet.mismatch(each, width=_width()))


def _newest(api: Api, route: str, variant: str, most: int) -> Iterator[Document]:
    before, left = None, most
    while left:
        page = api.get("routes", route, "shadows", variant, "mismatches", limit=left, before=before)
        yield from page["items"]
        before, left = page["next"], left - len(page["items"])
        if before is None:
            return


def _earlier(api: Api, route: str, variant: str, *, as_json: bool) -> None:
    page = api.get("routes", route, "shadows", variant, "periods")
    if as_json:
        terminal.document(page)
        return
    if not page["items"]:
        terminal.message("no earlier period: this is the first")
    for each in page["items"]:
        _print(shadow_sheet.earlier(each))


def _reset(api: Api, route: str, variant: str, *, why: str, as_json: bool) -> None:
    found = api.call("DELETE", "routes", route, "shadows", variant, query={"reason": why or None}).document
    if as_json:
        terminal.document(found)
        return
    terminal.result(f"{variant} starts afresh; until now: gateway shadows {route} {variant} --earlier")


def _print(lines: Iterator[Line]) -> None:
    for text, style in lines:
        terminal.result(text, style=style)


def _width() -> int:
    return min(shutil.get_terminal_size((120, 24)).columns, _WIDEST)
