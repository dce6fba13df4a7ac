"""`gateway overrides`: the decisions taken at run time, on top of the revision."""

from datetime import UTC, datetime

import click

from gateway.cli import decisions, terminal
from gateway.cli.api import Api
from gateway.cli.options import asks

EXAMPLES = """\b
Examples:
  gateway overrides
  gateway overrides --json | jq -r '.items[].subject'
"""


@click.command(epilog=EXAMPLES)
@asks
def command(api: Api, as_json: bool) -> None:
    """List what is disabled, forced or set, by whom, why, and until when."""
    answer = api.get("overrides")
    if as_json:
        terminal.document(answer)
    elif answer["items"]:
        terminal.result("\n".join(decisions.table(answer["items"], datetime.now(UTC))))
    else:
        terminal.message("no overrides: the revision alone decides")
