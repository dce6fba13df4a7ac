"""Revisions, overrides, events, and the outbox of webhooks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Makes the first tables."""
    _revisions()
    _overrides()
    _events()
    _deliveries()


def _revisions() -> None:
    op.create_table(
        "gateway_revisions",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("time", TIME, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("text", sa.LargeBinary, nullable=False),
    )


def _overrides() -> None:
    op.create_table(
        "gateway_overrides",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("expires", TIME),
        sa.Column("split", sa.Text),
        sa.Column("rules", sa.Text, nullable=False),
        sa.Column("previous", sa.Text),
        sa.Column("state", sa.Text),
    )


def _events() -> None:
    op.create_table(
        "gateway_events",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("time", TIME, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )


def _deliveries() -> None:
    op.create_table(
        "gateway_deliveries",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due", TIME),
        sa.Column("event_id", NUMBER, nullable=False),
        sa.Column("event_time", TIME, nullable=False),
        sa.Column("event_kind", sa.Text, nullable=False),
        sa.Column("event_subject", sa.Text, nullable=False),
        sa.Column("event_who", sa.Text, nullable=False),
        sa.Column("event_why", sa.Text, nullable=False),
        sa.Column("event_detail", sa.Text, nullable=False),
    )
