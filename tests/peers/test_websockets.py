"""The `websockets` library through an upgrade: server behind, client before the gateway."""

import asyncio
import os
import threading
from collections.abc import Iterator, Sequence

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.typing import Subprotocol

from tests.support.gateway import Gateway, config


def first_offered(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return next(iter(offered), None)


class Echo:
    """A server that says every message back, with its own thread; `bye` makes it close."""

    def __init__(self) -> None:
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        async with serve(self._echo, "127.0.0.1", 0, max_size=1 << 26, select_subprotocol=first_offered) as server:
            self.port = server.sockets[0].getsockname()[1]
            self._ready.set()
            await self._end.wait()

    async def _echo(self, connection: ServerConnection) -> None:
        async for message in connection:
            if message == "bye":
                await connection.close(4001, "as you wish")
                return
            await connection.send(message)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    echo = Echo()
    with Gateway(config(f"http://127.0.0.1:{echo.port}")) as running:
        yield running
    echo.close()


def url(gateway: Gateway) -> str:
    return f"ws://127.0.0.1:{gateway.port}/v1/realtime?model=x"


async def test_text_and_binary_messages(gateway: Gateway) -> None:
    """Both ways, in order, empty and not."""
    messages = ["hello", b"\x00\xff", "", "ünï", b""]
    async with connect(url(gateway), max_size=None) as socket:
        for message in messages:
            await socket.send(message)
        assert [await socket.recv() for _ in messages] == messages


async def test_large_messages_in_both_directions_at_once(gateway: Gateway) -> None:
    """Eight MiB each, compression off, so that every byte passes the tunnel."""
    messages = [os.urandom(8 << 20) for _ in range(3)]
    async with connect(url(gateway), max_size=None, compression=None) as socket:
        sending = asyncio.create_task(send_all(socket, messages))
        assert [await socket.recv() for _ in messages] == messages
        await sending


async def send_all(socket: ClientConnection, messages: list[bytes]) -> None:
    for message in messages:
        await socket.send(message)


async def test_subprotocol_and_headers_pass(gateway: Gateway) -> None:
    """What client and server agree on is theirs; the answer names the variant."""
    async with connect(url(gateway), subprotocols=[Subprotocol("tokens")]) as socket:
        assert socket.subprotocol == "tokens"
        assert socket.response is not None
        assert socket.response.headers["x-gateway-variant"] == "model"


async def test_pings_are_answered_by_the_model_server(gateway: Gateway) -> None:
    async with connect(url(gateway)) as socket:
        answered = await socket.ping()
        assert await asyncio.wait_for(answered, 5) >= 0


async def test_the_servers_close_reaches_the_client(gateway: Gateway) -> None:
    """Its code and its reason."""
    async with connect(url(gateway)) as socket:
        await socket.send("bye")
        with pytest.raises(ConnectionClosedError) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "as you wish")


@pytest.mark.parametrize("last_word", ["hello", "bye"])
async def test_nothing_is_left_of_a_closed_connection(gateway: Gateway, last_word: str) -> None:
    """Whichever side closes first, both connections end and the request is over."""
    async with connect(url(gateway)) as socket:
        await socket.send(last_word)
        await socket.wait_closed() if last_word == "bye" else await socket.recv()
    async with asyncio.timeout(5):
        while gateway.total("gateway_connections") + gateway.total("gateway_in_flight_requests"):
            await asyncio.sleep(0.05)


async def test_a_hundred_connections_at_once(gateway: Gateway) -> None:
    """Each hears only itself."""

    async def talk(number: int) -> bool:
        async with connect(url(gateway)) as socket:
            for turn in range(5):
                await socket.send(f"{number}-{turn}")
                if await socket.recv() != f"{number}-{turn}":
                    return False
        return True

    assert all(await asyncio.gather(*map(talk, range(100))))


async def test_a_model_that_is_away_refuses_the_upgrade() -> None:
    with Gateway(config("http://127.0.0.1:9")) as broken:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(url(broken)):
                pass
        assert refused.value.response.status_code == 502
