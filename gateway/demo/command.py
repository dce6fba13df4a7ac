"""`gateway demo`: its options."""

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from gateway.demo.show import Options, run

EXAMPLES = """\b
Examples:
  gateway demo
  gateway demo --no-traffic --port 8000
  gateway demo --seconds 30 --plain
"""
PYTHON = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(epilog=EXAMPLES)
@click.option("--port", type=click.IntRange(1, 65535), help="The gateway's port. Default: 8080, or a free one.")
@click.option("--seconds", type=click.FloatRange(min=1), help="End after this long. Default: at Ctrl-C.")
@click.option("--rate", type=click.FloatRange(1, 500), default=50, show_default=True, help="Calls a second.")
@click.option("--traffic/--no-traffic", default=True, help="Send callers, or only start everything.")
@click.option("--plain", is_flag=True, help="Lines in place of a live table, as where the output is no terminal.")
@click.option(
    "--mlserver-python",
    type=PYTHON,
    envvar="GATEWAY_MLSERVER_PYTHON",
    show_envvar=True,
    help="A Python that has mlserver and mlserver-sklearn. Default: .venv-mlserver of the checkout.",
)
def command(**chosen: Any) -> None:
    """Try the gateway with real models on this machine.

    Trains three versions of a digit classifier, serves them with MLServer, puts a gateway before them and sends
    callers through it: 80, 15 and 5 percent, gold callers to version 2. Everything is on 127.0.0.1 and ends with it.
    """
    run(Options(**chosen), Console())
