"""What can go wrong with a server, and that the store is back when it no longer does. No message has a password."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from gateway.core.records import Change
from gateway.store.errors import StoreError
from gateway.store.postgres import Postgres
from gateway.store.store import Store
from tests.store.samples import full_change, revision
from tests.store.server import PASSWORD, Server, program
from tests.support.kernel import free_port


@pytest.fixture
def url(postgres: Server) -> str:
    return postgres.new_database()


def check_refused(url: str, match: str, *secrets: str) -> None:
    store = Store(url)
    for call in (store.open, store.newest, lambda: store.write(full_change(1))):
        with pytest.raises(StoreError, match=match) as caught:
            call()
        assert [secret for secret in secrets if secret in str(caught.value)] == []
        assert caught.value.__cause__ is None
    store.close()


def test_a_wrong_password(postgres: Server) -> None:
    check_refused(postgres.url(password="other-s3cret"), 'password authentication failed for user "gateway"', "s3cret")


def test_a_database_that_is_not_there(postgres: Server) -> None:
    check_refused(postgres.url("nowhere"), 'port .* failed: FATAL: database "nowhere" does not exist', PASSWORD)


def test_a_server_that_is_not_there() -> None:
    url = f"postgresql://gateway:{PASSWORD}@127.0.0.1:{free_port()}/postgres"
    check_refused(url, r'connection to server at "127\.0\.0\.1", port \d+ failed: Connection refused', PASSWORD)


def test_a_name_that_is_not_there() -> None:
    check_refused(f"postgresql://g:{PASSWORD}@nowhere.invalid/d", "failed to resolve host 'nowhere.invalid'", PASSWORD)


@pytest.mark.parametrize(
    "rest",
    [
        "gateway:s3c@ret@127.0.0.1/postgres",
        "gateway:s3c/ret@127.0.0.1/postgres",
        "gateway:1/s3cret@127.0.0.1/postgres",
        "gateway:s3c%ret@127.0.0.1/postgres",
        "gateway:s3c%zzret@127.0.0.1/postgres",
        "gateway@127.0.0.1:s3cret/postgres",
        "gateway@127.0.0.1/postgres?s3cret=1",
        "gateway@127.0.0.1/postgres?sslmode=s3cret",
        "gateway:s3cret@[::1/postgres",
    ],
)
def test_a_url_that_cannot_be_used(rest: str) -> None:
    """The words never quote it: what looks like a host may be half of a password."""
    check_refused(f"postgresql://{rest}", "URL cannot be used; characters other than letters", "s3c", "ret")


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_every_text(postgres: Server, encoding: str) -> None:
    """A server whose system has no locale makes such ones. Else one name in another script would hold up all writes."""
    name = f"in_{encoding.lower()}"
    options = f"TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} {options}".encode())
    check_refused(postgres.url(name), f"the database is in {encoding}, .* ENCODING 'UTF8' TEMPLATE template0", PASSWORD)


def test_every_way_to_write_a_url(postgres: Server) -> None:
    """libpq reads it, so what PostgreSQL's manual says holds."""
    port, folder = postgres.port, str(postgres.folder).replace("/", "%2F")
    escaped = "".join(f"%{ord(each):02X}" for each in PASSWORD)
    for url in (
        f"postgres://gateway:{escaped}@127.0.0.1:{port}/postgres",
        f"postgresql://gateway@127.0.0.1:{port}/postgres?password={PASSWORD}",
        f"postgresql://gateway:{PASSWORD}@/postgres?host={folder}&port={port}",
        f"postgresql://gateway:{PASSWORD}@127.0.0.1:{free_port()},127.0.0.1:{port}/postgres?connect_timeout=3",
        f"postgresql://gateway:{PASSWORD}@127.0.0.1:{port}/postgres?sslmode=prefer&application_name=x&keepalives_idle=7",
    ):
        store = Store(url)
        assert store.newest() is None
        store.close()


def test_a_missing_driver_is_named(url: str) -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None; from gateway.store.store import Store\n"
        "try: Store(sys.argv[1]).open()\nexcept Exception as error: print(repr(error))"
    )
    done = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("StoreError(")
    assert "pip install 'model-gateway[postgres]'" in done.stdout


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url)
    store.write(full_change(1))
    yield store
    store.close()


def test_a_server_that_goes_and_comes_back(postgres: Server, store: Store) -> None:
    """Whatever was acknowledged is there."""
    postgres.stop()
    try:
        for _ in range(2):
            with pytest.raises(StoreError, match="PostgreSQL: connection"):
                store.write(full_change(2))
    finally:
        postgres.start()
    store.write(full_change(2))
    assert [each.number for each in store.revisions(9)] == [2, 1]


def test_a_restart_between_two_calls_is_not_noticed(postgres: Server, store: Store) -> None:
    postgres.stop()
    postgres.start()
    store.write(full_change(2))
    assert store.newest() == revision(2)


def backend(url: str) -> int:
    """The server process of the store's connection."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_server_that_hangs_is_hung_up_on(store: Store, url: str) -> None:
    """No limit that the server is to keep helps then."""
    pid, start = backend(url), time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    try:
        store.write(full_change(2))  # by a new connection, once the old one was given up
    finally:
        os.kill(pid, signal.SIGCONT)
    assert 5 < time.monotonic() - start < 20
    assert store.newest() == revision(2)


def test_a_migration_may_take_its_time(url: str) -> None:
    """Else a large one would be begun again and again."""
    database = Postgres(url, patience=0.5)
    engine = database.connect()
    with database.bounded(), engine.begin() as connection:
        database.unbind(connection)
        assert connection.exec_driver_sql("SELECT pg_sleep(1)").first() is not None
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "0"
    with pytest.raises(OperationalError), database.bounded(), engine.begin() as connection:
        connection.exec_driver_sql("SELECT pg_sleep(1)")
    engine.dispose()


def test_a_writer_that_does_not_end_is_not_waited_for(store: Store, url: str) -> None:
    """What is there can be read all the while."""
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE gateway_revisions IN SHARE MODE")
        with pytest.raises(StoreError, match="PostgreSQL: canceling statement due to statement timeout"):
            store.write(full_change(2))
        assert store.newest() == revision(1)
    store.write(full_change(2))


@pytest.mark.parametrize("right", ["LOGIN", "ALL"])
def test_a_user_without_rights(store: Store, url: str, right: str) -> None:
    """Given them, it can."""
    name = f"limited_{os.urandom(4).hex()}"
    limited = Store(url.replace("//gateway:", f"//{name}:"))
    rights = {"LOGIN": f"ALTER ROLE {name} LOGIN", "ALL": f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}"}
    missing = rights.pop(right)
    with psycopg.connect(url, autocommit=True) as admin:
        for statement in (f"CREATE ROLE {name} PASSWORD '{PASSWORD}'", *rights.values()):
            admin.execute(statement.encode())
        with pytest.raises(StoreError, match=r"is not permitted to log in|permission denied for table gateway_"):
            limited.write(full_change(2))
        admin.execute(missing.encode())
        limited.write(full_change(2))
        limited.close()
        admin.execute(f"DROP OWNED BY {name}".encode())
        admin.execute(f"DROP ROLE {name}".encode())


def test_a_backup_is_the_servers_own_business(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="pg_dump"):
        store.backup(tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []


def test_a_dump_can_be_put_back(postgres: Server, store: Store, url: str) -> None:
    """By the documented commands."""
    dump = subprocess.run([program("pg_dump"), "--table=gateway_*", url], capture_output=True, check=True).stdout
    store.write(full_change(2))
    other = postgres.new_database()
    subprocess.run([program("psql"), "-q", "-v", "ON_ERROR_STOP=1", other], input=dump, capture_output=True, check=True)
    restored = Store(other)
    assert restored.newest() == revision(1)
    restored.write(Change(revision=revision(2)))
    restored.close()
