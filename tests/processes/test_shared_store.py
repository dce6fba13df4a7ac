"""Two gateways, as on two machines, with one configuration and one PostgreSQL database."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeVar

import pytest

from tests.processes.changes import api, put, rename_over, revision, status, version, versioned
from tests.store.server import Server
from tests.support.gateway import Gateway, config
from tests.support.kernel import free_port
from tests.support.origin import Origin

T = TypeVar("T")
Until = Callable[[Callable[[], T], str], T]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    try:
        running.start()
        yield running
    finally:
        running.remove()


@pytest.fixture
def gateways(server: Server) -> Iterator[tuple[Gateway, Gateway]]:
    """One after the other, so that the first makes the first revision."""
    with Origin() as origin, ExitStack() as stack:
        settings = config(
            origin.url,
            listen=["127.0.0.1:${env:PORT}"],
            admin={"listen": "127.0.0.1:${env:ADMIN_PORT}"},
            store="${env:STORE}",
        )
        url = server.new_schema()
        yield stack.enter_context(begun(settings, url)), stack.enter_context(begun(settings, url))


def begun(settings: dict[str, Any], store: str) -> Gateway:
    port, admin_port = free_port(), free_port()
    env = {"PORT": str(port), "ADMIN_PORT": str(admin_port), "STORE": store}
    gateway = Gateway(settings, port=port, env=env, ready=False)
    gateway.admin_port = admin_port
    gateway.wait_ready()
    return gateway


def test_what_is_changed_at_one_is_in_force_at_both(gateways: tuple[Gateway, Gateway], until: Until[Any]) -> None:
    one, two = gateways
    assert (revision(one), revision(two)) == (1, 1)
    put(one, versioned(one, "2"))
    until(lambda: version(two) == "2", "the other to follow")
    assert (revision(one), revision(two)) == (2, 2)
    api(two).call("PUT", "routes", "all", "split", body={"split": {"model": 7}, "reason": "at the other"})
    until(lambda: status(one)["overrides"], "the first to follow")
    put(two, versioned(two, "3"), match=2)
    until(lambda: version(one) == "3", "the first to follow again")
    for each in (one, two):
        rename_over(each.file, versioned(each, "4"))
    until(lambda: version(one) == version(two) == "4", "the file of both")
    assert (revision(one), revision(two)) == (4, 4)
    assert [each["revision"] for each in api(two).get("revisions")["items"]] == [4, 3, 2, 1]
    until(lambda: api(one).get("events")["items"] == api(two).get("events")["items"], "the same events at both")
    ids = [each["id"] for each in api(one).get("events")["items"]]
    assert ids == list(range(1, len(ids) + 1))
