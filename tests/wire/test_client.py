"""Connections toward models, from within: what one that asks over them may do, and the next one must not feel."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from gateway.wire.client import ClientConnection
from gateway.wire.connections import Address, Connections
from gateway.wire.fields import Field
from gateway.wire.outbox import Outbox
from gateway.wire.uptake import Uptake
from gateway.wire.whole import ReplyHead

PATIENCE = 10.0
REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
SIZE = 100_000


class Asker:
    """One that reads no further once a piece of the body has come."""

    is_head = is_upgrade = False

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.begun, self.ended = asyncio.Event(), asyncio.Event()
        self.size = 0
        connection.send(self, [REQUEST], whole=True, plain=True)

    def on_interim(self, status: int, reason: bytes, fields: list[Field]) -> None: ...

    def on_whole(self, head: ReplyHead, body: bytes) -> None:
        self.size += len(body)
        self.ended.set()

    def on_reply(self, uptake: Uptake) -> None:
        self._connection.reader = self
        self.begun.set()

    def on_reply_piece(self, data: bytes) -> None:
        self.size += len(data)
        if data:
            self._connection.hold(True)

    on_reply_body = on_reply_piece

    def on_reply_flush(self) -> None: ...

    def on_reply_end(self) -> None:
        self.ended.set()

    def on_reply_lost(self, why: str) -> None:
        raise AssertionError(why)

    def on_switch(self, tail: bytes) -> None: ...

    def on_upstream_full(self) -> None: ...

    def on_upstream_ready(self) -> None: ...


Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def connections(answer: Answer) -> AsyncIterator[Connections]:
    """Those to a model that answers each request in that way."""
    serving: list[asyncio.Task[None]] = []

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.create_task(serve(reader, writer)))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(len(REQUEST)):
            await answer(writer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    loop = asyncio.get_running_loop()
    address = Address("127.0.0.1", server.sockets[0].getsockname()[1])
    made = Connections(address, loop, Outbox(loop))
    try:
        yield made
    finally:
        made.close()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*serving)
        server.close()
        await server.wait_closed()


async def test_one_that_was_held_when_its_reply_ended_is_read_again() -> None:
    """The head comes alone and the body in one piece, at which who asked reads no more: the next one is answered."""
    asker: Asker | None = None

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 500 Oops\r\ncontent-length: %d\r\n\r\n" % SIZE)
        assert asker is not None
        await asker.begun.wait()
        writer.write(b"x" * SIZE)

    async with connections(answer) as made, asyncio.timeout(PATIENCE):
        connection = await made.connect()
        for _ in range(3):
            asker = Asker(connection)
            await asker.begun.wait()
            while not asker.ended.is_set():
                connection.hold(False)
                await asyncio.sleep(0)
            assert asker.size == SIZE
            assert made.take() is connection
        connection.close()
