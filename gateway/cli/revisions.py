"""`gateway revisions`: what was in force when, who put it there, and what it changed."""

import difflib

import click

from gateway.cli import sheet, terminal
from gateway.cli.api import Api, Document
from gateway.cli.options import asks

BEFORE = "before"
_STYLES = {"+": "green", "-": "red", "@": "cyan"}

EXAMPLES = """\b
Examples:
  gateway revisions
  gateway revisions --diff         what the newest changed
  gateway revisions 7              its text, as it was written
  gateway revisions 7 --diff 4     what lies between the two
"""


@click.command(epilog=EXAMPLES)
@click.argument("number", metavar="[REVISION]", type=click.IntRange(min=1), required=False)
@click.option(
    "--diff",
    "other",
    is_flag=False,
    flag_value=BEFORE,
    metavar="[OTHER]",
    help="Show what changed since the revision before, or since OTHER.",
)
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="List so many.")
@click.option("--before", "below", type=click.IntRange(min=1), metavar="REVISION", help="List those before this one.")
@asks
def command(  # noqa: PLR0913 - one for each option
    api: Api, as_json: bool, *, number: int | None, other: str | None, limit: int, below: int | None
) -> None:
    """List the revisions, the newest first; show one, or what it changed.

    With --diff and no REVISION the newest one is compared.
    """
    if number is None and other is None:
        _list(api.get("revisions", limit=limit, before=below), as_json=as_json)
        return
    found = api.get("revisions", _newest(api) if number is None else number)
    if other is not None:
        _compare(_other(api, found["revision"], other), found, as_json=as_json)
    elif as_json:
        terminal.document(found)
    else:
        terminal.message(_heading(found), style="bold")
        terminal.file(found["yaml"])


def _list(page: Document, *, as_json: bool) -> None:
    if as_json:
        terminal.document(page)
        return
    rows = [
        (str(each["revision"]), sheet.clock(each["time"]), each["author"], each["origin"], _message(each))
        for each in page["items"]
    ]
    terminal.result("\n".join(sheet.columns([("REVISION", "TIME", "AUTHOR", "FROM", "MESSAGE"), *rows])))
    if page["next"] is not None:
        terminal.message(f"older ones: gateway revisions --before {page['next']}")


def _message(revision: Document) -> str:
    return str(revision["message"]) + ("" if revision["kept"] else " (not kept yet)")


def _heading(revision: Document) -> str:
    said = f": {revision['message']}" if revision["message"] else ""
    return f"revision {revision['revision']} by {revision['author']}, {sheet.clock(revision['time'])}{said}"


def _newest(api: Api) -> int:
    return int(api.get("revisions", limit=1)["items"][0]["revision"])


def _other(api: Api, number: int, other: str) -> Document | None:
    """What a revision is compared with; None for the first one, before which there was nothing."""
    if other == BEFORE:
        items = api.get("revisions", before=number, limit=1)["items"]
        return api.get("revisions", items[0]["revision"]) if items else None
    if not other.isdecimal():
        raise click.BadParameter(f"{other!r} is not the number of a revision", param_hint="'--diff'")
    return api.get("revisions", other)


def _compare(old: Document | None, new: Document, *, as_json: bool) -> None:
    names = "nothing" if old is None else f"revision {old['revision']}", f"revision {new['revision']}"
    before, after = "" if old is None else old["yaml"], new["yaml"]
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm=""))
    if as_json:
        terminal.document({"from": old and old["revision"], "to": new["revision"], "diff": "\n".join(lines)})
        return
    terminal.message(_heading(new), style="bold")
    for line in lines:
        terminal.result(line, style=_STYLES.get(line[:1], ""))
    if not lines:
        how = "are the same" if before == after else "differ in the ends of lines only"
        terminal.message(f"the texts of {names[0]} and {names[1]} {how}")
