"""Starts that are refused: one clear line, exit code 1, and nothing left behind."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.gateway import Gateway, config
from tests.support.kernel import free_port

URL = "http://127.0.0.1:1"


def refused(folder: Path, settings: dict[str, Any], **environment: str) -> str:
    """What a start that ends with 1 says: one line on standard error."""
    file = folder / "gateway.yaml"
    addresses = {"listen": [f"127.0.0.1:{free_port()}"], "admin": {"listen": f"127.0.0.1:{free_port()}"}}
    file.write_text(json.dumps({**addresses, **settings}))
    temporary = folder / "temporary"
    temporary.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "serve", "--config", str(file)],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "TMPDIR": str(temporary), **environment},
    )
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert list(temporary.iterdir()) == [], "something was left behind"
    lines = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.parametrize("side", ["listen", "admin"])
def test_a_second_gateway_on_the_same_address_is_refused(tmp_path: Path, side: str) -> None:
    with Gateway(config(URL)) as gateway:
        taken = {"listen": gateway.port, "admin": gateway.admin_port}[side]
        address = f"127.0.0.1:{taken}"
        section: dict[str, Any] = {"listen": {"listen": [address]}, "admin": {"admin": {"listen": address}}}[side]
        line = refused(tmp_path, config(URL, **section))
        assert line == f"gateway: another gateway or program already listens on {address}"
        with gateway.connect() as client:
            assert client.get("/livez").status == 200


def test_an_unknown_host_is_refused(tmp_path: Path) -> None:
    line = refused(tmp_path, config(URL, listen=["no-such-host.invalid:8080"]))
    assert line == "gateway: cannot listen on no-such-host.invalid:8080: unknown host 'no-such-host.invalid'"


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    line = refused(tmp_path, config(URL, listen=["192.0.2.1:8080"]))
    assert line == "gateway: cannot listen on 192.0.2.1:8080: this machine has no such address"


@pytest.mark.parametrize("content", [None, "", "not a certificate"])
def test_bad_tls_files_are_refused(tmp_path: Path, content: str | None) -> None:
    for name in ("cert.pem", "key.pem"):
        if content is not None or name == "key.pem":
            (tmp_path / name).write_text(content or "")
    tls = {"cert": str(tmp_path / "cert.pem"), "key": str(tmp_path / "key.pem")}
    line = refused(tmp_path, config(URL, listen=[{"address": f"127.0.0.1:{free_port()}", "tls": tls}]))
    assert "listen[0].tls" in line
    assert "cert.pem" in line


def test_a_place_for_temporary_files_that_is_too_deep_is_refused(tmp_path: Path) -> None:
    """The socket between the processes has a path of at most 107 bytes."""
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    line = refused(tmp_path, config(URL), TMPDIR=str(deep))
    assert line.endswith("is too long for a socket; set TMPDIR to a shorter one")
    assert list(deep.iterdir()) == []


def test_all_addresses_include_the_one_that_is_taken(tmp_path: Path) -> None:
    """0.0.0.0 would share the port with the gateway on 127.0.0.1, if that were allowed."""
    settings = config(URL)
    with Gateway(settings) as gateway:
        line = refused(tmp_path, {**settings, "listen": [f"0.0.0.0:{gateway.port}"]})
        assert line == f"gateway: another gateway or program already listens on 0.0.0.0:{gateway.port}"
