"""Callers that never connect again: a connection that ends, or an answer that is not right, is a failure.

Three kinds: short calls over kept connections, streams of events, and uploads. They note by which revision each answer
came and from whom; whether that is right is for the proof to say.
"""

import asyncio
import threading
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

import orjson
import uvloop

from tests.whole import models

PATIENCE = 30.0
PIECE = bytes(range(256)) * 4096
"""A piece of an upload: 1 MiB."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole one."""

    status: int
    fields: dict[bytes, bytes]
    body: bytes

    def text(self, name: bytes) -> str:
        """A field's value, empty where it is not there."""
        return self.fields.get(name, b"").decode()


class Line:
    """One connection to the gateway."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> "Line":
        """A new one."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, head: bytes, pieces: Iterable[bytes] = (), *, pause: float = 0.0) -> Answer:
        """The answer to a request; ConnectionError or EOFError where there is none."""
        self._writer.write(head)
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()
            await asyncio.sleep(pause)
        first, *lines = (await self._reader.readuntil(b"\r\n\r\n"))[:-4].split(b"\r\n")
        fields = {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines)}
        return Answer(int(first[9:12]), fields, await self._body(fields))

    async def _body(self, fields: dict[bytes, bytes]) -> bytes:
        if b"transfer-encoding" not in fields:
            return await self._reader.readexactly(int(fields[b"content-length"]))
        found = b""
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            found += await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)
        return found

    def close(self) -> None:
        """The end of it."""
        self._writer.close()


class Seen(NamedTuple):
    """What an answer says of itself."""

    revision: int
    key: str
    variant: str
    version: str


class Load:
    """All callers, in a thread with a loop of its own, from `with` to its end."""

    def __init__(self, port: int, *, calls: int, streams: int, uploads: int, upload: int) -> None:
        """So many of each; `upload` is in MiB."""
        self.seen: Counter[Seen] = Counter()
        self.answered: Counter[str] = Counter()
        self.failures: list[str] = []
        self._port = port
        self._many = {self._call: calls, self._stream: streams, self._upload: uploads}
        self._pieces = [PIECE] * upload
        self._sum = zlib.crc32(PIECE * upload)
        self._over = False
        self._thread = threading.Thread(target=lambda: uvloop.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over = True
        self._thread.join(PATIENCE * 2)
        assert not self._thread.is_alive(), "callers wait for answers that never come"

    async def _run(self) -> None:
        callers = [(kind, number) for kind, many in self._many.items() for number in range(many)]
        await asyncio.gather(*(self._repeat(kind, number) for kind, number in callers))

    async def _repeat(self, kind: Callable[[Line, str], Awaitable[None]], number: int) -> None:
        line, turn = await Line.open(self._port), 0
        try:
            while not self._over:
                turn += 1
                async with asyncio.timeout(PATIENCE):
                    await kind(line, f"{kind.__name__}-{number}-{turn % 50}")
        except (OSError, EOFError, TimeoutError, ValueError, KeyError) as error:
            self.failures.append(f"{kind.__name__} {number}, turn {turn}: {error!r}")
        finally:
            line.close()

    async def _call(self, line: Line, key: str) -> None:
        self._note("calls", key, await line.ask(_head(b"GET", b"/call", key)))
        await asyncio.sleep(0.005)

    async def _stream(self, line: Line, key: str) -> None:
        answer = await line.ask(_head(b"GET", b"/stream", key))
        self._note("streams", key, answer)
        if answer.body != b"".join(map(models.event, range(models.EVENTS))):
            self.failures.append(f"a stream was cut: {answer.body!r}")

    async def _upload(self, line: Line, key: str) -> None:
        size = len(PIECE) * len(self._pieces)
        answer = await line.ask(_head(b"POST", b"/upload", key, size), self._pieces, pause=0.01)
        self._note("uploads", key, answer)
        if (said := orjson.loads(answer.body)) != said | {"size": size, "sum": self._sum}:
            self.failures.append(f"an upload came otherwise: {said}")

    def _note(self, kind: str, key: str, answer: Answer) -> None:
        self.answered[kind] += 1
        if answer.status != 200:
            self.failures.append(f"{kind}: {answer}")
            return
        texts = [answer.text(b"x-gateway-" + name) for name in (b"revision", b"variant", b"version")]
        self.seen[Seen(int(texts[0]), key, texts[1], texts[2])] += 1


def _head(method: bytes, path: bytes, key: str, size: int = 0) -> bytes:
    length = b"Content-Length: %d\r\n" % size if size else b""
    return b"%b %b HTTP/1.1\r\nHost: a\r\nx-user: %b\r\n%b\r\n" % (method, path, key.encode(), length)
