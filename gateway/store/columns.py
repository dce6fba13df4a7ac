"""How values stand in columns, the same on each database.

It decides what is written for a text, a time and a JSON value, and that every one of them can be written. It must not
know which tables there are.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, Text, TypeDecorator

Number = BigInteger().with_variant(Integer, "sqlite")
"""Of 64 bits on both; SQLite has its own kind of primary key only for INTEGER."""


class Words(TypeDecorator[str]):
    """Text of people. What PostgreSQL cannot hold (NUL, half of a surrogate pair) is replaced, rather than refused."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """What is written."""
        return (
            None
            if value is None
            else value.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
        )


class Utc(TypeDecorator[datetime]):
    """An aware time; SQLite, which keeps no time zones, holds it in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """What is written."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """What was written."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Mapping[str, object]]):
    """A JSON object as ASCII text, keys in the order they had."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, object] | None, dialect: Dialect) -> str | None:
        """What is written; a value that JSON does not know is written as its text."""
        return None if value is None else json.dumps(dict(value), default=str)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Mapping[str, object] | None:
        """What was written."""
        if value is None:
            return None
        found: Mapping[str, object] = json.loads(value)
        return found
