"""`gateway apply`: a configuration put in force, once its plan was seen."""

from pathlib import Path

import click

from gateway.cli import outcomes, plans
from gateway.cli.api import Api
from gateway.cli.options import asks, yes

EXAMPLES = """\b
Examples:
  gateway apply new.yaml -m 'fraud-4 to 10 %'
  gateway apply new.yaml -m "$CI_COMMIT_TITLE" --yes --json
"""


@click.command(epilog=EXAMPLES)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--message", "-m", required=True, metavar="TEXT", help="What it is for; kept with the revision.")
@yes
@asks
def command(api: Api, as_json: bool, *, file: Path, message: str, is_sure: bool) -> None:
    """Put the configuration in FILE in force.

    The plan is shown, and you are asked. What is made is what was shown: where somebody else changed the
    configuration in between, nothing is done, and you are told who did.
    """
    if not message.strip():
        raise click.BadParameter("say in a few words what the change is for", param_hint="'--message'")
    plans.check_terminal(is_sure=is_sure)
    text = plans.text_of(file)
    with plans.printed_faults(str(file), as_json=as_json):
        present = plans.agreed(api, text, str(file), is_sure=is_sure, as_json=as_json)
        outcome = outcomes.changed(api, "config", match=present, body=text, message=message)
    number = outcome["revision"]
    done = f"revision {number} is in force" if outcome["changed"] else f"revision {number} holds this very text already"
    outcomes.show(outcome, done, as_json=as_json)
    outcomes.note_file(api, as_json=as_json)
