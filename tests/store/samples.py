"""Records to keep."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from gateway.core.records import Change, Delivery, Event, Override, Revision

NOW = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)


def revision(number: int, text: bytes = b"listen: []\n", **more: object) -> Revision:
    fields = {"author": "ci", "message": f"revision {number}", "time": NOW, "origin": "api"}
    return Revision(number=number, text=text, hash=sha256(text).hexdigest(), **{**fields, **more})  # type: ignore[arg-type]


def override(kind: str = "variant_disabled", subject: str = "fraud-3", **more: object) -> Override:
    fields = {"who": "olga", "why": "it is on fire", "since": NOW}
    return Override(kind, subject, **{**fields, **more})  # type: ignore[arg-type]


def event(number: int, **more: object) -> Event:
    fields = {"kind": "override_set", "subject": "variant fraud-3", "who": "olga", "why": f"why {number}"}
    return Event(id=number, time=NOW + timedelta(seconds=number), **{**fields, **more})  # type: ignore[arg-type]


def delivery(number: int, of: Event | None = None, **more: object) -> Delivery:
    return Delivery(number, "https://hooks.example/1", of or event(number), **more)  # type: ignore[arg-type]


def full_change(number: int) -> Change:
    """One of each."""
    happened = event(number)
    return Change(revision(number), set=(override(),), events=(happened,), deliveries=(delivery(number, happened),))
