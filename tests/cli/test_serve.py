"""`gateway serve`: what is said at the start, and starts that are refused."""

from pathlib import Path

import pytest

from tests.support.command import EXAMPLE, example, spawn
from tests.support.gateway import Gateway, config
from tests.support.kernel import free_port


def test_faults_end_the_start(tmp_path: Path) -> None:
    file = example(tmp_path, EXAMPLE.replace("fraud-4: 5}", "fraud-5: 5}"))
    done = spawn("serve", "--config", file)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{file}:13:26: routes.fraud.split.fraud-5: ")
    assert done.stderr.count("\n") == 1


def test_warnings_are_said_once() -> None:
    settings = config("http://127.0.0.1:1")
    settings["segments"] = {"nobody": {"header": "x-tier", "exists": True}}
    with Gateway(settings) as gateway:
        said = gateway.stderr
    assert said.count("segments.nobody: ") == 1


@pytest.mark.parametrize("side", ["listen", "admin"])
def test_an_address_in_use_is_one_line(tmp_path: Path, side: str) -> None:
    """A second gateway on the same port, be it the public or the admin one."""
    with Gateway(config("http://127.0.0.1:1")) as gateway:
        taken = {"listen": gateway.port, "admin": gateway.admin_port}[side]
        ports = {"listen": free_port(), "admin": free_port(), side: taken}
        text = EXAMPLE.replace(":8080", f":{ports['listen']}") + f"admin: {{listen: '127.0.0.1:{ports['admin']}'}}\n"
        done = spawn("serve", "--config", example(tmp_path, text))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert f"127.0.0.1:{taken}" in done.stderr
