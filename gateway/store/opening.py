"""Opening: a database is brought to the present tables before it is used.

It decides that one process does so at a time, and that a database of a newer gateway is left alone.
"""

from sqlalchemy import Connection, Engine, inspect, select

from gateway.store.database import WRITING, Database
from gateway.store.errors import StoreError
from gateway.store.tables import METADATA, VERSION, VERSION_TABLE, VERSIONS


def prepare(engine: Engine, database: Database) -> None:
    """Makes or migrates the tables; StoreError for a database that is newer than this gateway."""
    with engine.begin() as connection:
        if _version(connection) == VERSION:
            return
    with engine.execution_options(**{WRITING: True}).begin() as connection:
        _bring_up(connection, database)


def _bring_up(connection: Connection, database: Database) -> None:
    found = _version(connection)
    if found is None:
        _make(connection)
    elif found < VERSION:
        # large, and seldom needed
        from gateway.store.migrate import to_newest  # noqa: PLC0415

        database.unbind(connection)
        to_newest(connection)
    elif found > VERSION:
        raise StoreError(
            f"{database.name}: written by a newer gateway (version {found} of the tables, this one knows {VERSION}); "
            "install that one again"
        )


def _make(connection: Connection) -> None:
    """All tables as they are now, where there are none."""
    METADATA.create_all(connection, checkfirst=False)
    VERSIONS.create(connection)
    connection.execute(VERSIONS.insert().values(version_num=VERSION))


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(select(VERSIONS.c.version_num)).scalar()
    return found
