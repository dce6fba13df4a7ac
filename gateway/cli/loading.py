"""A configuration file for a command: loaded, or every fault printed and the command ended with 1."""

from pathlib import Path

import click

from gateway.cli import terminal
from gateway.config.faults import ConfigError, Fault
from gateway.config.load import Configuration, load_file

CONFIGURATION = click.Path(path_type=Path)


def load(file: Path, *, as_json: bool = False) -> Configuration:
    """The configuration in `file`; with faults, `click.exceptions.Exit` after they were printed."""
    try:
        return load_file(file)
    except ConfigError as error:
        _refuse(error, file, as_json=as_json)
        raise click.exceptions.Exit(1) from None


def _refuse(error: ConfigError, file: Path, *, as_json: bool) -> None:
    if as_json:
        terminal.document({"error": _error(error)})
        return
    for fault in error.faults:
        terminal.message(fault.at(str(file)), style="red")


def _error(error: ConfigError) -> dict[str, object]:
    count = "1 fault" if len(error.faults) == 1 else f"{len(error.faults)} faults"
    return {"code": "invalid_config", "message": count, "faults": [place(fault) for fault in error.faults]}


def place(fault: Fault) -> dict[str, object]:
    """One fault or warning for machines."""
    return {"line": fault.line, "column": fault.column, "path": fault.path, "message": fault.message}


def warn(configuration: Configuration, file: Path) -> None:
    """The warnings, as lines on standard error."""
    for warning in configuration.warnings:
        terminal.message(f"{warning.at(str(file))}", style="yellow")
