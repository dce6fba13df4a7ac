"""SQLite: one file, for its owner only.

It decides what an acknowledged write is worth: it is on the disk (write-ahead log, synced at each commit). Waiting for
another program is short, since control waits too.
"""

import errno
import os
import sqlite3
import time
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from gateway.store.database import WRITING
from gateway.store.errors import StoreError

_BUSY = 1.0
"""Seconds to wait for another program's transaction."""
_SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",  # macOS: its plain fsync leaves data in the disk's cache
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 16777216",
)
_WORDS = {
    "SQLITE_FULL": "the disk is full; make room",
    "SQLITE_BUSY": "another program keeps it locked; end that program's transaction",
    "SQLITE_READONLY": "it may not be written; give the gateway's user write permission on the file and its folder",
    "SQLITE_CANTOPEN": "it cannot be opened; the folder must exist, and the gateway's user must be able to write there",
    "SQLITE_CORRUPT": "the file is damaged; put a backup in its place, or move it away to begin anew",
    "SQLITE_NOTADB": "the file is not a SQLite database; name another one, or move it away to begin anew",
    "SQLITE_IOERR": "the disk cannot be read or written; it may be full, broken or out of reach",
}
"""SQLite's names for errors, or how they begin, in words."""
_NAMES = {
    errno.ENOENT: "SQLITE_CANTOPEN",
    errno.ENOTDIR: "SQLITE_CANTOPEN",
    errno.EACCES: "SQLITE_CANTOPEN",
    errno.EROFS: "SQLITE_READONLY",
    errno.ENOSPC: "SQLITE_FULL",
    errno.EDQUOT: "SQLITE_FULL",
    errno.EIO: "SQLITE_IOERR",
}
"""What SQLite would call an error of the system."""


class Sqlite:
    """The database in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._connected_to: tuple[int, int] | None = None

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
        self._connected_to = self._identity()
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
        if self._identity() != self._connected_to:
            raise StoreError(f"{self.name}: the file was removed or replaced while it was in use")

    def _identity(self) -> tuple[int, int] | None:
        try:
            stat = os.stat(self._path)
        except FileNotFoundError:
            return None
        return stat.st_dev, stat.st_ino

    def bounded(self) -> AbstractContextManager[object]:
        """Another program's transaction is the only thing to wait for, and SQLite bounds that."""
        return nullcontext()

    def unbind(self, connection: Connection) -> None:
        """It is not bound."""

    def why(self, error: Exception) -> str:
        """By SQLite's own name for the error."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        system = _NAMES.get(cause.errno or 0, "") if isinstance(cause, OSError) else ""
        code = getattr(cause, "sqlite_errorname", system)
        return next((words for name, words in _WORDS.items() if code.startswith(name)), str(cause))

    def backup(self, path: Path) -> None:
        """A copy as of one moment, read through and checked; on the disk when this returns."""
        try:
            file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        except OSError as error:
            raise StoreError(f"no backup can be written to {path}: {error.strerror}") from error
        try:
            self._copy(path.absolute())
            os.fsync(file)
        except (sqlite3.Error, OSError) as error:
            path.unlink()
            raise StoreError(f"{self.name}: no backup was written to {path}: {self.why(error)}") from error
        finally:
            os.close(file)

    def _copy(self, path: Path) -> None:
        with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=rw", uri=True, timeout=_BUSY)) as connection:
            connection.execute("VACUUM INTO ?", (str(path),))


def _set_up(connection: sqlite3.Connection, _record: object) -> None:
    _log_ahead(connection)
    for setting in _SETTINGS:
        connection.execute(setting)


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Where several open a new file at once, SQLite does not wait for the others here, as it does elsewhere."""
    end = time.monotonic() + _BUSY
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get(WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
