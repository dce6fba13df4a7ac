"""Records as rows, and back: a column is named as the field it holds.

It decides nothing. It must not know databases.
"""

from dataclasses import fields
from typing import Any

from sqlalchemy import Row

from gateway.core.periods import Found, Part, Period
from gateway.core.records import Delivery, Event, Override, Revision

_EVENT = "event_"


def values(record: Revision | Override | Event | Period | Part | Found) -> dict[str, object]:
    """A record's row."""
    return {each.name: getattr(record, each.name) for each in fields(record)}


def delivery_values(delivery: Delivery) -> dict[str, object]:
    """A delivery's row, its event included."""
    own = {"id": delivery.id, "url": delivery.url, "tries": delivery.tries, "due": delivery.due}
    return own | {_EVENT + name: value for name, value in values(delivery.event).items()}


def revision(row: Row[Any]) -> Revision:
    """The revision of a row; one that was read without its text has an empty one."""
    return Revision(**{"text": b"", **row._mapping})


def override(row: Row[Any]) -> Override:
    """The override of a row."""
    return Override(**row._mapping)


def event(row: Row[Any]) -> Event:
    """The event of a row."""
    return Event(**row._mapping)


def delivery(row: Row[Any]) -> Delivery:
    """The delivery of a row."""
    columns = row._mapping.items()
    own = {name: value for name, value in columns if not name.startswith(_EVENT)}
    of_event = {name.removeprefix(_EVENT): value for name, value in columns if name.startswith(_EVENT)}
    return Delivery(**own, event=Event(**of_event))


def period(row: Row[Any]) -> Period:
    """The period of a row."""
    return Period(**row._mapping)


def part(row: Row[Any]) -> Part:
    """The part of a row."""
    return Part(**row._mapping)


def found(row: Row[Any]) -> Found:
    """The mismatch of a row."""
    return Found(**row._mapping)
