"""A model server whose faults can be switched: `mode` says what it does with each call, `hits` counts them."""

import socket
import struct
import threading
from collections.abc import Callable
from typing import Literal, Self

from tests.support import http1

Mode = Literal["ok", "500", "reset", "close", "garbage", "hang"]
_RESET = struct.pack("ii", 1, 0)
_PATIENCE = 10.0


def _end(one: socket.socket) -> None:
    """Whoever waits for it wakes up."""
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it has ended already
    one.close()


class Faulty:
    """One server, in threads of its own; what it answers when it is well is its name."""

    def __init__(self, name: str) -> None:
        self.name = name.encode()
        self.mode: Mode = "ok"
        self.hits = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(self, *error: object) -> None:
        _end(self._listener)
        with self._lock:
            connections = list(self._connections)
        for each in connections:
            _end(each)
        for thread in self._threads:
            thread.join(_PATIENCE)

    def _run(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def turn(self, mode: Mode) -> None:
        """From now on; hits are counted anew."""
        with self._lock:
            self.mode, self.hits = mode, 0

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._connections.add(connection)
            self._run(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        stream = http1.Stream(connection)
        try:
            while True:
                request = http1.read_request_head(stream)
                length = int(request.one("content-length") or 0)
                stream.exactly(length)
                with self._lock:
                    self.hits += 1
                    mode = self.mode
                if not self._answer(connection, mode):
                    return
        except (OSError, EOFError, ValueError, AssertionError):
            return
        finally:
            connection.close()

    def _answer(self, connection: socket.socket, mode: Mode) -> bool:
        """Whether the connection goes on."""
        if mode == "ok":
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(self.name), self.name))
        elif mode == "500":
            connection.sendall(b"HTTP/1.1 500 Oops\r\ncontent-length: 3\r\n\r\nbad")
        elif mode == "garbage":
            connection.sendall(b"SSH-2.0 hello\r\n\r\n")
        elif mode == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        elif mode == "hang":
            connection.recv(1)
        return mode in ("ok", "500")
