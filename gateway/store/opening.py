"""Opening: a database is brought to the present tables before it is used.

It decides that one process migrates at a time, and that a database of a newer gateway is left alone.
"""

from sqlalchemy import Connection, Engine, inspect, text

from gateway.store.database import WRITING, Database
from gateway.store.errors import StoreError
from gateway.store.tables import VERSION, VERSION_TABLE


def prepare(engine: Engine, database: Database) -> None:
    """Makes or migrates the tables; StoreError for a database that is newer than this gateway."""
    with engine.begin() as connection:
        if _version(connection) == VERSION:
            return
    # large, and seldom needed; loaded before others are shut out
    from gateway.store.migrate import to_newest  # noqa: PLC0415

    with engine.execution_options(**{WRITING: True}).begin() as connection:
        if _is_behind(connection, database.name):
            database.unbind(connection)
            to_newest(connection)


def _is_behind(connection: Connection, name: str) -> bool:
    found = _version(connection)
    if found is not None and found > VERSION:
        raise StoreError(
            f"{name}: written by a newer gateway (version {found} of the tables, this one knows {VERSION}); "
            "install that one again"
        )
    return found != VERSION


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608
    return found
