"""PostgreSQL, by psycopg: for several gateways with one store.

It decides how long a server is waited for, and that one gateway writes at a time. The URL is left to libpq, so all that
PostgreSQL's manual says of it holds.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from gateway.store.database import WRITING
from gateway.store.errors import StoreError

_STATEMENT = "4s"
"""The longest a statement may take, waiting for other writers included."""
_WAITS = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""What the URL does not say itself. Seconds, but for the last: milliseconds."""
_WRITERS = 0x6D6F64656C
"""What those who write lock; any number that no other program is likely to use."""
_OF_A_SERVER = ("connection ", "failed to resolve host", "consuming input failed", "sending query", "server closed")
"""How libpq's words begin where they are about a server; others may quote parts of the URL."""
_UNUSABLE = "its URL cannot be used; characters other than letters and digits in a password are written as %XX"


class Info(Protocol):
    """What a server says of itself."""

    def parameter_status(self, name: str, /) -> str | None:
        """One of its settings."""


class Client(Protocol):
    """What is needed of a psycopg connection."""

    @property
    def info(self) -> Info:
        """Of its server."""

    def close(self) -> None:
        """Lets go of it."""

    def fileno(self) -> int:
        """Its socket; an error once it is closed."""


class Postgres:
    """The database behind a URL."""

    def __init__(self, url: str, *, patience: float = 6.0) -> None:
        """`patience`: seconds after which a server that says nothing at all is hung up on; more than it is given for a
        statement."""
        self._url = url
        self._patience = patience
        self._timer = Timer(patience, self._hang_up)
        self._last: Client | None = None

    @property
    def name(self) -> str:
        """Not the URL; libpq's messages name the server."""
        return "PostgreSQL"

    def connect(self) -> Engine:
        """Where the driver is missing, this says so; it connects to nothing yet."""
        if not _is_usable(self._url):
            raise StoreError(f"{self.name}: {_UNUSABLE}")
        try:
            engine = create_engine(
                "postgresql+psycopg://", pool_size=1, max_overflow=0, pool_pre_ping=True, hide_parameters=True
            )
        except ImportError:
            driver = "pip install 'model-gateway[postgres]'"
            raise StoreError(f"{self.name}: the driver is not installed; {driver}") from None
        event.listen(engine, "do_connect", self._complete)
        event.listen(engine, "connect", self._remember)
        event.listen(engine, "connect", self._check_encoding)
        event.listen(engine, "begin", _begin)
        return engine

    def _complete(self, _dialect: object, _record: object, args: list[object], options: dict[str, object]) -> None:
        given = parse_qs(urlsplit(self._url).query)
        args[:] = [self._url]
        options |= {name: value for name, value in _WAITS.items() if name not in given}
        options["client_encoding"] = "UTF8"
        options["prepare_threshold"] = None  # a pooler in between may not know prepared statements

    def _remember(self, client: Client, _record: object) -> None:
        self._last = client

    def _check_encoding(self, client: Client, _record: object) -> None:
        found = client.info.parameter_status("server_encoding")
        if found != "UTF8":
            client.close()
            raise StoreError(
                f"{self.name}: the database is in {found}, which cannot hold every text; "
                "name one made by CREATE DATABASE gateway ENCODING 'UTF8' TEMPLATE template0"
            )

    def check(self) -> None:
        """The server tells what is wrong."""

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """A server that is stopped, or whose disk is, answers nothing: no time limit of its own holds then."""
        self._timer = Timer(self._patience, self._hang_up)
        self._timer.daemon = True
        self._timer.start()
        try:
            yield
        finally:
            self._timer.cancel()

    def unbind(self, connection: Connection) -> None:
        """Neither we nor the server cut it short."""
        self._timer.cancel()
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")

    def _hang_up(self) -> None:
        if self._last is None:
            return
        # whatever goes wrong here: the connection has ended by itself
        with suppress(Exception), socket.socket(fileno=os.dup(self._last.fileno())) as copy:
            copy.shutdown(socket.SHUT_RDWR)

    def why(self, error: Exception) -> str:
        """The server's words, or libpq's on a server that is not there."""
        if not isinstance(error, DBAPIError):
            return str(error)
        words = " ".join(str(error.orig).split()).removeprefix("connection is bad: ")
        is_known = getattr(error.orig, "sqlstate", None) is not None or words.startswith(_OF_A_SERVER)
        return words if is_known else _UNUSABLE

    def backup(self, path: Path) -> None:
        """PostgreSQL has its own tools."""
        raise StoreError(f"{self.name} is backed up by its own tools: pg_dump --table='gateway_*' --file={path} URL")


def _is_usable(url: str) -> bool:
    """Whether what stands before the host is sure to be all of the user and the password."""
    authority, _, rest = url.partition("://")[2].partition("/")
    try:
        urlsplit(url)
    except ValueError:
        return False
    return authority.count("@") <= 1 and "@" not in rest.partition("?")[0]


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{_STATEMENT}'")
    if connection.get_execution_options().get(WRITING):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")
