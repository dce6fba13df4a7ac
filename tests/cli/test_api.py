"""What a command says when the admin side is away, refuses, or is none."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.cli.api import Api, ApiError
from gateway.config.settings import Role
from tests.cli.standin import StandIn
from tests.support.command import run
from tests.support.kernel import free_port

ROLES: tuple[Role, ...] = ("viewer", "operator", "admin")
TOKENS = {role: f"{role}-0123456789abcdef" for role in ROLES}
CHANGES = [("disable", "fraud-4", "--why", "x"), ("enable", "fraud-4"), ("switch", "fraud", "--to", "fraud-4")]


@contextmanager
def server(*replies: bytes) -> Iterator[str]:
    """One that answers each connection with the next of these bytes, whatever it is asked, and closes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for reply in replies:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(reply)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
        thread.join(10)


def reply(body: bytes, *fields: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}", "", ""]).encode() + body


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """An admin side with a token for each role."""
    monkeypatch.delenv("GATEWAY_TOKEN", raising=False)
    with StandIn(tmp_path, tokens=TOKENS) as standin:
        monkeypatch.setenv("GATEWAY_ADMIN", standin.url)
        yield standin


def failed(*arguments: str | Path, **env: str) -> str:
    """The line that a command ends with; it is one, and there is no other output."""
    done = run(*arguments, env=env)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("gateway: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.parametrize("command", [("status",), ("overrides",), ("revisions",), ("events",), ("events", "--follow")])
def test_nobody_is_there(command: tuple[str, ...]) -> None:
    line = failed(*command, "--admin", f"http://127.0.0.1:{free_port()}")
    assert "cannot reach the admin side at http://127.0.0.1:" in line
    assert "Connection refused; is the gateway running" in line


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b"])
def test_a_name_that_leads_nowhere(host: str) -> None:
    assert f"cannot reach the admin side at http://{host}:9090: " in failed("status", "--admin", f"{host}:9090")


def test_a_server_that_does_not_answer_is_waited_for_so_long_and_no_longer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        api = Api(f"http://127.0.0.1:{listener.getsockname()[1]}", within=0.2)
        with pytest.raises(ApiError, match="it does not answer in time"):
            api.get("status")


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (reply(b"<html>"), "it answers 200 OK"),
        (reply(b'{"revision": 1}'), "it answers 200 OK"),
        (reply(b'{"error": {"code": "no_route"}}', status="404 Not Found"), "it answers 404 Not Found"),
        (reply(b"", status="502 Bad Gateway"), "it answers 502 Bad Gateway"),
        (reply(b"", "Location: https://x.example/", status="301 Moved"), "it sends on to https://x.example/"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "speaks no HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x16", "speaks no HTTP"),
    ],
)
def test_what_is_no_admin_side_is_called_so(sent: bytes, says: str) -> None:
    with server(sent) as url:
        line = failed("status", "--admin", url)
    assert f"{url} does not answer as a gateway's admin side: " in line
    assert says in line


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"])
def test_an_answer_that_breaks_off(sent: bytes) -> None:
    with server(sent) as url:
        assert f"no answer from {url}: " in failed("status", "--admin", url)


def test_a_change_without_an_answer_leaves_a_doubt_and_says_so() -> None:
    with server(b"") as url:
        assert "whether the change was made is not known" in failed("enable", "fraud-4", "--admin", url)


def test_a_token_is_missing_or_wrong(guarded: StandIn) -> None:
    assert "set GATEWAY_TOKEN, or name a file with it by --token-file" in failed("status")
    line = failed("status", GATEWAY_TOKEN="wrong-0123456789abcdef")
    assert "nobody has this token; check GATEWAY_TOKEN" in line
    assert "0123456789abcdef" not in line


def test_too_many_bad_tokens(guarded: StandIn) -> None:
    lines = [failed("status", GATEWAY_TOKEN="wrong") for _ in range(12)]
    assert "too many bad tokens came from this address; try again in " in lines[-1]


@pytest.mark.parametrize("command", CHANGES, ids=lambda words: words[0])
def test_a_role_that_does_not_reach(guarded: StandIn, command: tuple[str, ...]) -> None:
    done = run(*command, env={"GATEWAY_TOKEN": TOKENS["viewer"]})
    assert done.returncode == 1
    assert "gateway: this takes the role operator; the token viewer has the role viewer\n" in done.stderr


def test_an_operator_may_not_write_configuration(guarded: StandIn, tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"
    file.write_bytes(guarded.memory.revision.text)
    done = run("apply", file, "-m", "x", "--yes", env={"GATEWAY_TOKEN": TOKENS["operator"]})
    assert done.returncode == 1
    assert "this takes the role admin" in done.stderr


def test_a_token_in_a_file(guarded: StandIn, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKENS['viewer']}\n")
    assert run("status", "--token-file", file, env={"GATEWAY_TOKEN": "wrong"}).returncode == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot read the token from "),
        ("", "is empty"),
        ("two words", "holds no token"),
        ("\xe9", "holds no token"),
    ],
)
def test_a_token_file_that_holds_none(content: str | None, says: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    line = failed("status", "--token-file", file)
    assert says in line
    assert "two words" not in line


@pytest.mark.parametrize(
    "url",
    ["", "ftp://x", "http://", "http://x:99999", "http://u:secret@x", "http://x?y", "http://x y", "http://ä", "[::1"],
)
def test_an_address_that_is_none_is_bad_usage(url: str) -> None:
    done = run("status", "--admin", url)
    assert (done.returncode, done.stdout) == (2, "")
    assert "an address such as http://127.0.0.1:9090 is due" in done.stderr
    assert "secret" not in done.stderr


def test_an_address_may_stand_without_a_scheme_and_below_a_path(admin: StandIn) -> None:
    assert run("status", "--admin", admin.url.removeprefix("http://")).returncode == 0
    assert "there is nothing here" in failed("status", "--admin", f"{admin.url}/below/")


def test_for_machines_a_refusal_is_a_document(admin: StandIn) -> None:
    done = run("revisions", "99", "--json")
    assert (done.returncode, done.stderr) == (1, "")
    error = json.loads(done.stdout)["error"]
    assert (error["code"], error["message"]) == ("not_found", "there is no revision 99; the newest is 1")
    done = run("status", "--json", "--admin", f"127.0.0.1:{free_port()}")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (1, "unreachable")
