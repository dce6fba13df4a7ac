"""How a database comes to the tables of this version, and what becomes of one that is newer."""

import subprocess
import sys
from importlib.resources import files

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, select, text
from sqlalchemy.engine.interfaces import ReflectedPrimaryKeyConstraint

from gateway.core.records import Change
from gateway.store.errors import StoreError
from gateway.store.migrate import to_newest
from gateway.store.store import Store
from gateway.store.tables import METADATA, VERSION, VERSION_TABLE, VERSIONS
from tests.store.samples import full_change, revision


@pytest.fixture
def engine(url: str) -> Engine:
    """The database, past the store."""
    return engine_of(url)


def engine_of(url: str) -> Engine:
    return create_engine(url.replace("postgresql:", "postgresql+psycopg:"))


def ours(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    return kind != "table" or str(name).startswith("gateway_")


Tables = dict[str, tuple[list[tuple[str, str, bool]], ReflectedPrimaryKeyConstraint]]


def tables(engine: Engine) -> Tables:
    """What a database holds of ours: columns by name, type and whether they may be empty, and keys."""
    found = inspect(engine)
    names = sorted(name for name in found.get_table_names() if name.startswith("gateway_"))
    return {
        name: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns(name)],
            found.get_pk_constraint(name),
        )
        for name in names
    }


def test_migrations_lead_to_the_tables_of_the_code(engine: Engine) -> None:
    """Nothing is missing, nothing too much, on either database."""
    with engine.begin() as connection:
        to_newest(connection)
        options = {"version_table": VERSION_TABLE, "include_object": ours}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []
    assert {name: [column for column, _, _ in columns] for name, (columns, _) in tables(engine).items()} == {
        name: table.c.keys() for name, table in (METADATA.tables | VERSIONS.metadata.tables).items()
    }
    engine.dispose()


def test_an_empty_database_is_given_what_the_migrations_lead_to(url: str, another_url: str) -> None:
    """And is at the same version, so that later ones go on from there."""
    store, migrated = Store(url), engine_of(another_url)
    store.open()
    store.close()
    with migrated.begin() as connection:
        to_newest(connection)
    made = engine_of(url)
    assert tables(made) == tables(migrated)
    with made.connect() as one, migrated.connect() as other:
        versions = [each.execute(select(VERSIONS)).all() for each in (one, other)]
    assert versions == [[(VERSION,)], [(VERSION,)]]
    made.dispose()
    migrated.dispose()


def test_there_is_one_newest_step_and_the_code_knows_it() -> None:
    config = Config()
    config.set_main_option("script_location", str(files("gateway.store") / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [VERSION]
    assert len(VERSION) == 4
    assert VERSION.isdecimal()


def test_a_newer_database_is_refused_and_left_alone(store: Store, engine: Engine) -> None:
    store.write(full_change(1))
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9000'"))
    store.close()
    for _ in range(2):
        with pytest.raises(
            StoreError, match=r"written by a newer gateway \(version 9000 of the tables, this one knows"
        ):
            store.open()
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{VERSION}'"))
    engine.dispose()
    assert store.newest() == full_change(1).revision


def test_a_database_is_shared_with_other_programs(store: Store, engine: Engine) -> None:
    """Even with one that has Alembic's own table, and tables of the plainest names."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('c0ffee')"))
        connection.execute(text("CREATE TABLE events (id INTEGER)"))
    store.write(full_change(1))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["c0ffee"]
    engine.dispose()


@pytest.mark.parametrize("sql", ["UPDATE gateway_events SET detail = '{'", "DROP TABLE gateway_events"])
def test_a_database_that_somebody_has_changed(store: Store, engine: Engine, sql: str) -> None:
    """It is said, whatever it is; the rest can be read."""
    store.write(full_change(1))
    with engine.begin() as connection:
        connection.execute(text(sql))
    engine.dispose()
    with pytest.raises(StoreError, match=r"it holds what this gateway cannot read|gateway_events"):
        store.events(None, 9)
    assert store.newest() == full_change(1).revision


def test_a_database_that_is_empty_or_of_the_present_version_needs_no_alembic(url: str) -> None:
    """Control would have no use for its memory, and a first start none for its time."""
    code = (
        "import sys; from gateway.store.store import Store; store = Store(sys.argv[1]); store.open(); store.close();"
        "print('alembic' in sys.modules)"
    )
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout == "False\n"


def test_what_was_last_taken_from_the_file_is_known_after_an_upgrade(store: Store, engine: Engine) -> None:
    """A database that knows revisions only is told by the last one that came from the file."""
    store.write(Change(revision=revision(1, origin="file")))
    store.write(Change(revision=revision(2, text=b"other")))
    with engine.begin() as connection:
        for table in ("marks", "shadow_periods", "shadow_parts", "shadow_mismatches"):
            connection.execute(text(f"DROP TABLE gateway_{table}"))
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '0001'"))
    engine.dispose()
    store.close()
    assert store.taken() == revision(1).hash
