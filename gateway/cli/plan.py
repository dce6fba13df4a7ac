"""`gateway plan`: what a configuration would change, before it does."""

from pathlib import Path

import click

from gateway.cli import plans, terminal
from gateway.cli.api import Api
from gateway.cli.loading import CONFIGURATION, load
from gateway.cli.options import asks
from gateway.core.plan import Plan, plan
from gateway.core.plan_words import as_document

WOULD_CHANGE = 3

EXAMPLES = """\b
Examples:
  gateway plan gateway.yaml
  gateway plan new.yaml --against gateway.yaml
  gateway plan new.yaml --exit-code || echo 'something would change, or it has faults'
"""


@click.command(epilog=EXAMPLES)
@click.argument("new", type=CONFIGURATION)
@click.option("--against", "old", type=CONFIGURATION, metavar="OLD", help="Another file, in place of a gateway.")
@click.option("--exit-code", "tells", is_flag=True, help="End with 3 where something would change.")
@asks
def command(api: Api, as_json: bool, *, new: Path, old: Path | None, tells: bool) -> int:
    """Show what the configuration in NEW would change, and who would move.

    Without --against the running gateway is asked, with all overrides that are in force. Nothing is changed. Faults
    of NEW are printed as `gateway check` prints them; the exit code is then 1.
    """
    if old is not None:
        found = plan(load(old, as_json=as_json).snapshot, load(new, as_json=as_json).snapshot)
        _show(found, as_document(found), as_json=as_json)
    else:
        with plans.printed_faults(str(new), as_json=as_json):
            document, _ = plans.planned(api, plans.text_of(new))
        found = plans.read(document)
        _show(found, document, as_json=as_json)
    return WOULD_CHANGE if tells and not found.is_empty else 0


def _show(found: Plan, document: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        terminal.document(document)
    else:
        plans.show(found)
