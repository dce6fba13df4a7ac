"""The tables as this version of the gateway knows them. An empty database is given them as they stand here; one of an
older version comes to them by `migrations`.

Their names begin with `gateway_`, so that a PostgreSQL database can be shared with other programs.
"""

from sqlalchemy import Column, Integer, LargeBinary, MetaData, PrimaryKeyConstraint, String, Table

from gateway.store.columns import Json, Number, Utc, Words

VERSION_TABLE = "gateway_version"
VERSION = "0003"
"""The newest migration, and so what a database must be at; of four digits."""

VERSIONS = Table(
    VERSION_TABLE,
    MetaData(),  # none of those that Alembic compares
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)
"""Which version a database is at, in one row; as Alembic makes it."""

METADATA = MetaData()

TAKEN = "taken"
"""The mark for the hash of the text last taken from the configuration file."""

REVISIONS = Table(
    "gateway_revisions",
    METADATA,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("author", Words, nullable=False),
    Column("message", Words, nullable=False),
    Column("time", Utc, nullable=False),
    Column("origin", Words, nullable=False),
    Column("hash", Words, nullable=False),
    # last, so that SQLite reads the others without following a large text from page to page
    Column("text", LargeBinary, nullable=False),
)

MARKS = Table(
    "gateway_marks",
    METADATA,
    Column("name", Words, primary_key=True),
    Column("value", Words, nullable=False),
)

OVERRIDES = Table(
    "gateway_overrides",
    METADATA,
    Column("kind", Words, primary_key=True),
    Column("subject", Words, primary_key=True),
    Column("who", Words, nullable=False),
    Column("why", Words, nullable=False),
    Column("since", Utc, nullable=False),
    Column("expires", Utc),
    Column("split", Json),
    Column("rules", Words, nullable=False),
    Column("previous", Json),
    Column("state", Words),
)

EVENTS = Table(
    "gateway_events",
    METADATA,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("time", Utc, nullable=False),
    Column("kind", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("who", Words, nullable=False),
    Column("why", Words, nullable=False),
    Column("detail", Json, nullable=False),
)

DELIVERIES = Table(
    "gateway_deliveries",
    METADATA,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("url", Words, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due", Utc),
    # the event is kept once more: one that waits long may no longer be among the newest
    Column("event_id", Number, nullable=False),
    Column("event_time", Utc, nullable=False),
    Column("event_kind", Words, nullable=False),
    Column("event_subject", Words, nullable=False),
    Column("event_who", Words, nullable=False),
    Column("event_why", Words, nullable=False),
    Column("event_detail", Json, nullable=False),
)

PERIODS = Table(
    "gateway_shadow_periods",
    METADATA,
    Column("route", Words, primary_key=True),
    Column("variant", Words, primary_key=True),
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("since", Utc, nullable=False),
    Column("until", Utc),
    Column("who", Words, nullable=False),
    Column("why", Words, nullable=False),
    Column("signature", Json, nullable=False),
)

PARTS = Table(
    "gateway_shadow_parts",
    METADATA,
    Column("route", Words, primary_key=True),
    Column("variant", Words, primary_key=True),
    Column("period", Number, primary_key=True, autoincrement=False),
    Column("run", Words, primary_key=True),
    Column("written", Utc, nullable=False),
    Column("instance", Words, nullable=False),
    Column("number", Number, nullable=False),
    Column("counts", Json, nullable=False),
    Column("base", Json, nullable=False),
    Column("tally", Json, nullable=False),
)

MISMATCHES = Table(
    "gateway_shadow_mismatches",
    METADATA,
    Column("route", Words, primary_key=True),
    Column("variant", Words, primary_key=True),
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("run", Words, primary_key=True),
    Column("period", Number, nullable=False),
    Column("time", Utc, nullable=False),
    Column("request_id", Words, nullable=False),
    # last, so that SQLite finds the newest without following large texts from page to page
    Column("mismatch", Json, nullable=False),
)
