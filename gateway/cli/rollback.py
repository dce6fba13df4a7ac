"""`gateway rollback`: an earlier revision in force again."""

import click

from gateway.cli import outcomes, plans, terminal
from gateway.cli.api import Api
from gateway.cli.options import asks, yes
from gateway.errors import GatewayError

EXAMPLES = """\b
Examples:
  gateway rollback
  gateway rollback 12 -m 'fraud-4 answers nonsense' --yes
"""


@click.command(epilog=EXAMPLES)
@click.argument("number", metavar="[REVISION]", type=click.IntRange(min=1), required=False)
@click.option("--message", "-m", metavar="TEXT", help="Why; kept with the revision.  [default: back to REVISION]")
@yes
@asks
def command(api: Api, as_json: bool, *, number: int | None, message: str | None, is_sure: bool) -> None:
    """Put an earlier revision in force again: the one before the present, or REVISION.

    The plan is shown, and you are asked. A new revision is made of the old one's text, so nothing is lost, and a
    rollback can be taken back in the same way.
    """
    plans.check_terminal(is_sure=is_sure)
    old = api.get("revisions", _before(api) if number is None else number)
    number = old["revision"]
    terminal.message(f"back to {outcomes.revision(old)}")
    with plans.printed_faults(f"revision {number}", as_json=as_json):
        text = old["yaml"].encode()
        present = plans.agreed(api, text, f"revision {number}", is_sure=is_sure, as_json=as_json)
        outcome = outcomes.changed(
            api, "revisions", number, "restore", match=present, body={}, message=message or f"back to {number}"
        )
    said = f"revision {outcome['revision']} is in force, with the text of revision {number}"
    done = said if outcome["changed"] else f"revision {outcome['revision']} holds that very text already"
    outcomes.show(outcome, done, as_json=as_json)
    outcomes.note_file(api, as_json=as_json)


def _before(api: Api) -> int:
    """The revision before the present one."""
    numbers = [each["revision"] for each in api.get("revisions", limit=2)["items"]]
    if len(numbers) < 2:
        raise GatewayError("there is no earlier revision: nothing was changed since the gateway's first start")
    return int(numbers[1])
