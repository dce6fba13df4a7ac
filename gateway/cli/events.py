"""`gateway events`: what happened, who did it, and why."""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime

import click
import orjson

from gateway.cli import decisions, history, sheet, terminal
from gateway.cli.api import Api, Document
from gateway.cli.following import follow
from gateway.cli.history import Since
from gateway.cli.lengths import length
from gateway.cli.options import asks, completed
from gateway.config.events import EVENT_KINDS

PAGE = 500

EXAMPLES = """\b
Examples:
  gateway events --since 12h
  gateway events --variant fraud-4 --since 2026-01-31T22:00:00Z
  gateway events --follow --kind override_set --kind override_ended
  gateway events --follow --json | jq -r .why
"""

HEADINGS = ("TIME", "EVENT", "SUBJECT", "BY", "WHY")
_LINE = "{:20}  {:18}  {:26}  {:12}  {}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are shown: those of any of the kinds, about any of the subjects; empty means all."""

    kinds: frozenset[str]
    subjects: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.kinds or self.subjects)

    def has(self, event: Document) -> bool:
        """Whether the event is one of them."""
        return event["kind"] in (self.kinds or {event["kind"]}) and event["subject"] in (
            self.subjects or {event["subject"]}
        )


def _since(context: click.Context, parameter: click.Parameter, text: str | None) -> Since:
    """An event's number, a length of time back from now, or a time."""
    if text is None:
        return None
    if text.isdecimal():
        return int(text)
    try:
        back = length(text)
        if back is not None:
            return datetime.now(UTC) - back
        when = datetime.fromisoformat(text)
        return when.astimezone(UTC)
    except (ValueError, OverflowError):
        due = "an event's number, a length such as 12h, or a time such as 2026-01-31T22:00:00Z is due"
        raise click.BadParameter(due, context, parameter) from None


@click.command(epilog=EXAMPLES)
@click.option("--follow", "-f", "is_endless", is_flag=True, help="Go on with those to come, until Ctrl-C.")
@click.option("--since", callback=_since, metavar="WHEN", help="After this event, from this time on, or as far back.")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(EVENT_KINDS),
    metavar="KIND",
    multiple=True,
    help="Only those of this kind; repeatable.",
)
@click.option("--route", metavar="ROUTE", shell_complete=completed("routes"), help="Only those about it.")
@click.option("--variant", metavar="VARIANT", shell_complete=completed("variants"), help="Only those about it.")
@click.option("--limit", type=click.IntRange(1, PAGE), default=100, show_default=True, help="The newest so many.")
@asks
def command(  # noqa: PLR0913 - one for each option
    api: Api,
    as_json: bool,
    *,
    is_endless: bool,
    since: Since,
    kinds: tuple[str, ...],
    route: str | None,
    variant: str | None,
    limit: int,
) -> None:
    """Show what happened: changes, reloads, overrides, breakers, the store; who did it, and why.

    Without --since the newest ones, the oldest of them first. With --follow and --json each event is one line.
    """
    subjects = frozenset(f"{kind} {name}" for kind, name in (("route", route), ("variant", variant)) if name)
    wanted = Wanted(frozenset(kinds), subjects)
    if is_endless:
        _follow(api, since, wanted, as_json=as_json)
        return
    items = history.newest(api, limit) if since is None and not wanted else history.after(api, since or 0)
    found = [each for each in items if wanted.has(each)]
    found = found[-limit:] if since is None else found
    if as_json:
        terminal.document({"items": found})
    elif found:
        terminal.result("\n".join(sheet.columns([HEADINGS, *map(_row, found)])))
    else:
        terminal.message("no such events")


def _follow(api: Api, since: Since, wanted: Wanted, *, as_json: bool) -> None:
    for each in follow(api, history.number(api, since), lost=_say_lost):
        if wanted.has(each):
            terminal.result(orjson.dumps(each).decode() if as_json else _LINE.format(*_row(each)).rstrip())
            sys.stdout.flush()


def _say_lost(why: str) -> None:
    terminal.message(f"{why}; trying again", style="yellow")


def _row(event: Document) -> tuple[str, ...]:
    return sheet.clock(event["time"]), event["kind"], _subject(event), event["who"], event["why"]


def _subject(event: Document) -> str:
    """What it is about: of an override, what was decided."""
    subject, detail = event["subject"], event["detail"]
    if "override" in detail:
        return decisions.what({**detail, "kind": detail["override"], "subject": subject.partition(" ")[2]})
    return f"{subject}, revision {detail['revision']}" if detail.get("revision") is not None else subject
