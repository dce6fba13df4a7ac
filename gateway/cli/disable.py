"""`gateway disable`: a variant that answers nobody, from now on."""

from collections.abc import Iterator

import click

from gateway.cli import outcomes, plans, sheet, terminal
from gateway.cli.api import Api, Document
from gateway.cli.options import asks, completed, lasting, why, yes
from gateway.cli.states import effective, helpers, one_of

EXAMPLES = """\b
Examples:
  gateway disable fraud-4 --why 'scores are all 1'
  gateway disable fraud-4 --why 'node upgrade' --for 2h
"""


@click.command(epilog=EXAMPLES)
@click.argument("variant", shell_complete=completed("variants"))
@why(required=True)
@lasting
@yes
@asks
def command(  # noqa: PLR0913 - one for each option
    api: Api, as_json: bool, *, variant: str, why: str, lasts: str | None, is_sure: bool
) -> None:
    """Take VARIANT out: its callers go to the rest of each split, and to the fallback where nothing is left.

    Calls in flight end as they began. You are asked only where a route would be left with nobody to answer. It lasts
    until `gateway enable`, or as long as --for says, and stays through restarts and new revisions.
    """
    status = api.get("status")
    one_of(status["variants"], "variant", variant)
    left = list(_consequences(status, variant))
    for line, is_bad in left:
        terminal.message(line, style="red" if is_bad else "")
    if any(is_bad for _, is_bad in left):
        plans.check_terminal(is_sure=is_sure)
        plans.agree(f"Disable {variant} all the same?", is_sure=is_sure)
    body = {"enabled": False, "reason": why} | ({"expires": lasts} if lasts else {})
    outcome = api.call("PUT", "variants", variant, "enabled", body=body).document
    until = f" for {lasts}" if lasts else f"; back with: gateway enable {variant}"
    outcomes.show(outcome, f"{variant} is disabled{until}", as_json=as_json)


def _consequences(status: Document, variant: str) -> Iterator[tuple[str, bool]]:
    """What becomes of the callers of each route's own split, and whether that is bad."""
    for name, route in status["routes"].items():
        before = effective(route["split"], status)
        if variant not in before:
            continue
        after = {each: weight for each, weight in before.items() if each != variant}
        chain = helpers(route, variant, status)
        if after:
            yield f"route {name}: {sheet.weights(before)} -> {sheet.weights(after)}", False
        elif chain:
            yield f"route {name}: only the fallback is left, {', '.join(chain)}", False
        else:
            yield f"route {name}: nobody is left to answer", True
