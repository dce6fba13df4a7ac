"""`gateway serve`: from a configuration file to a running gateway."""

from pathlib import Path

import click

from gateway.cli import terminal
from gateway.cli.loading import CONFIGURATION, load, warn
from gateway.serve import serve

EXAMPLES = """\b
Examples:
  gateway serve --config gateway.yaml
  gateway check gateway.yaml && gateway serve --config gateway.yaml
"""


@click.command(epilog=EXAMPLES)
@click.option("--config", "-c", "file", type=CONFIGURATION, required=True, help="The configuration file.")
def command(file: Path) -> None:
    """Start the gateway with the configuration in FILE.

    A file with faults ends the start: each fault is printed and the exit code is 1. SIGTERM drains and ends with 0;
    so does SIGINT (Ctrl-C), and a second one ends at once.
    """
    configuration = load(file)
    warn(configuration, file)
    for notice in configuration.notices:
        terminal.message(notice, style="yellow")
    serve(configuration, file)
