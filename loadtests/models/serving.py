"""Servers that answer, or misbehave as they are told. Each is asyncio's, many run in one process.

What they count: every request that came whole is `received`, and then either `good` or one of its fault's name. A
request that ended without a byte of reply on a connection that had served before is `silent` as well: a proxy takes
such a connection for a stale one, and may send the request again.
"""

import asyncio
import random
import socket
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, cast

import httptools

from loadtests.models import answers
from loadtests.models.answers import Asked
from loadtests.models.faults import Fault, choose, listens
from loadtests.models.lengths import Draw
from loadtests.models.scenario import Part

_RESET = struct.pack("ii", 1, 0)
_LOOK = 0.05
"""Seconds between two looks at whether to listen."""
_WANTS_STREAM = (b'"stream":true', b'"stream": true')


class Model:
    """One model server. `chance` decides which calls a fault strikes."""

    def __init__(self, name: str, delay: Draw, chance: random.Random | None = None) -> None:
        self.name = name
        self.chance = chance or random.Random()
        self.delay = delay
        self.faults: tuple[Fault, ...] = ()
        self.since = monotonic()
        self.counts: Counter[str] = Counter()
        self.connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._address = ("127.0.0.1", 0)
        self._keeper: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; the port, which is a free one for 0."""
        self._address = (host, port)
        await self._listen()
        assert self._server is not None
        self._address = (host, int(self._server.sockets[0].getsockname()[1]))
        self._keeper = asyncio.create_task(self._keep_listening(), name=f"listener of {self.name}")
        return self._address[1]

    async def stop(self) -> None:
        """End the listener and all connections."""
        if self._keeper is not None:
            self._keeper.cancel()
        self._leave()

    def turn(self, faults: Sequence[Fault]) -> None:
        """From now on these, and no others."""
        self.faults = tuple(faults)
        self.since = monotonic()

    def on_received(self, connection: "Connection", asked: Asked) -> None:
        """A whole request came."""
        self.counts["shadow" if connection.is_shadow else "received"] += 1

    def on_good(self, connection: "Connection", asked: Asked) -> None:
        """It was answered well."""
        if not connection.is_shadow:
            self.counts["good"] += 1

    def on_fault(self, connection: "Connection", do: str, asked: Asked) -> None:
        """It was not, but for `trickle`, whose answer is right if one waits for it."""
        if not connection.is_shadow:
            self.counts[do] += 1

    def on_silent(self, connection: "Connection") -> None:
        """It ended without a byte, on a connection that had served before."""
        if not connection.is_shadow:
            self.counts["silent"] += 1

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), *self._address, backlog=1024)

    def _leave(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for each in tuple(self.connections):
            each.end()

    async def _keep_listening(self) -> None:
        while True:
            await asyncio.sleep(_LOOK)
            wanted = listens(self.faults, monotonic() - self.since)
            if wanted and self._server is None:
                await self._listen()
            elif not wanted and self._server is not None:
                self._leave()


class Connection(asyncio.Protocol):
    """One connection to a model."""

    transport: asyncio.Transport

    def __init__(self, model: Model) -> None:
        self._model = model
        self._parser: Any = httptools.HttpRequestParser(self)
        self._served = 0
        self._is_waiting = False
        self._is_streaming = False
        self._asked = Asked(b"", "", 0, 0, False)
        self._timer: asyncio.TimerHandle | None = None
        self._over = False
        self.variant = ""
        self.is_shadow = False
        self._path, self._request_id, self._size, self._sum, self._text = b"", "", 0, 0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._model.connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._over = True
        self._model.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.close()

    # ---- httptools tells

    def on_message_begin(self) -> None:
        self.variant, self.is_shadow = "", False
        self._path, self._request_id, self._size, self._sum, self._text = b"", "", 0, 0, b""

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        match name.lower():
            case b"x-request-id":
                self._request_id = value.decode("latin-1")
            case b"x-gateway-variant":
                self.variant = value.decode("latin-1")
            case b"x-gateway-shadow":
                self.is_shadow = True

    def on_body(self, piece: bytes) -> None:
        self._size += len(piece)
        self._sum = zlib.crc32(piece, self._sum)
        if len(self._text) < 4096:
            self._text += piece[:4096]

    def on_message_complete(self) -> None:
        model = self._model
        streams = any(word in self._text for word in _WANTS_STREAM)
        path = self._path.partition(b"?")[0]
        asked = Asked(path, self._request_id, self._size, self._sum, streams and path.endswith(b"/chat/completions"))
        self._asked = asked
        model.on_received(self, asked)
        self._is_waiting = True
        elapsed = monotonic() - model.since
        fault = choose(model.faults, elapsed, model.chance.random()) if model.faults else None
        if fault is None:
            self._later(model.delay(model.chance), lambda: self._answer_well(asked))
        else:
            self._misbehave(fault, asked, elapsed)

    # ---- what is answered

    def _later(self, wait: float, work: Callable[[], None]) -> None:
        if wait <= 0:
            work()
        else:
            self._timer = asyncio.get_running_loop().call_later(wait, work)

    def _answer_well(self, asked: Asked) -> None:
        if self._over:
            return
        self._model.on_good(self, asked)
        if asked.streams:
            self._stream(answers.events(self._model.name, asked))
        else:
            self._reply(self._whole(asked))

    def _whole(self, asked: Asked) -> bytes:
        said = answers.body(self._model.name, asked)
        return answers.head("200 OK", len(said)) + said

    def _reply(self, data: bytes) -> None:
        self._is_waiting = False
        self._served += 1
        self.transport.write(data)

    def _stream(self, events: list[bytes]) -> None:
        """The first now, the others one after the other."""
        self._reply(answers.STREAM + events[0])
        self._go_on(events[1:])

    def _go_on(self, events: list[bytes]) -> None:
        def send() -> None:
            if not self._over:
                self.transport.write(events[0])
                self._go_on(events[1:])

        self._is_streaming = bool(events)
        if events:
            self._later(answers.PAUSE, send)

    def _misbehave(self, fault: Fault, asked: Asked, elapsed: float) -> None:
        model = self._model
        if fault.do in {"slow", "slow_start"}:
            wait = fault.waits(elapsed, model.chance) + model.delay(model.chance)
            self._later(wait, lambda: self._answer_well(asked))
            return
        model.on_fault(self, fault.do, asked)
        match fault.do:
            case "error":
                self._reply(answers.head(f"{fault.status} Oops", 4) + b"oops")
            case "limit":
                retry = f"retry-after: {max(1, round(fault.retry_after))}"
                self._reply(answers.head("429 Too Many Requests", 4, retry) + b"wait")
            case "reset" | "close":
                self._break(reset=fault.do == "reset")
            case "garbage":
                self._reply(b"SSH-2.0 hello\r\n\r\n")
                self.transport.close()
            case "cut":
                self._cut(fault, asked)
            case "lie":
                said = answers.body(model.name, asked)
                self._reply(answers.head("200 OK", max(0, len(said) + fault.by)) + said)
            case "trickle":
                whole = self._whole(asked)
                if asked.streams:
                    whole = answers.STREAM + b"".join(answers.events(model.name, asked))
                self._reply(whole[:1])
                self._trickle(whole, 1, fault.every)

    def _cut(self, fault: Fault, asked: Asked) -> None:
        whole = self._whole(asked)
        if asked.streams:
            events = answers.events(self._model.name, asked)
            self._reply(answers.STREAM + b"".join(events[: int(len(events) * fault.after)]))
        else:
            self._reply(whole[: int(len(whole) * fault.after)])
        self.transport.close()

    def _trickle(self, whole: bytes, sent: int, every: float) -> None:
        def send() -> None:
            if not self._over:
                self.transport.write(whole[sent : sent + 1])
                self._trickle(whole, sent + 1, every)

        self._is_streaming = sent < len(whole)
        if self._is_streaming:
            self._later(every, send)

    def _break(self, *, reset: bool) -> None:
        if reset:
            sock = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.end()

    def end(self) -> None:
        """Close it, whatever is under way."""
        if self._is_waiting and self._served:
            self._model.on_silent(self)
        elif self._is_streaming:
            self._model.on_fault(self, "cut", self._asked)
        self._is_waiting = self._is_streaming = False
        self._over = True
        self.transport.close()


async def play(models: dict[str, Model], parts: dict[str, Part], tell: Callable[[str], None]) -> None:
    """Turn each model as its timeline says, from now on; `tell` is told each turn."""
    begun = monotonic()
    turns = sorted(
        ((step.at, name, step.faults) for name, part in parts.items() for step in part.timeline),
        key=lambda turn: turn[0],
    )
    for at, name, faults in turns:
        await asyncio.sleep(max(0.0, begun + at - monotonic()))
        models[name].turn(faults)
        tell(f"{name}: {', '.join(each.text for each in faults) or 'well'}")
