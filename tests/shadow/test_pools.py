"""Who is called: every kind of endpoint, the balance between them, and what becomes of connections."""

import asyncio
import ssl
import threading
from pathlib import Path

import pytest
import trustme

from gateway.core.model import UpstreamTls, Variant
from gateway.shadow.errors import UncomparedError
from gateway.shadow.exchange import Clocks, Reply, exchange
from gateway.shadow.patience import Patience
from gateway.shadow.pools import Pool, Pools, Shared
from gateway.shadow.requests import Request
from gateway.wire.outbox import Outbox
from tests.shadow.stage import PATIENCE, variant
from tests.support.http1 import Request as Asked
from tests.support.origin import Connection, Origin, reply

CLOCKS = Clocks(connect=1.0, total=3.0)
GET = Request(b"GET", b"/x", (), b"")


async def read(answer: Reply) -> bytes:
    return b"".join([piece async for piece in answer.pieces()])


async def ask(pool: Pool) -> bytes:
    return await exchange(pool, GET, CLOCKS, read)


async def test_a_unix_socket_is_called(tmp_path: Path) -> None:
    """Its Host is localhost."""
    pools = Pools(Patience())
    with Origin(path=tmp_path / "model.sock") as model:
        assert await ask(pools.of(variant("v", model.url))) == b"answer to /x"
        pools.close()
        assert model.requests[0].one("host") == b"localhost"


async def test_a_name_is_called_by_its_addresses() -> None:
    """The Host is the name."""
    pools = Pools(Patience())
    with Origin() as model:
        assert await ask(pools.of(variant("v", f"http://localhost:{model.port}"))) == b"answer to /x"
        pools.close()
        assert model.requests[0].one("host") == f"localhost:{model.port}".encode()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def context(authority: trustme.CA, name: str, *, clients: bool = False) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(made)
    if clients:
        authority.configure_trust(made)
        made.verify_mode = ssl.CERT_REQUIRED
    return made


async def test_tls_is_spoken_as_the_variant_says(tmp_path: Path, authority: trustme.CA) -> None:
    """Its own authority and server name, a certificate of its own, or no questions asked; else it is not reached."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("gateway.test").private_key_and_cert_chain_pem.write_to_path(tmp_path / "own.pem")
    ca, own = str(tmp_path / "ca.pem"), str(tmp_path / "own.pem")
    good = UpstreamTls(ca=ca, cert=own, key=own, server_name="model.test")
    outcomes: dict[UpstreamTls, object] = {
        good: b"answer to /x",
        UpstreamTls(cert=own, key=own, verify=False): b"answer to /x",
        UpstreamTls(ca=ca, cert=own, key=own): ("error", "connect"),
        UpstreamTls(ca=str(tmp_path / "missing.pem")): ("error", "connect"),
    }
    pools = Pools(Patience())
    with Origin(tls=context(authority, "model.test", clients=True)) as model:
        for tls, outcome in outcomes.items():
            try:
                found: object = await ask(pools.of(variant("v", model.url, tls=tls)))
            except UncomparedError as error:
                found = error.args
            assert found == outcome, tls
        pools.close()


async def test_endpoints_take_turns_or_the_one_with_less_to_do_is_next() -> None:
    """As the variant says."""
    pools = Pools(Patience())
    with Origin() as one, Origin() as other:
        turns = variant("v", one.url, other.url, balance="round_robin")
        for _ in range(6):
            await ask(pools.of(turns))
        assert (len(one.requests), len(other.requests)) == (3, 3)
        go = threading.Event()

        def wait(connection: Connection, request: Asked) -> None:
            go.wait(PATIENCE)
            connection.send(reply(b"late"))

        one.answer = wait
        pool = pools.of(variant("v", one.url, other.url))
        waiting: set[asyncio.Task[bytes]] = set()
        while len(one.requests) == 3:
            waiting.add(asyncio.create_task(ask(pool)))
            await asyncio.wait(waiting, timeout=0.1)
        for _ in range(10):
            assert await ask(pool) == b"answer to /x"
        assert len(one.requests) == 4
        go.set()
        assert {task.result() for task in (await asyncio.wait(waiting))[0]} <= {b"late", b"answer to /x"}
        pools.close()


async def test_an_endpoint_that_failed_just_now_is_chosen_last() -> None:
    """It refuses, the other one is well."""
    pools = Pools(Patience())
    with Origin() as model:
        pool = pools.of(variant("v", "http://127.0.0.1:1", model.url, balance="round_robin"))
        outcomes = []
        for _ in range(6):
            try:
                outcomes.append(await ask(pool))
            except UncomparedError as error:
                outcomes.append(error.why.encode())
        pools.close()
    assert outcomes == [b"connect", *[b"answer to /x"] * 5]


async def test_a_variant_that_did_not_change_keeps_its_connections() -> None:
    """One that did gets others, and the old ones end once nothing is in flight."""
    pools = Pools(Patience())
    with Origin() as model:
        same = variant("v", model.url)
        for _ in range(3):
            await ask(pools.of(same))
        assert len(model.connections) == 1
        await ask(pools.of(variant("v", model.url, version="2")))
        assert len(model.connections) == 2
        await _gone(model, 0)
        pools.keep(frozenset({"other"}))
        await _gone(model, 1)


async def test_what_is_in_flight_ends_where_it_began() -> None:
    """Though its variant has changed meanwhile."""
    pools = Pools(Patience())
    go = threading.Event()

    def wait(connection: Connection, request: Asked) -> None:
        go.wait(PATIENCE)
        connection.send(reply(b"late"))

    with Origin() as model:
        model.answer = wait
        task = asyncio.create_task(ask(pools.of(variant("v", model.url))))
        await asyncio.to_thread(model.wait_heads, 1)
        pools.keep(frozenset())
        go.set()
        assert await task == b"late"
        await _gone(model, 0)


async def test_a_pool_that_was_left_calls_nobody() -> None:
    """Who waited for it is told so."""
    pool = Pool(Variant("v", ()), Shared(Outbox(asyncio.get_running_loop()), Patience()))
    pool.leave()
    with pytest.raises(UncomparedError) as caught:
        pool.choose()
    assert caught.value.args == ("ignored", "gone")


async def _gone(model: Origin, number: int) -> None:
    """That connection has ended."""
    assert await asyncio.to_thread(model.connections[number].gone.wait, PATIENCE)
