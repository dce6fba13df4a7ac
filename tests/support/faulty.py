"""A model server whose faults can be switched: `mode` says what it does with each call, `hits` counts them.

A call may ask for a fault of its own, by the field `x-fault`.
"""

import random
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Literal, Self, cast, get_args

from tests.support import http1

Status = Literal["422", "429", "500", "503"]
Ending = Literal["reset", "close", "garbage", "cut", "hang"]
Mode = Status | Ending | Literal["ok", "long", "large", "huge", "slow", "late", "trickle", "some", "odd", "fifth"]
"""`long` is a good reply of about `LARGE` bytes, `huge` one of `HUGE`, `large` a 500 of about `LARGE`, `cut` a reply
that breaks off in its body; `slow` and `late` take `PAUSE` and `LATE` seconds before the reply, `trickle` `PAUSE`
between its bytes; of `some` calls, one in five by chance, the reply is a 500, and of each `fifth` one; of each `odd`
one a 503."""
LARGE = 1 << 20
HUGE = 100 << 20
PAUSE = 0.1
LATE = 0.8
_PAUSES: dict[Mode, float] = {"slow": PAUSE, "late": LATE}
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
        self.total = 0
        """Hits since the beginning."""
        self.most = 0
        """The most calls that were here at the same time."""
        self._busy = 0
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def leave(self) -> None:
        """Refuse connections, and end those that there are."""
        _end(self._listener)
        with self._lock:
            connections = list(self._connections)
        for each in connections:
            _end(each)

    def come_back(self) -> None:
        """Accept connections again."""
        self._listener = socket.create_server(("127.0.0.1", self._port), backlog=256)
        self._run(self._accept)

    def __exit__(self, *error: object) -> None:
        self.leave()
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
                    self.total += 1
                    mode = cast(Mode, (request.one("x-fault") or self.mode.encode()).decode())
                    if mode == "fifth":
                        mode = "ok" if self.total % 5 else "500"
                    if mode == "odd":
                        mode = "503" if self.hits % 2 else "ok"
                if not self._attend(connection, mode):
                    return
        except (OSError, EOFError, ValueError, AssertionError):
            return
        finally:
            connection.close()

    def _attend(self, connection: socket.socket, mode: Mode) -> bool:
        with self._lock:
            self._busy += 1
            self.most = max(self.most, self._busy)
        try:
            return self._answer(connection, mode)
        finally:
            with self._lock:
                self._busy -= 1

    def _answer(self, connection: socket.socket, mode: Mode) -> bool:
        """Whether the connection goes on."""
        match mode:
            case "trickle":
                for byte in _reply("200 OK", self.name):
                    time.sleep(PAUSE)
                    connection.sendall(bytes([byte]))
            case "huge":
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % HUGE)
                for _ in range(HUGE // LARGE):
                    connection.sendall(bytes(LARGE))
            case "cut":
                connection.sendall(_reply("200 OK", self.name * 100)[:-50])
            case "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            case "hang":
                connection.recv(1)
            case "close":
                pass
            case "garbage":
                connection.sendall(b"SSH-2.0 hello\r\n\r\n")
            case _:
                time.sleep(_PAUSES.get(mode, 0))
                connection.sendall(self._whole(mode))
        return mode not in get_args(Ending)

    def _whole(self, mode: Mode) -> bytes:
        times = LARGE // len(self.name) if mode in ("long", "large") else 1
        if mode == "large" or (mode == "some" and random.random() < 0.2):
            return _reply("500 Oops", self.name * times)
        if mode in get_args(Status):
            return _reply(f"{mode} Oops", b"%b of %b" % (mode.encode(), self.name))
        return _reply("200 OK", self.name * times)


def _reply(status: str, body: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\nx-model: yes\r\ncontent-length: %d\r\n\r\n%b" % (status.encode(), len(body), body)


class Apart:
    """One in a process of its own, of the lowest priority: what it does takes nothing from those who measure."""

    def __init__(self, name: str) -> None:
        command = ["nice", "-n", "19", sys.executable, "-m", __name__, name]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self._heard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate(timeout=_PATIENCE)

    def turn(self, mode: Mode) -> None:
        """From now on."""
        self._say(mode)

    def leave(self) -> None:
        """Refuse connections, and end those that there are."""
        self._say("leave")

    def come_back(self) -> None:
        """Accept connections again."""
        self._say("come back")

    def _say(self, what: str) -> None:
        assert self._process.stdin is not None
        print(what, file=self._process.stdin, flush=True)
        assert self._heard() == what

    def _heard(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def main() -> None:
    """`python -m tests.support.faulty NAME`: says its URL, then does what is said, and ends with what is said."""
    with Faulty(sys.argv[1]) as model:
        print(model.url, flush=True)
        for line in sys.stdin:
            match line.strip():
                case "leave":
                    model.leave()
                case "come back":
                    model.come_back()
                case mode:
                    model.turn(cast(Mode, mode))
            print(line, end="", flush=True)


if __name__ == "__main__":
    main()
