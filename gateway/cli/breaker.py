"""`gateway breaker`: a variant's breaker held open or closed, or left to itself."""

import click

from gateway.cli import outcomes, terminal
from gateway.cli.api import Api, Document
from gateway.cli.options import asks, completed, lasting, why
from gateway.cli.states import effective, helpers, one_of

EXAMPLES = """\b
Examples:
  gateway breaker fraud-4 open --why 'moving its database' --for 30m
  gateway breaker fraud-4 closed --why 'its errors are the callers'
  gateway breaker fraud-4 auto
"""
_SAID = {
    "open": "{} gets no live call{}",
    "closed": "{} gets its calls whatever happens{}",
    "auto": "the breaker of {} decides again{}",
}


@click.command(epilog=EXAMPLES)
@click.argument("variant", shell_complete=completed("variants"))
@click.argument("state", type=click.Choice(["open", "closed", "auto"]))
@why(required=False)
@lasting
@asks
def command(  # noqa: PLR0913 - one for each option
    api: Api, as_json: bool, *, variant: str, state: str, why: str, lasts: str | None
) -> None:
    """Hold the breaker of VARIANT open or closed; `auto` leaves it to itself.

    Open, the variant gets no live call, and its callers go to the fallback. Closed, it gets its calls whatever happens.
    It lasts until `auto`, or as long as --for says, and stays through restarts and new revisions. Meanwhile the breaker
    goes on counting: with `auto` it has the state that its own counts give.
    """
    status = api.get("status")
    one_of(status["variants"], "variant", variant)
    if state == "auto" and lasts:
        raise click.UsageError("--for goes with open or closed")
    if state == "open":
        _warn(status, variant)
    body = {"state": state, "reason": why} | ({"expires": lasts} if lasts else {})
    outcome = api.call("PUT", "variants", variant, "breaker", body=body).document
    ends = f" for {lasts}" if lasts else "" if state == "auto" else f"; back with: gateway breaker {variant} auto"
    outcomes.show(outcome, _SAID[state].format(variant, ends), as_json=as_json)


def _warn(status: Document, variant: str) -> None:
    """Say where no other model answers instead of it."""
    for name, route in status["routes"].items():
        if variant in effective(route["split"], status) and not helpers(route, variant, status):
            terminal.message(f"route {name}: no other model answers the callers of {variant}", style="red")
