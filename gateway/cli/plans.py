"""Plans that a running gateway makes: asked for, printed, and agreed to.

It decides what an operator sees before a change and when one is asked. What a plan says is core's.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from gateway.cli import faulty, terminal
from gateway.cli.api import Api, ApiError, Document
from gateway.core.plan import Move, Plan, PlannedChange, RoutePlan
from gateway.core.plan_words import lines
from gateway.errors import GatewayError


def text_of(file: Path) -> bytes:
    """A configuration's text, to be sent."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise GatewayError(f"cannot read {file}: {error.strerror}") from None


@contextmanager
def printed_faults(name: str, *, as_json: bool) -> Iterator[None]:
    """Where the gateway refuses a configuration for its faults: they are printed as `gateway check` prints those of a
    file of that name, and the command ends."""
    try:
        yield
    except ApiError as error:
        if error.code != "invalid_config" or as_json:
            raise
        faulty.show(faulty.found(error.details["faults"]), name)
        raise click.exceptions.Exit(1) from None


def planned(api: Api, text: bytes) -> tuple[Document, int]:
    """The gateway's plan for that text, and the revision it was made against."""
    answer = api.call("POST", "config", "plan", body=text)
    return answer.document, answer.revision or 0


def read(document: Document) -> Plan:
    """The plan that an answer of the admin API shows."""
    return Plan(
        changes=tuple(PlannedChange(each["what"], each["change"]) for each in document["changes"]),
        routes={name: _route(each) for name, each in document["routes"].items()},
        resets=tuple(document["resets"]),
        overrides_ended=tuple((each["kind"], each["subject"]) for each in document["overrides_ended"]),
        overrides_kept=tuple((each["kind"], each["subject"]) for each in document["overrides_kept"]),
        refused=tuple(document["refused"]),
    )


def _route(document: Document) -> RoutePlan:
    return RoutePlan(
        before=document["before"],
        after=document["after"],
        moves=tuple(Move(each["from"], each["to"], each["share"]) for each in document["moves"]),
        assumed=tuple(document.get("assumed", ())),
        segments={name: _route(each) for name, each in document.get("segments", {}).items()},
    )


def show(plan: Plan, *, aside: bool = False) -> None:
    """On standard output, or `aside` where that is for a machine."""
    write = terminal.message if aside else terminal.result
    for line in lines(plan):
        write(line, style="red" if line.startswith("refused") else "")


def agreed(api: Api, text: bytes, what: str, *, is_sure: bool, as_json: bool) -> int:
    """Shows what the text would change and asks; `what` names it. The revision that the plan was made against."""
    document, present = planned(api, text)
    plan = read(document)
    show(plan, aside=as_json)
    if plan.refused:
        settings = ", ".join(plan.refused)
        raise GatewayError(f"{settings} cannot change while the gateway runs: restart it with the new file")
    if not plan.is_empty:
        agree(f"Put {what} in force, in place of revision {present}?", is_sure=is_sure)
    return present


def check_terminal(*, is_sure: bool) -> None:
    """Nobody can be asked without a terminal: then `--yes` must be given."""
    if not is_sure and not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask on: give --yes to make the change without being asked")


def agree(question: str, *, is_sure: bool) -> None:
    """Asks, unless told not to; another answer than yes ends the command, and nothing was changed."""
    if not is_sure and not click.confirm(question, err=True):
        terminal.message("nothing was changed")
        raise click.exceptions.Exit(1)
