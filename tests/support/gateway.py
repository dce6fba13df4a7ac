"""The installed `gateway` command as a process: started with a configuration, watched, ended, judged.

It knows the command line, the serving port and the admin port, and nothing of the package's inside.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

from tests.support import kernel
from tests.support.client import Client

START = 30.0
"""Seconds a start may take on a machine that is busy with other things."""
STOP = 45.0

Config = dict[str, Any]


def config(url: str | list[str], **sections: object) -> Config:
    """The smallest configuration: every path goes to one variant, `model`.

    Sections are added; `variant` and `route` into the only ones. Its breaker is off: a test's model may do as it likes.
    """
    endpoints = [url] if isinstance(url, str) else url
    variant = {"endpoints": endpoints, "breaker": {"mode": "disabled"}, **_mapping(sections.pop("variant", {}))}
    route = {"match": {"path": "/*"}, "split": {"model": 1}, **_mapping(sections.pop("route", {}))}
    return {"workers": 1, "variants": {"model": variant}, "routes": {"all": route}, **sections}


def _mapping(value: object) -> Mapping[str, object]:
    assert isinstance(value, Mapping)
    return value


class Gateway:
    """One running gateway in a folder of its own."""

    def __init__(
        self, settings: Config, *, port: int | None = None, env: Mapping[str, str] | None = None, ready: bool = True
    ) -> None:
        """Start it; `port` is one of the settings' own `listen`, where they have it."""
        self._folder = tempfile.TemporaryDirectory(prefix="gateway-test-")
        self.folder = Path(self._folder.name)
        self.port = port or kernel.free_port()
        self.admin_port = kernel.free_port()
        self.file = self.folder / "gateway.yaml"
        self.file.write_text(self._text(settings))
        self._output = (self.folder / "stdout").open("wb")
        self._errors = (self.folder / "stderr").open("wb")
        self._env = {**os.environ, **(env or {})}
        self.process = self._start()
        if ready:
            self.wait_ready()

    def _text(self, settings: Config) -> str:
        admin = {"listen": f"127.0.0.1:{self.admin_port}", **settings.get("admin", {})}
        return json.dumps({"listen": [f"127.0.0.1:{self.port}"], **settings, "admin": admin}, indent=2)

    def tell(self, settings: Config) -> None:
        """Put other settings in force by the admin side; what needs a restart must be as it was."""
        body = self._text(settings).encode()
        url = f"http://127.0.0.1:{self.admin_port}/api/v1/config"
        with urllib.request.urlopen(
            urllib.request.Request(url, body, {"Content-Type": "application/yaml"}, method="PUT"), timeout=30
        ) as answer:
            assert answer.status == 200

    def _start(self, *options: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve", "--config", str(self.file), *options],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._errors,
            env=self._env,
            cwd=self.folder,
        )

    def end(self, *, kill: bool = False) -> None:
        """End it, with a drain or by a signal to all of it; its folder stays."""
        if self.process.poll() is None:
            everybody = [*kernel.children(self.process.pid), self.process.pid]
            for pid in everybody if kill else [self.process.pid]:
                os.kill(pid, signal.SIGKILL if kill else signal.SIGTERM)
            self.process.wait(STOP)

    def restart(self, *options: str, kill: bool = False, ready: bool = True) -> None:
        """End it where it still runs, and start it anew in the same folder."""
        self.end(kill=kill)
        self.process = self._start(*options)
        if ready:
            self.wait_ready()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            self.stop()
        else:
            self.kill()

    @property
    def stderr(self) -> str:
        """What it has said so far."""
        return (self.folder / "stderr").read_text(errors="replace")

    @property
    def stdout(self) -> str:
        """What it has printed so far."""
        return (self.folder / "stdout").read_text(errors="replace")

    @property
    def workers(self) -> list[int]:
        """The serving processes."""
        return sorted(pid for pid, line in kernel.children(self.process.pid).items() if "gateway.proxy" in line)

    @property
    def worker(self) -> int:
        """The only serving process."""
        (pid,) = self.workers
        return pid

    def connect(self) -> Client:
        """A connection to the serving port."""
        return Client(self.port)

    def metrics(self) -> dict[str, float]:
        """Every sample of one scrape, by its name with labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        samples = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, value in samples}

    def total(self, name: str) -> float:
        """A metric added up over all its labels."""
        return sum(value for sample, value in self.metrics().items() if sample.partition("{")[0] == name)

    def wait_ready(self) -> None:
        """Return when both ports answer; fails with what it said when it ends instead."""
        give_up = time.monotonic() + START
        while not (_answers(self.port, "/readyz") and _answers(self.admin_port, "/livez")):
            if self.process.poll() is not None:
                said = self.stderr
                self._clean()
                raise AssertionError(f"the gateway ended at its start:\n{said}")
            if time.monotonic() > give_up:
                said = self.stderr
                self.kill()
                raise TimeoutError(f"the gateway was not ready in {START} s:\n{said}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it as an operator does, and see that it ends well: exit code 0, no traceback, no process left."""
        left = list(kernel.children(self.process.pid)) if self.process.poll() is None else []
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP)
        except subprocess.TimeoutExpired:
            said = self.stderr
            self.kill()
            raise AssertionError(f"the gateway does not end:\n{said}") from None
        said = self.stderr
        self._clean()
        assert code == 0, f"exit code {code}:\n{said}"
        assert "Traceback" not in said, said
        assert "Exception" not in said, said
        assert not [pid for pid in left if Path(f"/proc/{pid}").exists()], "a process was left behind"

    def kill(self) -> None:
        """End it and its children whatever their state."""
        for pid in [*kernel.children(self.process.pid), self.process.pid] if self.process.poll() is None else []:
            os.kill(pid, signal.SIGKILL)
        self.process.wait(STOP)
        self._clean()

    def _clean(self) -> None:
        self._output.close()
        self._errors.close()
        self._folder.cleanup()


Told = Callable[[Config], AbstractContextManager[Gateway]]
"""A gateway that is told of a configuration, rather than started with it."""


def _answers(port: int, path: str) -> bool:
    try:
        with Client(port) as client:
            return client.get(path).status == 200
    except OSError:
        return False
