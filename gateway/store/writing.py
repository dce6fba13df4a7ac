"""Writing, within a transaction that no other writer is in.

It decides what becomes of numbers that are taken: another gateway may write to the same database, and a writer whose
connection broke does not know whether its change was kept, and writes it again. So

- a revision whose number, or a later one, is taken is a conflict, unless it is the very same revision;
- an event or a delivery whose id is taken is given the next free one, unless it is the very same one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select, tuple_, update

from gateway.core.records import Change, Delivery, Event, Override, OverrideKey, Revision
from gateway.store import rows
from gateway.store.errors import ConflictError
from gateway.store.tables import DELIVERIES, EVENTS, MARKS, OVERRIDES, REVISIONS, TAKEN

EVENTS_KEPT = 100_000
"""The newest events stay; revisions stay for ever."""
_PRUNED_EVERY = 1_000
_SAME = {
    REVISIONS: ("author", "message", "time", "origin", "hash"),
    EVENTS: ("time", "kind", "subject", "who", "why", "detail"),
    DELIVERIES: ("url", "event_id", "event_time"),
}
"""The columns by which a row is known again."""


def write(connection: Connection, change: Change) -> Change:
    """Writes all of it; answers it with the ids it was kept under. ConflictError."""
    if change.revision is not None:
        _add_revision(connection, change.revision)
    _mark(connection, change)
    _end_overrides(connection, (*change.ended, *(each.key for each in change.set)))
    _set_overrides(connection, change.set)
    events = {each.id: _add_event(connection, each) for each in change.events}
    deliveries = (replace(each, event=events.get(each.event.id, each.event)) for each in change.deliveries)
    return replace(change, events=tuple(events.values()), deliveries=add_deliveries(connection, deliveries))


def add_deliveries(connection: Connection, deliveries: Iterable[Delivery]) -> tuple[Delivery, ...]:
    """Answers them with the ids they were kept under."""
    return tuple(replace(each, id=_add(connection, DELIVERIES, rows.delivery_values(each))) for each in deliveries)


def update_delivery(connection: Connection, delivery: Delivery) -> None:
    """Its tries, and when it is due."""
    own = update(DELIVERIES).where(DELIVERIES.c.id == delivery.id)
    connection.execute(own.values(tries=delivery.tries, due=delivery.due))


def remove_delivery(connection: Connection, number: int) -> None:
    """It has arrived, or was given up."""
    connection.execute(delete(DELIVERIES).where(DELIVERIES.c.id == number))


def last_id(connection: Connection, table: Table) -> int:
    """The highest id; 0 without any."""
    return connection.execute(select(func.max(table.c.id))).scalar() or 0


def _add_revision(connection: Connection, revision: Revision) -> None:
    row, number = rows.values(revision), REVISIONS.c.number
    newest = connection.execute(select(func.max(number))).scalar() or 0
    if newest < revision.number:
        connection.execute(insert(REVISIONS), row)
    elif connection.execute(select(number).where(number == revision.number, *_alike(REVISIONS, row))).first() is None:
        raise ConflictError(revision.number)


def _mark(connection: Connection, change: Change) -> None:
    """What was last taken from the file: a revision's text, or one that made none."""
    revision = change.revision
    taken = revision.hash if revision is not None and revision.origin == "file" else change.taken
    if taken:
        connection.execute(delete(MARKS).where(MARKS.c.name == TAKEN))
        connection.execute(insert(MARKS), {"name": TAKEN, "value": taken})


def _end_overrides(connection: Connection, keys: tuple[OverrideKey, ...]) -> None:
    if keys:
        connection.execute(delete(OVERRIDES).where(tuple_(OVERRIDES.c.kind, OVERRIDES.c.subject).in_(keys)))


def _set_overrides(connection: Connection, overrides: tuple[Override, ...]) -> None:
    if overrides:
        connection.execute(insert(OVERRIDES), [rows.values(each) for each in overrides])


def _add_event(connection: Connection, event: Event) -> Event:
    kept = _add(connection, EVENTS, rows.values(event))
    if kept % _PRUNED_EVERY == 0:
        connection.execute(delete(EVENTS).where(EVENTS.c.id <= kept - EVENTS_KEPT))
    return replace(event, id=kept)


def _add(connection: Connection, table: Table, row: dict[str, Any]) -> int:
    """Adds the row unless it is there; answers its id."""
    given, last = int(row["id"]), last_id(connection, table)
    if given <= last:
        known = connection.execute(select(table.c.id).where(table.c.id >= given, *_alike(table, row))).scalar()
        if known is not None:
            return int(known)
    free = max(given, last + 1)
    connection.execute(insert(table), row | {"id": free})
    return free


def _alike(table: Table, row: dict[str, Any]) -> Iterator[ColumnElement[bool]]:
    return (table.c[name] == row[name] for name in _SAME[table])
