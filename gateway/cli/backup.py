"""`gateway backup`: a copy of the store, while it is in use."""

from pathlib import Path

import click

from gateway.cli import terminal
from gateway.cli.loading import CONFIGURATION, load
from gateway.errors import GatewayError
from gateway.store.store import Store

EXAMPLES = """\b
Examples:
  gateway backup gateway-$(date +%F).db --config gateway.yaml
  gateway backup /backup/gateway.db --store sqlite:////var/lib/gateway/gateway.db
"""

_SQLITE = "sqlite:///"


@click.command(epilog=EXAMPLES)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--config", "-c", "config", type=CONFIGURATION, help="The configuration file, whose store is copied.")
@click.option("--store", "url", metavar="URL", help="The store, in place of a configuration file.")
def command(file: Path, config: Path | None, url: str | None) -> None:
    """Copy the store of a gateway, which may be running, to FILE: revisions, overrides and events as of now.

    For SQLite. A PostgreSQL database is backed up by its own tools, such as pg_dump.
    """
    if (config is None) == (url is None):
        raise click.UsageError("give either --config FILE or --store URL")
    source = url if config is None else load(config).settings.store.reveal()
    assert source is not None
    _check(source, file)
    store = Store(source)
    store.backup(file)
    store.close()
    terminal.result(f"{file}: {file.stat().st_size} bytes", style="green")


def _check(source: str, file: Path) -> None:
    if source.startswith(_SQLITE) and not Path(source.removeprefix(_SQLITE)).is_file():
        raise GatewayError(f"there is no store at {source.removeprefix(_SQLITE)}; a gateway makes it when it starts")
    if file.exists():
        raise GatewayError(f"{file} exists; name a new file")
