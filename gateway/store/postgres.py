"""PostgreSQL, by psycopg: for several gateways with one store.

It decides how long is waited for a server, and that one writes at a time. The URL is libpq's own business, so all that
PostgreSQL's manual says of it holds.
"""

import re
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from gateway.store.database import WRITING
from gateway.store.errors import StoreError

_ANSWER = "5s"
"""The longest a statement may take, waiting for other writers included."""
_WAITS = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "model-gateway",
}
"""What the URL does not say itself. Seconds, but for the last wait: milliseconds."""
_WRITERS = 0x6D6F64656C  # any number that other programs are not likely to lock by


class Postgres:
    """The database behind a URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    @property
    def name(self) -> str:
        """The host and the database."""
        return "PostgreSQL"

    def connect(self) -> Engine:
        """Connects to nothing yet."""
        try:
            engine = create_engine(
                "postgresql+psycopg://", pool_size=1, max_overflow=0, pool_pre_ping=True, hide_parameters=True
            )
        except ImportError:
            raise StoreError(
                f"{self.name}: the driver is not installed; pip install 'model-gateway[postgres]'"
            ) from None
        event.listen(engine, "do_connect", self._connect)
        event.listen(engine, "begin", _begin)
        return engine

    def _connect(self, _dialect: object, _record: object, args: list[object], options: dict[str, object]) -> None:
        given = parse_qs(urlsplit(self._url).query)
        args[:] = [self._url]
        options |= {name: value for name, value in _WAITS.items() if name not in given}
        options["prepare_threshold"] = None  # a pooler in between may not know prepared statements

    def check(self) -> None:
        """The server itself tells."""

    def why(self, error: Exception) -> str:
        """The server's words, or the client's on a server that is not there."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        words = " ".join(str(cause).split())
        if getattr(cause, "sqlstate", None) is None and not words.startswith("connection"):
            return "its URL cannot be used; characters other than letters and digits in a password are written as %XX"
        return self._without_password(words)

    def _without_password(self, words: str) -> str:
        query = parse_qs(urlsplit(self._url).query).get("password", [])
        for written in (*re.findall(r"^\w+://[^/@:]*:(.*)@", self._url), *query):
            words = words.replace(written, "***").replace(unquote(written), "***")
        return words

    def backup(self, engine: Engine, path: Path) -> None:
        """PostgreSQL has its own ways."""
        raise StoreError(f"{self.name}: a PostgreSQL database is backed up by its own tools, such as pg_dump")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{_ANSWER}'")
    if connection.get_execution_options().get(WRITING):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")
