"""The command as a process: how it ends, where it writes, what it says when it is called wrongly."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway import __version__
from gateway.cli.app import COMMANDS
from tests.support.command import GATEWAY, example, run, spawn


def test_version() -> None:
    done = spawn("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"gateway {__version__}\n", "")


@pytest.mark.parametrize("arguments", [(), *((name,) for name in COMMANDS)], ids=" ".join)
def test_every_help_has_examples(arguments: tuple[str, ...]) -> None:
    done = run(*arguments, "--help")
    assert done.returncode == 0
    assert "Examples:\n" in done.stdout
    assert f"  gateway {' '.join(arguments)}" in done.stdout.partition("Examples:")[2]


def test_help_lists_every_command_and_loads_none() -> None:
    """The list comes from a table, so that it does not wait for libraries."""
    code = (
        "import sys; from gateway.cli.app import gateway, run\n"
        "sys.argv = ['gateway', '--help']; code = run(gateway)\n"
        "sys.exit(code or sorted({'pydantic', 'yaml', 'aiohttp', 'uvloop'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    for name, summary in COMMANDS.items():
        assert f"  {name}" in done.stdout
        assert summary in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("chekc",), "No such command 'chekc'"),
        (("check",), "Missing argument 'FILE'"),
        (("check", "--jsn", "x"), "No such option"),
        (("serve",), "Missing option '--config'"),
        (("explain", "x.yaml"), "Missing option '--path'"),
        (("explain", "x.yaml", "--path", "/", "--client", "here"), "'here' is not an IP address"),
        (("explain", "x.yaml", "--path", "/", "--header", "colon"), "'colon' is not a field"),
        (("explain", "x.yaml", "--path", "/", "--body", "no/such/file"), "No such file"),
        (("completion", "tcsh"), "'tcsh' is not one of"),
    ],
)
def test_bad_usage_ends_with_2_and_says_so(arguments: tuple[str, ...], says: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str) -> None:
    done = run("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert "_GATEWAY_COMPLETE" in done.stdout


@pytest.mark.parametrize(
    ("words", "index", "expected"),
    [
        ("gateway ch", "1", ["check"]),
        ("gateway explain --hea", "2", ["--header"]),
        ("gateway completion ", "2", ["bash", "zsh", "fish"]),
    ],
)
def test_the_shell_completes_commands_options_and_values(words: str, index: str, expected: list[str]) -> None:
    """What the script of `gateway completion bash` asks the command at each press of the tab key."""
    done = spawn(env={"_GATEWAY_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": index})
    assert [line.partition(",")[2] for line in done.stdout.splitlines()] == expected


def test_a_reader_that_leaves_ends_the_command_quietly() -> None:
    """`gateway schema | true`."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*GATEWAY, "schema"], stdout=writer, stderr=subprocess.PIPE, text=True, timeout=30)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*GATEWAY, "schema"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=30)
    assert done.returncode == 1
    assert done.stderr.startswith("gateway: ")
    assert done.stderr.count("\n") == 1


def test_closed_streams_are_no_reason_for_a_traceback() -> None:
    """`gateway check x >&- 2>&-` says nothing and still ends with its code."""
    done = subprocess.run(["/bin/sh", "-c", 'exec "$@" >&- 2>&-', "sh", *GATEWAY, "check", "no.yaml"], timeout=30)
    assert done.returncode == 1


def test_an_encoding_without_the_letters_gets_escapes(tmp_path: Path) -> None:
    name = tmp_path / "ünï.yaml"
    done = spawn("check", str(name), env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 1
    assert r"\xfcn\xef.yaml:1:1: " in done.stderr


def test_a_name_that_is_not_text_is_printed_as_well_as_can_be() -> None:
    done = spawn("check", b"\xff.yaml")
    assert done.returncode == 1
    assert ".yaml:1:1: " in done.stderr


def test_control_c_ends_with_130_and_no_traceback(tmp_path: Path) -> None:
    """Interrupted once it has opened a body that never comes."""
    fifo = tmp_path / "body"
    os.mkfifo(fifo)
    command = [*GATEWAY, "explain", str(example(tmp_path)), "--path", "/v1/fraud", "--body", str(fifo)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with fifo.open("wb"):  # waits until the command has opened it too
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, output) == (130, "")
    assert "Traceback" not in errors


def test_faults_are_red_on_a_terminal_only(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm"}
    command = [*GATEWAY, "check", str(tmp_path / "no.yaml")]
    assert subprocess.run(command, stderr=slave, env=environment, timeout=30).returncode == 1
    assert subprocess.run(command, stderr=slave, env=environment | {"NO_COLOR": "1"}, timeout=30).returncode == 1
    os.close(slave)
    red, plain = os.read(master, 1 << 16).decode().splitlines()
    os.close(master)
    assert red.startswith("\x1b[31m")
    assert "\x1b" not in plain
