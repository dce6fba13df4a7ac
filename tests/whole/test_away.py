"""PostgreSQL away: the database is stopped and started again while the gateway serves and is changed.

Meanwhile every change is in force and said not to be kept; afterwards all of them are kept, in their order. In full it
goes away several times, for many changes.
"""

from collections.abc import Iterator

import pytest

from tests.processes.changes import api, put, status, version, versioned
from tests.processes.conftest import until
from tests.store.server import PASSWORD, Server
from tests.support.gateway import Gateway, config
from tests.support.origin import Origin
from tests.whole.scale import sized, tell

TIMES = sized(1, 6)
CHANGES = sized(3, 30)
"""While it is away, each time."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    found = Server()
    try:
        found.start()
        yield found
    finally:
        found.remove()


def change(gateway: Gateway, texts: dict[int, str], *, kept: bool) -> None:
    """One more revision; it is in force whether it is kept or not."""
    text = versioned(gateway, f"v{len(texts) + 1}")
    outcome = put(gateway, text)
    number = outcome["revision"]
    assert number == len(texts) + 1
    assert (outcome["kept"], status(gateway)["kept"]) == (kept, kept)
    assert version(gateway) == f"v{number}"
    assert api(gateway).get("revisions", number)["kept"] is kept
    texts[number] = text


def set_split(gateway: Gateway, weight: int) -> None:
    body = {"split": {"model": weight}, "reason": "tried"}
    api(gateway).call("PUT", "routes", "all", "split", body=body)


def kinds(gateway: Gateway) -> list[str]:
    return [each["kind"] for each in api(gateway).get("events", limit=500)["items"]]


@pytest.mark.timeout(sized(90, 600))
def test_nothing_is_lost_while_the_database_is_away(server: Server) -> None:
    store = f"postgresql://gateway:${{env:STORE_PASSWORD}}@127.0.0.1:{server.port}/postgres"
    with Origin() as origin, Gateway(config(origin.url, store=store), env={"STORE_PASSWORD": PASSWORD}) as gateway:
        texts = {1: gateway.file.read_text()}
        for turn in range(1, TIMES + 1):
            change(gateway, texts, kept=True)
            server.stop()
            for _ in range(CHANGES):
                change(gateway, texts, kept=False)
            set_split(gateway, turn)
            assert gateway.metrics()["gateway_store_waiting"] >= CHANGES
            server.start()
            until(lambda: status(gateway)["kept"], "everything to be kept")
            until(lambda turn=turn: kinds(gateway).count("store_back") == turn, "the event that says so")
        gateway.restart(kill=True)
        items = api(gateway).get("revisions", limit=500)["items"]
        assert {each["revision"]: each["kept"] for each in items} == dict.fromkeys(texts, True)
        for number, text in texts.items():
            assert api(gateway).get("revisions", number)["yaml"] == text
        assert version(gateway) == f"v{len(texts)}"
        assert [each["split"] for each in status(gateway)["overrides"]] == [{"model": TIMES}]
        assert [kinds(gateway).count(kind) for kind in ("store_lost", "store_back")] == [TIMES, TIMES]
        shown = [api(gateway).get("events", limit=500), api(gateway).get("status"), gateway.metrics()]
        told = gateway.stderr + gateway.stdout + str(shown)
        assert PASSWORD not in told
        tell(f"{len(texts)} revisions, {CHANGES} at a time without the database, {TIMES} times: all kept, none lost")
