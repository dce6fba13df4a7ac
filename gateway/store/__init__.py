"""The store: what must outlive a restart. SQL lives here only, for SQLite and PostgreSQL alike.

It decides how records are kept and what becomes of them when two write at once. It must not know what they mean.
"""
