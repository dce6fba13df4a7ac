"""`gateway enable`: a disabled variant that answers again."""

import click

from gateway.cli import outcomes
from gateway.cli.api import Api
from gateway.cli.options import asks, completed, why

EXAMPLES = """\b
Examples:
  gateway enable fraud-4
  gateway enable fraud-4 --why 'fixed in 4.0.1'
"""


@click.command(epilog=EXAMPLES)
@click.argument("variant", shell_complete=completed("variants"))
@why(required=False)
@asks
def command(api: Api, as_json: bool, *, variant: str, why: str) -> None:
    """Let VARIANT answer again: every caller who was moved away comes back."""
    body = {"enabled": True, "reason": why}
    outcome = api.call("PUT", "variants", variant, "enabled", body=body).document
    said = f"{variant} is enabled" if outcome["changed"] else f"{variant} was not disabled"
    outcomes.show(outcome, said, as_json=as_json)
