"""What the store asks of a kind of database."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine

WRITING = "gateway_writing"
"""The execution option of a connection whose transaction is to write: it must shut out other writers."""


class Database(Protocol):
    """One database of a kind."""

    @property
    def name(self) -> str:
        """What messages call it; without credentials."""

    def connect(self) -> Engine:
        """An engine of one connection. OSError or StoreError where it cannot be."""

    def check(self) -> None:
        """StoreError where what is connected is no longer what the name stands for."""

    def bounded(self) -> AbstractContextManager[object]:
        """What is done within it comes to an end, if need be with an error."""

    def unbind(self, connection: Connection) -> None:
        """Lets what is done on the connection take its time after all: tables may be large."""

    def why(self, error: Exception) -> str:
        """What is wrong and what to do, in words; without credentials."""

    def backup(self, path: Path) -> None:
        """Copies all of it to a new file, while it is in use; StoreError."""
