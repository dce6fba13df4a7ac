"""Reading, within a transaction.

It decides the order of what is read, and that a list of revisions comes without their texts.
"""

from typing import Any

from sqlalchemy import Connection, Select, select

from gateway.core.records import Delivery, Event, Override, Revision
from gateway.store import rows
from gateway.store.tables import DELIVERIES, EVENTS, MARKS, OVERRIDES, REVISIONS, TAKEN

_NEWEST = select(REVISIONS).order_by(REVISIONS.c.number.desc()).limit(1)
_WITHOUT_TEXT = [each for each in REVISIONS.c if each.name != "text"]


def newest(connection: Connection) -> Revision | None:
    """The one with the highest number."""
    return _revision(connection, _NEWEST)


def taken(connection: Connection) -> str:
    """The hash of the text last taken from the configuration file; empty before the first."""
    mark = connection.execute(select(MARKS.c.value).where(MARKS.c.name == TAKEN)).scalar()
    if mark is not None:
        return str(mark)
    last = _newest_of_file(connection)
    return "" if last is None else last.hash


def _newest_of_file(connection: Connection) -> Revision | None:
    return _revision(connection, _NEWEST.where(REVISIONS.c.origin == "file"))


def revision(connection: Connection, number: int) -> Revision | None:
    """The one with that number."""
    return _revision(connection, select(REVISIONS).where(REVISIONS.c.number == number))


def _revision(connection: Connection, query: Select[Any]) -> Revision | None:
    found = connection.execute(query).first()
    return None if found is None else rows.revision(found)


def revisions(connection: Connection, limit: int, before: int | None) -> list[Revision]:
    """The newest first, those with numbers below `before`; with empty texts."""
    query = select(*_WITHOUT_TEXT).order_by(REVISIONS.c.number.desc()).limit(limit)
    query = query if before is None else query.where(REVISIONS.c.number < before)
    return [rows.revision(row) for row in connection.execute(query)]


def overrides(connection: Connection) -> list[Override]:
    """All of them, by kind and subject."""
    query = select(OVERRIDES).order_by(OVERRIDES.c.kind, OVERRIDES.c.subject)
    return [rows.override(row) for row in connection.execute(query)]


def events(connection: Connection, since: int | None, limit: int) -> list[Event]:
    """The oldest first: those after `since`, or the newest `limit` without it."""
    if since is None:
        newest_first = select(EVENTS).order_by(EVENTS.c.id.desc()).limit(limit)
        return [rows.event(row) for row in connection.execute(newest_first)][::-1]
    following = select(EVENTS).where(EVENTS.c.id > since).order_by(EVENTS.c.id).limit(limit)
    return [rows.event(row) for row in connection.execute(following)]


def deliveries(connection: Connection, limit: int) -> list[Delivery]:
    """The oldest first."""
    query = select(DELIVERIES).order_by(DELIVERIES.c.id).limit(limit)
    return [rows.delivery(row) for row in connection.execute(query)]
