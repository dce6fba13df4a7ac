"""Large bodies cost no memory: 1 GiB through one worker, with a slow reader at the other end, in under 8 MiB."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.support import http1, kernel
from tests.support.client import request
from tests.support.gateway import Gateway, config
from tests.support.http1 import Request
from tests.support.origin import Connection, Origin, marker, reply

SIZE = 1 << 30
ALLOWED = 8 << 20
PIECE = bytes(1 << 20)
PAUSES = 30
"""How often the slow end does not read for a while: long enough that everything before it fills up."""
PAUSE = 0.05


@pytest.fixture(scope="module")
def large(shared_origin: Origin) -> Iterator[Gateway]:
    with Gateway(config(shared_origin.url, limits={"body": "2GiB"})) as running:
        with running.connect() as client:
            for _ in range(20):
                client.post("/warm", bytes(500_000))
        yield running


class Growth:
    """How far the worker's memory rises above where it began, peaks included."""

    def __init__(self, gateway: Gateway) -> None:
        self._pid = gateway.worker
        kernel.reset_peak(self._pid)
        self._before = kernel.memory(self._pid)

    def assert_small(self) -> None:
        grown = kernel.memory(self._pid, "VmHWM") - self._before
        assert grown < ALLOWED, f"{grown >> 10} KiB more than before"


def drink(sock: socket.socket, size: int) -> int:
    """Read up to that many bytes, slowly at first; how many came."""
    buffer = bytearray(1 << 20)
    left, pauses = size, PAUSES
    while left:
        if pauses:
            pauses -= 1
            time.sleep(PAUSE)
        got = sock.recv_into(buffer, min(left, len(buffer)))
        if not got:
            break
        left -= got
    return size - left


def pour(sock: socket.socket, size: int) -> None:
    """Send that many bytes as fast as they are taken."""
    for _ in range(size // len(PIECE)):
        sock.sendall(PIECE)


CHUNK = b"%x\r\n" % len(PIECE) + PIECE + b"\r\n"
LAST = b"0\r\n\r\n"


def pour_chunks(sock: socket.socket, size: int) -> None:
    """The same as chunks, without the final one."""
    for _ in range(size // len(PIECE)):
        sock.sendall(CHUNK)


def drink_chunks(stream: http1.Stream) -> int:
    """Read up to the final chunk; how many bytes came, framing included. EOFError when cut."""
    data = stream.exactly(len(stream.pending))
    size, tail = len(data), data[-5:]
    while tail != LAST:
        data = stream.sock.recv(1 << 20)
        if not data:
            raise EOFError
        size += len(data)
        tail = (tail + data[-5:])[-5:]
    return size


def test_a_gibibyte_up(large: Gateway, origin: Origin) -> None:
    """Into an upstream that reads slowly at first."""
    taken: list[int] = []

    def swallow(connection: Connection, seen: Request) -> None:
        began = len(connection.stream.exactly(len(connection.stream.pending)))
        taken.append(began + drink(connection.sock, SIZE - began))
        seen.complete = True
        connection.send(reply(b"swallowed"))

    origin.answers["/up"] = swallow
    growth = Growth(large)
    with large.connect() as client:
        client.send(request("POST", "/up", f"Content-Length: {SIZE}"))
        pour(client.sock, SIZE)
        assert client.reply().body == b"swallowed"
        assert client.get("/next").body == marker("/next")
    assert taken == [SIZE]
    growth.assert_small()


def test_a_gibibyte_down(large: Gateway, origin: Origin) -> None:
    """To a client that reads slowly at first."""

    def fill(connection: Connection, seen: Request) -> None:
        connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n".encode())
        pour(connection.sock, SIZE)

    origin.answers["/down"] = fill
    growth = Growth(large)
    with large.connect() as client:
        client.send(request("GET", "/down"))
        assert client.head().status == 200
        began = len(client.stream.exactly(len(client.stream.pending)))
        assert began + drink(client.sock, SIZE - began) == SIZE
        assert client.get("/next").body == marker("/next")
    growth.assert_small()


def test_chunks_up_and_down(large: Gateway, origin: Origin) -> None:
    """A quarter of that as chunks, echoed: both directions at once."""
    size = SIZE // 4
    sizes: list[int] = []

    def echo(connection: Connection, seen: Request) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        reader = threading.Thread(target=lambda: sizes.append(drink_chunks(connection.stream)))
        reader.start()
        pour_chunks(connection.sock, size)
        reader.join(60)
        seen.complete = True
        connection.send(LAST)

    def send() -> None:
        pour_chunks(client.sock, size)
        client.send(LAST)

    origin.answers["/echo"] = echo
    growth = Growth(large)
    with large.connect() as client:
        client.send(request("POST", "/echo", "Transfer-Encoding: chunked"))
        sender = threading.Thread(target=send)
        sender.start()
        assert client.head().status == 200
        sizes.append(drink_chunks(client.stream))
        sender.join(60)
    assert len(sizes) == 2
    assert min(sizes) > size
    growth.assert_small()


def test_sixteen_stalled_downloads(large: Gateway, origin: Origin) -> None:
    """Each holds what the buffers between two sockets hold, and no more."""

    def fill(connection: Connection, seen: Request) -> None:
        connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n".encode())
        try:
            pour(connection.sock, SIZE)
        except OSError:
            connection.close()

    origin.answers["/down"] = fill
    growth = Growth(large)
    clients = [large.connect() for _ in range(16)]
    for client in clients:
        client.send(request("GET", "/down"))
        assert client.head().status == 200
    time.sleep(0.5)
    grown = kernel.memory(large.worker) - growth._before
    for client in clients:
        client.reset()
    assert grown < 16 * (2 << 20), f"{grown >> 10} KiB"
    with large.connect() as client:
        assert client.get("/next").body == marker("/next")
