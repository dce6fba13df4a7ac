"""What the commands that ask a gateway share: names for the tab key, and where the address comes from."""

import subprocess
import sys
import time
from socket import create_server

import pytest

from tests.cli.standin import StandIn
from tests.support.command import run, spawn


def completed(words: str, index: int, **env: str) -> list[str]:
    """What the shell is offered at a press of the tab key."""
    done = spawn(env={"_GATEWAY_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(index), **env})
    assert (done.returncode, done.stderr) == (0, "")
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "index", "expected"),
    [
        ("gateway disable ", 2, ["fraud-3", "fraud-4"]),
        ("gateway disable fraud-4", 2, ["fraud-4"]),
        ("gateway enable x", 2, []),
        ("gateway switch ", 2, ["fraud"]),
        ("gateway switch fraud --to ", 4, ["fraud-3", "fraud-4"]),
        ("gateway events --route ", 3, ["fraud"]),
    ],
)
def test_names_come_from_the_running_gateway(words: str, index: int, expected: list[str], admin: StandIn) -> None:
    assert completed(words, index) == expected


def test_the_address_on_the_line_counts(admin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_ADMIN", "127.0.0.1:1")
    assert completed(f"gateway disable --admin {admin.url} ", 4) == ["fraud-3", "fraud-4"]
    assert completed("gateway disable ", 2) == []
    assert completed("gateway disable ", 2, GATEWAY_ADMIN="no address") == []
    assert completed("gateway disable ", 2, GATEWAY_ADMIN=admin.url, GATEWAY_TOKEN="no token") == []


def test_a_gateway_that_does_not_answer_does_not_hold_up_the_shell() -> None:
    with create_server(("127.0.0.1", 0)) as listener:
        began = time.monotonic()
        assert completed("gateway disable ", 2, GATEWAY_ADMIN=f"127.0.0.1:{listener.getsockname()[1]}") == []
    assert 0.5 <= time.monotonic() - began < 5


def test_an_option_goes_before_the_environment(admin: StandIn) -> None:
    assert run("status", "--admin", admin.url, env={"GATEWAY_ADMIN": "127.0.0.1:1"}).returncode == 0


def test_a_command_starts_without_heavy_libraries() -> None:
    """So that a woken operator's first word is answered at once."""
    code = (
        "import sys; from importlib import import_module; from gateway.cli.app import COMMANDS\n"
        "asking = COMMANDS.keys() - {'serve', 'check', 'explain', 'schema', 'demo', 'plan', 'backup', 'compare'}\n"
        "[import_module(f'gateway.cli.{name}') for name in asking]\n"
        "print(*sorted({'pydantic', 'yaml', 'aiohttp', 'sqlalchemy', 'uvloop', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
