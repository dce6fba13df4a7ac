"""What shadows' comparisons found: periods, what each run counted in them, and mismatches."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Makes their tables."""
    _periods()
    _parts()
    _mismatches()


def _periods() -> None:
    op.create_table(
        "gateway_shadow_periods",
        sa.Column("route", sa.Text, primary_key=True),
        sa.Column("variant", sa.Text, primary_key=True),
        sa.Column("id", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("until", TIME),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
    )


def _parts() -> None:
    op.create_table(
        "gateway_shadow_parts",
        sa.Column("route", sa.Text, primary_key=True),
        sa.Column("variant", sa.Text, primary_key=True),
        sa.Column("period", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("run", sa.Text, primary_key=True),
        sa.Column("written", TIME, nullable=False),
        sa.Column("instance", sa.Text, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("base", sa.Text, nullable=False),
        sa.Column("tally", sa.Text, nullable=False),
    )


def _mismatches() -> None:
    op.create_table(
        "gateway_shadow_mismatches",
        sa.Column("route", sa.Text, primary_key=True),
        sa.Column("variant", sa.Text, primary_key=True),
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("run", sa.Text, primary_key=True),
        sa.Column("period", NUMBER, nullable=False),
        sa.Column("time", TIME, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("mismatch", sa.Text, nullable=False),
    )
