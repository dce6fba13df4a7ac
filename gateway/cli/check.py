"""`gateway check`: is this file a configuration the gateway would serve?"""

from pathlib import Path

import click

from gateway.cli import terminal
from gateway.cli.faulty import place
from gateway.cli.loading import CONFIGURATION, load, warn
from gateway.config.load import Configuration

EXAMPLES = """\b
Examples:
  gateway check gateway.yaml
  gateway check gateway.yaml --json | jq -r '.error.faults[].message'
  gateway check /dev/stdin < gateway.yaml
"""


@click.command(epilog=EXAMPLES)
@click.argument("file", type=CONFIGURATION)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on standard output.")
def command(file: Path, as_json: bool) -> None:
    """Check the configuration in FILE.

    Every fault is printed as FILE:LINE:COLUMN: path: what is wrong, and what is allowed. Warnings point at what is
    probably not meant; they do not fail the check.

    The exit code is 0 for a configuration that can be served, 1 for one with faults.
    """
    configuration = load(file, as_json=as_json)
    if as_json:
        terminal.document(_summary(configuration))
        return
    warn(configuration, file)
    terminal.result(f"{file}: ok, {_counts(configuration)}", style="green")


def _summary(configuration: Configuration) -> dict[str, object]:
    snapshot = configuration.snapshot
    return {
        "ok": True,
        "routes": list(snapshot.routes),
        "variants": list(snapshot.variants),
        "warnings": [place(warning) for warning in configuration.warnings],
    }


def _counts(configuration: Configuration) -> str:
    snapshot = configuration.snapshot
    counts = {"route": len(snapshot.routes), "variant": len(snapshot.variants), "warning": len(configuration.warnings)}
    return ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items() if count)
