"""The store: revisions, overrides, events, the outbox of webhooks and what shadows found, in SQLite or PostgreSQL.

It decides when a connection is given up: after any error, so that the next call begins with a new one and the store is
back as soon as the cause is gone. Calls block; they come from one thread at a time.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.core.periods import Found, Pair, Part, Period, Saved
from gateway.core.records import Change, Delivery, Event, Override, Revision
from gateway.store import opening, reading, shadows, writing
from gateway.store.database import WRITING, Database
from gateway.store.errors import StoreError
from gateway.store.postgres import Postgres
from gateway.store.shadows import Merge
from gateway.store.sqlite import Sqlite
from gateway.store.tables import EVENTS, PARTS

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")


class Store:
    """All that outlives a restart. Every call raises StoreError when the database cannot do it now; nothing has changed
    then, or all of it, and the same call may be made again."""

    def __init__(self, url: str) -> None:
        self._database = _database(url)
        self._engine: Engine | None = None

    @property
    def is_shared(self) -> bool:
        """Whether gateways on other machines may write to it as well."""
        return isinstance(self._database, Postgres)

    def open(self) -> None:
        """Connects, and makes or migrates the tables. Other calls do so when it was not done."""
        with self._transaction():
            pass

    def close(self) -> None:
        """Lets go of the connection."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()

    # ---- changes

    def write(self, change: Change) -> Change:
        """Keeps all of it or nothing; ConflictError. Answers it with the ids it was kept under."""
        return self.write_all((change,))[0]

    def write_all(self, changes: Iterable[Change]) -> Sequence[Change]:
        """The same for several, in order; all of them or none."""
        with self._transaction(writing=True) as connection:
            return [writing.write(connection, each) for each in changes]

    # ---- what there is

    def newest(self) -> Revision | None:
        """The revision with the highest number."""
        with self._transaction() as connection:
            return reading.newest(connection)

    def taken(self) -> str:
        """The hash of the text last taken from the configuration file; empty before the first."""
        with self._transaction() as connection:
            return reading.taken(connection)

    def revision(self, number: int) -> Revision | None:
        """The one with that number."""
        with self._transaction() as connection:
            return reading.revision(connection, number)

    def revisions(self, limit: int, before: int | None = None) -> Sequence[Revision]:
        """The newest first; those with numbers below `before`. Their texts are left out: they are empty."""
        with self._transaction() as connection:
            return reading.revisions(connection, limit, before)

    def overrides(self) -> Sequence[Override]:
        """Those in force, by kind and subject."""
        with self._transaction() as connection:
            return reading.overrides(connection)

    def events(self, since: int | None, limit: int) -> Sequence[Event]:
        """The oldest first: those after `since`, or the newest `limit` without it."""
        with self._transaction() as connection:
            return reading.events(connection, since, limit)

    def last_event_id(self) -> int:
        """The newest event's; 0 without any."""
        with self._transaction() as connection:
            return writing.last_id(connection, EVENTS)

    # ---- the outbox

    def deliveries(self, limit: int) -> Sequence[Delivery]:
        """The oldest first."""
        with self._transaction() as connection:
            return reading.deliveries(connection, limit)

    def add_deliveries(self, deliveries: Iterable[Delivery]) -> Sequence[Delivery]:
        """Answers them with the ids they were kept under."""
        with self._transaction(writing=True) as connection:
            return writing.add_deliveries(connection, deliveries)

    def update_delivery(self, delivery: Delivery) -> None:
        """Its tries, and when it is due."""
        with self._transaction(writing=True) as connection:
            writing.update_delivery(connection, delivery)

    def remove_delivery(self, number: int) -> None:
        """The one with that id has arrived, or was given up."""
        with self._transaction(writing=True) as connection:
            writing.remove_delivery(connection, number)

    # ---- shadows

    def save_shadows(self, saved: Saved) -> None:
        """All of it or nothing."""
        with self._transaction(writing=True) as connection:
            shadows.save(connection, saved)

    def newest_periods(self) -> Sequence[Period]:
        """Of each pair the one that began last."""
        with self._transaction() as connection:
            return shadows.newest(connection)

    def periods(self, pair: Pair, limit: int, before: int | None = None) -> Sequence[tuple[Period, Sequence[Part]]]:
        """The newest first, those with ids below `before`; each with what was counted in it, by run."""
        with self._transaction() as connection:
            found = shadows.periods(connection, pair, limit=limit, before=before)
            return [(each, shadows.parts(connection, pair, each.id)) for each in found]

    def parts(self, pair: Pair, period: int) -> Sequence[Part]:
        """What was counted in that period, by run."""
        with self._transaction() as connection:
            return shadows.parts(connection, pair, period)

    def parts_of(self, run: str) -> Sequence[tuple[Period, Part]]:
        """What that run counted; the newest period last."""
        with self._transaction() as connection:
            found = (
                (shadows.period(connection, each.pair, each.period), each) for each in shadows.parts_of(connection, run)
            )
            return [(period, part) for period, part in found if period is not None]

    def mismatches(
        self, pair: Pair, limit: int, *, before: int | None = None, period: int | None = None
    ) -> tuple[Sequence[Found], bool]:
        """The newest first, those with numbers below `before`; of that period, or of all. And whether there are more:
        large ones make a page shorter."""
        with self._transaction() as connection:
            return shadows.mismatches(connection, pair, limit=limit, before=before, number=period)

    def fold_others(self, run: str, merge: Merge) -> None:
        """All runs but this one are over."""
        with self._transaction(writing=True) as connection:
            shadows.fold(connection, PARTS.c.run != run, merge)

    def fold(self, run: str, merge: Merge) -> None:
        """This run is over."""
        with self._transaction(writing=True) as connection:
            shadows.fold(connection, PARTS.c.run == run, merge)

    # ---- copies

    def backup(self, path: Path) -> None:
        """Copies the database to a new file, while it is in use by whomever. SQLite only."""
        self._database.backup(path)

    @contextmanager
    def _transaction(self, *, writing: bool = False) -> Iterator[Connection]:
        options = {WRITING: writing}
        with (
            self._told(),
            self._database.bounded(),
            self._connected().execution_options(**options).begin() as connection,
        ):
            yield connection

    def _connected(self) -> Engine:
        if self._engine is None:
            self._engine = self._database.connect()
            opening.prepare(self._engine, self._database)
        self._database.check()
        return self._engine

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors in words; after one the connection is given up. Their causes may hold credentials."""
        try:
            yield
        except StoreError:
            self.close()
            raise
        except (SQLAlchemyError, OSError) as error:
            self.close()
            raise StoreError(f"{self._database.name}: {self._database.why(error)}") from None
        except ValueError as error:
            self.close()
            raise StoreError(f"{self._database.name}: it holds what this gateway cannot read: {error}") from None


def _database(url: str) -> Database:
    if url.startswith(_SQLITE):
        return Sqlite(Path(url.removeprefix(_SQLITE)))
    if url.startswith(_POSTGRES):
        return Postgres(url)
    raise StoreError("a store is sqlite:///FILE or postgresql://USER@HOST/DATABASE")
