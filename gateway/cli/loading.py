"""A configuration file for a command: loaded, or every fault printed and the command ended with 1."""

from pathlib import Path

import click

from gateway.cli import faulty, terminal
from gateway.config.faults import ConfigError
from gateway.config.load import Configuration, load_file

CONFIGURATION = click.Path(path_type=Path)


def load(file: Path, *, as_json: bool = False) -> Configuration:
    """The configuration in `file`; with faults, `click.exceptions.Exit` after they were printed."""
    try:
        return load_file(file)
    except ConfigError as error:
        if as_json:
            terminal.document(faulty.document(error.faults))
        else:
            faulty.show(error.faults, str(file))
        raise click.exceptions.Exit(1) from None


def warn(configuration: Configuration, file: Path) -> None:
    """The warnings, as lines on standard error."""
    for warning in configuration.warnings:
        terminal.message(f"{warning.at(str(file))}", style="yellow")
