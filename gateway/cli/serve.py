"""`gateway serve`: from a configuration file to a running gateway."""

from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.cli import faulty, terminal
from gateway.cli.loading import CONFIGURATION, warn
from gateway.config.faults import ConfigError
from gateway.control.start import begin
from gateway.serve import serve

EXAMPLES = """\b
Examples:
  gateway serve --config gateway.yaml
  gateway check gateway.yaml && gateway serve --config gateway.yaml
  gateway serve --config gateway.yaml --last-good
"""


@click.command(epilog=EXAMPLES)
@click.option("--config", "-c", "file", type=CONFIGURATION, required=True, help="The configuration file.")
@click.option("--last-good", is_flag=True, help="Where FILE has faults, serve by the newest revision.")
@click.option("--store", metavar="URL", help="Where --last-good finds it, if not in gateway.db beside FILE.")
def command(file: Path, last_good: bool, store: str | None) -> None:
    """Start the gateway with the configuration in FILE.

    The newest revision is in force, unless FILE has changed since it was last taken. A file with faults ends the start:
    each fault is printed and the exit code is 1. SIGTERM drains and ends with 0; so does SIGINT (Ctrl-C), and a second
    one ends at once. SIGHUP looks at FILE now; it is looked at twice a second anyway.
    """
    try:
        start = begin(file, store, last_good=last_good, now=datetime.now(UTC))
    except ConfigError as error:
        faulty.show(error.faults, str(file))
        raise click.exceptions.Exit(1) from None
    warn(start.configuration, file)
    for said in start.told:
        terminal.message(said, style="yellow")
    serve(start.standing)
