"""A real PostgreSQL server for the tests: in a folder of its own, on a free port, no service of the system."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path

import psycopg

from tests.support.kernel import free_port

PASSWORD = "s3cret-of-the-store"
_NOBODY = 65534
_NUMBERS = count(1)


def program(name: str) -> str:
    """One of PostgreSQL's programs; Debian keeps them out of the way."""
    places = [shutil.which(name), *sorted(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), reverse=True)]
    found = next((each for each in places if each), None)
    assert found is not None, (
        f"{name} of PostgreSQL is missing; on Debian: apt-get install postgresql (or .ci/packages)"
    )
    return found


def unprivileged() -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []


class Server:
    """Started and stopped as often as a test likes; its data stay until `remove`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        (self.folder / "password").write_text(PASSWORD)
        if os.geteuid() == 0:
            os.chown(self.folder, _NOBODY, _NOBODY)
        self._run("initdb", "-U", "gateway", "-A", "scram-sha-256", "--pwfile", str(self.folder / "password"), "-N")

    def _run(self, name: str, *options: str) -> None:
        command = [*unprivileged(), program(name), "-D", str(self.folder / "data"), *options]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, env=os.environ | {"LC_ALL": "C.UTF-8"})
        assert done.returncode == 0, done.stderr

    def url(self, database: str = "postgres", *, password: str = PASSWORD) -> str:
        return f"postgresql://gateway:{password}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The URL of an empty one."""
        name = f"test_{next(_NUMBERS)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def new_schema(self) -> str:
        """The URL of an empty one; quicker than a database."""
        name = f"test_{next(_NUMBERS)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
        return f"{self.url()}?options=-csearch_path%3D{name}"

    def start(self) -> None:
        """Answers calls when this returns."""
        fast = ["-F", "-c", "shared_buffers=16MB", "-c", "max_connections=30", "-c", "log_min_messages=panic"]
        where = ["-D", str(self.folder / "data"), "-k", str(self.folder), "-h", "127.0.0.1", "-p", str(self.port)]
        command = [*unprivileged(), program("postgres"), *where, *fast]
        self.process = subprocess.Popen(command, cwd="/", stderr=subprocess.DEVNULL)
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + 30
        while not self._answers():
            assert time.monotonic() < deadline, "the PostgreSQL server does not answer"
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url()).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Ends it at once, as a crash would; it goes over its log when it starts again."""
        assert self.process is not None
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(30)

    def remove(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder)
