"""The configuration changed while the gateway serves: by its file, by a signal, by the admin API."""

import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from gateway.cli.api import ApiError
from tests.processes.changes import (
    api,
    ask,
    put,
    rename_over,
    revision,
    status,
    version,
    versioned,
    wait_version,
    write_slowly,
)
from tests.support.gateway import Gateway, config
from tests.support.origin import Origin

T = TypeVar("T")
Until = Callable[[Callable[[], T], str], T]
GOOD = {"differs": False, "faults": []}


@pytest.fixture(scope="module")
def shared_origin() -> Iterator[Origin]:
    with Origin() as server:
        yield server
        assert server.faults == []


@pytest.fixture(scope="module")
def shared_gateway(shared_origin: Origin) -> Iterator[tuple[Gateway, str]]:
    with Gateway(config(shared_origin.url)) as running:
        yield running, running.file.read_text()


@pytest.fixture
def gateway(shared_gateway: tuple[Gateway, str], until: Until[Any]) -> Gateway:
    """One for all tests, by its first text, which its file holds."""
    running, text = shared_gateway
    rename_over(running.file, text)
    until(lambda: status(running)["file"]["faults"] == [], "a file without faults")
    put(running, text)
    until(lambda: status(running)["file"] == GOOD, "the file's text in force")
    return running


def reloads(gateway: Gateway, result: str) -> float:
    return gateway.metrics()[f'gateway_reloads_total{{result="{result}"}}']


@pytest.mark.parametrize("write", [rename_over, write_slowly])
def test_a_changed_file_is_served_in_time(gateway: Gateway, write: Callable[[Path, str], None]) -> None:
    before, refused, text = revision(gateway), reloads(gateway, "refused"), versioned(gateway, "2")
    write(gateway.file, text)
    wait_version(gateway, "2")
    assert revision(gateway) == before + 1
    now = status(gateway)
    assert (now["revision"], now["kept"], now["file"]) == (before + 1, True, GOOD)
    found = api(gateway).get("revisions", before + 1)
    assert (found["author"], found["yaml"]) == ("file", text)
    assert reloads(gateway, "refused") == refused


def test_a_mounted_volume_of_kubernetes_is_watched(gateway: Gateway) -> None:
    """The file's name is a link by way of `..data`, which is replaced as a whole."""
    before = revision(gateway)
    for folder, text in (("..1", gateway.file.read_text()), ("..2", versioned(gateway, "2"))):
        (gateway.folder / folder).mkdir()
        (gateway.folder / folder / "gateway.yaml").write_text(text)
    data, following = gateway.folder / "..data", gateway.folder / "..data_tmp"
    data.symlink_to("..1")
    gateway.file.unlink()
    gateway.file.symlink_to("..data/gateway.yaml")
    following.symlink_to("..2")
    following.rename(data)
    shutil.rmtree(gateway.folder / "..1")
    wait_version(gateway, "2")
    assert revision(gateway) == before + 1


def test_a_broken_file_changes_nothing_and_is_shown(gateway: Gateway, until: Until[Any]) -> None:
    good, before, refused = gateway.file.read_text(), revision(gateway), reloads(gateway, "refused")
    rename_over(gateway.file, good.replace('"split"', '"splt"'))
    faults = until(lambda: status(gateway)["file"]["faults"], "the faults")
    assert any('did you mean "split"' in fault["message"] and fault["line"] > 1 for fault in faults)
    assert (status(gateway)["revision"], status(gateway)["file"]["differs"]) == (before, True)
    until(lambda: reloads(gateway, "refused") == refused + 1, "the refused reload counted")
    assert revision(gateway) == before
    rename_over(gateway.file, good)
    until(lambda: status(gateway)["file"] == GOOD, "a good file again")
    assert revision(gateway) == before


def test_a_file_that_is_gone_changes_nothing(gateway: Gateway, until: Until[Any]) -> None:
    before = revision(gateway)
    gateway.file.unlink()
    (fault,) = until(lambda: status(gateway)["file"]["faults"], "the fault")
    assert "cannot be read" in fault["message"]
    assert revision(gateway) == before


def test_sighup_looks_also_where_nothing_has_changed(gateway: Gateway, until: Until[Any]) -> None:
    before = reloads(gateway, "unchanged")
    gateway.process.send_signal(signal.SIGHUP)
    until(lambda: reloads(gateway, "unchanged") > before, "a look")
    rename_over(gateway.file, versioned(gateway, "2"))
    gateway.process.send_signal(signal.SIGHUP)
    wait_version(gateway, "2")


@pytest.mark.parametrize(
    ("section", "name"),
    [
        ({"workers": 3}, "workers"),
        ({"listen": ["127.0.0.1:1"]}, "listen"),
        ({"store": "sqlite:///other.db"}, "store"),
        ({"admin": {"listen": "127.0.0.1:2"}}, "admin.listen"),
    ],
)
def test_what_needs_a_restart_is_refused_by_name(gateway: Gateway, section: dict[str, Any], name: str) -> None:
    with pytest.raises(ApiError, match=name) as refused:
        put(gateway, versioned(gateway, "2", **section))
    assert refused.value.code == "needs_restart" or refused.value.status in {409, 422}
    assert version(gateway) == ""


def test_of_two_writers_the_second_is_told_who_was_first(gateway: Gateway) -> None:
    before = revision(gateway)
    put(gateway, versioned(gateway, "2"), match=before)
    with pytest.raises(ApiError) as stale:
        put(gateway, versioned(gateway, "3"), match=before)
    assert stale.value.status == 412
    assert version(gateway) == "2"


def test_what_no_worker_can_take_is_taken_back(gateway: Gateway) -> None:
    """Nobody is replaced by a worker that could not begin."""
    workers, before = gateway.workers, revision(gateway)
    with pytest.raises(ApiError, match="no worker can take it"):
        put(gateway, versioned(gateway, "2", access_log={"path": str(gateway.folder / "no" / "such" / "log")}))
    assert (version(gateway), revision(gateway)) == ("", before + 2)
    assert gateway.workers == workers
    newest, refused, *_ = api(gateway).get("revisions")["items"]
    assert (newest["author"], newest["message"]) == ("gateway", f"takes back revision {refused['revision']}")


def test_a_secret_in_a_file_is_taken_up_without_a_new_revision(gateway: Gateway, until: Until[Any]) -> None:
    """Nor is it told anywhere."""
    secret = gateway.folder / "secret"
    secret.write_text("first-secret")
    text = versioned(gateway, "${file:secret}")
    put(gateway, text)
    before = revision(gateway)
    assert version(gateway) == "first-secret"
    rename_over(secret, "other-secret")
    wait_version(gateway, "other-secret")
    assert revision(gateway) == before
    event = api(gateway).get("events")["items"][-1]
    assert (event["kind"], event["who"]) == ("reload_applied", "file")
    secret.unlink()
    until(lambda: status(gateway)["file"]["faults"], "the fault of a secret that is gone")
    assert version(gateway) == "other-secret"
    secret.write_text("third-secret")
    wait_version(gateway, "third-secret")
    assert ask(gateway).text("x-gateway-revision") == str(before)
    told = api(gateway).call("GET", "events").body.decode() + gateway.stderr
    assert not [value for value in ("first-secret", "other-secret", "third-secret") if value in told]


def test_more_connections_are_allowed_more_open_files_where_that_may_be(gateway: Gateway) -> None:
    """In the workers that serve; where it may not be, they say so."""
    _, hard = resource.prlimit(gateway.worker, resource.RLIMIT_NOFILE)
    resource.prlimit(gateway.worker, resource.RLIMIT_NOFILE, (600, hard))
    put(gateway, versioned(gateway, "2", limits={"connections": 400}))
    soft, _ = resource.prlimit(gateway.worker, resource.RLIMIT_NOFILE)
    assert soft == 400 + 400 + 256
    put(gateway, versioned(gateway, "3", limits={"connections": 2 * hard}))
    assert resource.prlimit(gateway.worker, resource.RLIMIT_NOFILE)[0] == hard
    assert f'"needed": {2 * hard + 1024 + 256}' in gateway.stderr
    assert version(gateway) == "3"
