"""Bringing a database of an older version to the present one.

Loaded only when there is something to migrate: Alembic takes 14 MiB and a quarter of a second.
"""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def to_newest(connection: Connection) -> None:
    """Runs the steps that are missing, within the connection's transaction."""
    config = Config()
    config.set_main_option("script_location", "gateway.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
