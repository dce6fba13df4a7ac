"""The steps by which a database comes to the present tables, run by Alembic; forwards only."""
