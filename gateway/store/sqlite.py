"""SQLite: one file, readable by its owner only.

It decides what an acknowledged write is worth: it is on the disk (write-ahead log, synced at each commit). Waiting for
another program is short, since control waits too.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from gateway.store.database import WRITING
from gateway.store.errors import StoreError

_BUSY = 1.0
"""Seconds to wait for another program's transaction."""
_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",  # macOS: its plain fsync leaves data in the disk's cache
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 16777216",
)
_WORDS = {
    "SQLITE_FULL": "the disk is full; make room",
    "SQLITE_BUSY": "another program keeps it locked; end that program's transaction",
    "SQLITE_READONLY": "it may not be written; give the gateway's user write permission on the file and its folder",
    "SQLITE_CANTOPEN": "it cannot be opened; the folder must exist, and the gateway's user may read and write there",
    "SQLITE_PERM": "it cannot be opened; the folder must exist, and the gateway's user may read and write there",
    "SQLITE_CORRUPT": "the file is damaged; put a backup in its place, or move it away to begin anew",
    "SQLITE_NOTADB": "the file is not a SQLite database; name another one, or move it away to begin anew",
    "SQLITE_IOERR": "the disk cannot be read or written; it may be full, broken or out of reach",
}


class Sqlite:
    """The database in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._found: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """Its path."""
        return str(self._path)

    def connect(self) -> Engine:
        """Makes the file where there is none."""
        try:
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            pass
        self._found = self._identity()
        engine = create_engine(
            URL.create("sqlite", database=str(self._path)),
            connect_args={"isolation_level": None, "timeout": _BUSY, "check_same_thread": False},
            pool_size=1,
            max_overflow=0,
            hide_parameters=True,
        )
        event.listen(engine, "connect", _set_up)
        event.listen(engine, "begin", _begin)
        return engine

    def check(self) -> None:
        """The file may have been removed or replaced: then what is written would be nowhere."""
        if self._identity() != self._found:
            raise StoreError(f"{self.name}: the file was replaced while it was in use")

    def _identity(self) -> tuple[int, int]:
        stat = os.stat(self._path)
        return stat.st_dev, stat.st_ino

    def why(self, error: Exception) -> str:
        """By SQLite's own name for the error."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(cause, "sqlite_errorname", "")
        return next((words for name, words in _WORDS.items() if code.startswith(name)), str(cause))

    def backup(self, engine: Engine, path: Path) -> None:
        """A copy as of one moment, checked as it is read; on the disk when this returns."""
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        try:
            with closing(engine.raw_connection()) as connection:
                connection.cursor().execute("VACUUM INTO ?", (str(path.absolute()),))
            os.fsync(file)
        except BaseException:
            path.unlink()
            raise
        finally:
            os.close(file)


def _set_up(connection: sqlite3.Connection, _record: object) -> None:
    for setting in _SETTINGS:
        connection.execute(setting)


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get(WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
