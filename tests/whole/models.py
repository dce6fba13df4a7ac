"""Model servers in a process of their own, that say of each request what came of it.

They answer with the variant that the gateway named, and with the size and checksum of the body; a path that ends with
`/stream` is answered with events over a while. It knows nothing of routes.
"""

import asyncio
import multiprocessing
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import httptools
import orjson
import uvloop

from tests.support import kernel

EVENTS = 20
PAUSE = 0.03
"""Seconds between two events of a stream."""
_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def event(number: int) -> bytes:
    """One of a stream."""
    return b"data: %d\n\n" % number


class Model(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._variant, self._size, self._sum = b"", 0, 0

    def on_url(self, url: bytes) -> None:
        self._is_stream = url.endswith(b"/stream")

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"x-gateway-variant":
            self._variant = value

    def on_body(self, piece: bytes) -> None:
        self._size += len(piece)
        self._sum = zlib.crc32(piece, self._sum)

    def on_message_complete(self) -> None:
        if self._is_stream:
            self._transport.write(_STREAM)
            self._tell(0)
            return
        body = orjson.dumps({"variant": self._variant.decode(), "size": self._size, "sum": self._sum})
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    def _tell(self, number: int) -> None:
        if self._transport.is_closing():
            return
        if number == EVENTS:
            self._transport.write(b"0\r\n\r\n")
            return
        data = event(number)
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))
        asyncio.get_running_loop().call_later(PAUSE, self._tell, number + 1)


async def _listen(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Model, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


def _serve(port: int) -> None:
    uvloop.run(_listen(port))


@contextmanager
def models() -> Iterator[str]:
    """The URL at which they answer."""
    port = kernel.free_port()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(port,), daemon=True)
    process.start()
    try:
        _wait_listening(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.join()


def _wait_listening(port: int) -> None:
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError("the models do not listen")
