"""The traffic: raw connections that each make one call after the other, at a rate that is the whole crowd's.

Every answer is read whole and judged: its own number, the model that said it, its checksum, its words. What ends
without an answer is held against the connections of the workers that were killed.
"""

import asyncio
import random
import socket
import struct
import zlib
from collections.abc import Callable
from time import monotonic
from typing import cast

import orjson

from loadtests.soak.book import ID
from loadtests.soak.plan import GOLD_EVERY, KINDS, USERS
from loadtests.soak.seen import Seen, Series

TICK = 0.01
CALLS = 200
"""Of one connection: so that those of a worker that was killed do not stay with the others for good."""
_RESET = struct.pack("ii", 1, 0)
UPLOADS = [bytes(range(256)) * (size << 2) for size in (64, 128, 256, 512)]
"""Of so many KiB."""
_SUMS = {id(body): zlib.crc32(body) for body in UPLOADS}
_CHAT = b'{"model":"m","stream":true,"messages":[{"role":"user","content":"hello"}]}'
_CALL = b'{"amount": 12.5, "items": [%b]}' % b",".join([b"1"] * 80)
WORDS = 8
_KINDS = list(KINDS)
_OF_1000 = [kind.of_1000 for kind in KINDS.values()]


class Job:
    """One request."""

    __slots__ = ("begun", "body", "kind", "number", "user")

    def __init__(self, number: int, kind: str, user: int) -> None:
        self.number = number
        self.kind = kind
        self.user = user
        self.begun = monotonic()
        bodies = {"chat": _CHAT, "upload": UPLOADS[number % len(UPLOADS)]}
        self.body = bodies.get(kind, _CALL)

    def bytes(self) -> bytes:
        """On the wire."""
        user = b"" if self.kind in {"unkeyed", "leave"} else b"x-user-id: u-%d\r\n" % self.user
        tier = b"x-tier: gold\r\n" if self.is_gold else b""
        path, request_id = KINDS[self.kind].path, ID % self.number
        head = b"POST %b HTTP/1.1\r\nhost: soak\r\nx-request-id: %b\r\n%b%b" % (path, request_id, user, tier)
        fields = b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(self.body)
        return head + fields + self.body

    @property
    def is_gold(self) -> bool:
        """Whether a rule applies to it."""
        return self.kind == "call" and self.user % GOLD_EVERY == 0


class Line(asyncio.Protocol):
    """One connection."""

    transport: asyncio.Transport

    def __init__(self, crowd: "Crowd") -> None:
        self._crowd = crowd
        self._data = bytearray()
        self.job: Job | None = None
        self.port = 0
        self.left = CALLS
        """So many more calls, then another connection takes the place."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.port = transport.get_extra_info("sockname")[1]
        self._crowd.idle.append(self)

    def send(self, job: Job) -> None:
        """The next request."""
        self.job = job
        self._data.clear()
        self.transport.write(job.bytes())

    def data_received(self, data: bytes) -> None:
        self._data += data
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            return
        length = value(self._data, b"content-length", end)
        size = len(self._data) - end - 4
        if size >= int(length) if length else self._data.endswith(b"\r\n0\r\n\r\n"):
            self._whole(end)

    def _whole(self, end: int) -> None:
        job, self.job = self.job, None
        if job is None:
            self._crowd.seen.fault("bytes that nobody asked for", repr(bytes(self._data[:100])))
            return
        self._crowd.judge(job, bytes(self._data), end)
        self.left -= 1
        if not self.left or value(self._data, b"connection", end) == "close":
            self.transport.close()
        else:
            self._crowd.idle.append(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._crowd.lost(self, bytes(self._data))


class Leaver(asyncio.Protocol):
    """A caller who goes, soon or late; every second one without a word, by a reset."""

    def __init__(self, crowd: "Crowd", job: Job, patience: float) -> None:
        self._crowd = crowd
        self._job = job
        self._patience = patience

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._port = transport.get_extra_info("sockname")[1]
        self._transport.write(self._job.bytes())
        if self._job.number % 2:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        asyncio.get_running_loop().call_later(self._patience, self._transport.close)

    def connection_lost(self, error: Exception | None) -> None:
        self._crowd.has_left(self._port)


class Crowd:
    """All callers. `was_killed` tells whether a connection, by its own port, was one of a worker that was killed."""

    def __init__(self, port: int, seen: Seen, was_killed: Callable[[int], bool], *, lines: int) -> None:
        self.seen = seen
        self.idle: list[Line] = []
        self._lines = lines
        self._port = port
        self._was_killed = was_killed
        self._open = 0
        self._leaving = 0
        self._over = False
        self._chance = random.Random(7)
        self._tasks: set[asyncio.Task[None]] = set()

    async def call(self, *, rate: float, until: float, most: int) -> None:
        """At so many a second, until that time or that number; ends once all answers are there."""
        for _ in range(self._lines):
            await self._connect()
        begun = monotonic()
        while (now := monotonic()) < until and self.seen.sent < most and not self._over:
            due = min(int(rate * (now - begun)) - self.seen.sent, most - self.seen.sent)
            for _ in range(min(due, len(self.idle))):
                self._begin()
            await asyncio.sleep(TICK)
        self._over = True
        await self._end()

    def finish(self) -> None:
        """Begin no more calls."""
        self._over = True

    async def _end(self) -> None:
        """Wait until nobody waits any more."""
        for _ in range(600):
            if len(self.idle) == self._open and not self._leaving and not self._tasks:
                break
            await asyncio.sleep(0.05)
        waiting = self._open - len(self.idle) + self._leaving
        if waiting:
            self.seen.fault("callers wait for answers that never come", str(waiting))
        for line in tuple(self.idle):
            line.transport.close()

    def _begin(self) -> None:
        number = self.seen.sent
        self.seen.sent += 1
        (kind,) = self._chance.choices(_KINDS, _OF_1000)
        self.seen.sent_by[kind] += 1
        job = Job(number, kind, self._chance.randrange(USERS))
        if kind == "leave":
            self._leaving += 1
            self.seen.leavers.append(number)
            self._run(self._leave(job))
        else:
            self.idle.pop().send(job)

    async def _connect(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: Line(self), "127.0.0.1", self._port)
        self._open += 1

    async def _leave(self, job: Job) -> None:
        leaver = Leaver(self, job, self._chance.choice([0.002, 0.01, 0.018, 0.022, 0.05]))
        await asyncio.get_running_loop().create_connection(lambda: leaver, "127.0.0.1", self._port)

    def _run(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = task.exception()
        if error is not None:
            self.seen.fault("a connection was refused", repr(error))

    def has_left(self, port: int) -> None:
        """Someone went."""
        self._leaving -= 1
        self.seen.left += 1
        self.seen.left_killed += self._was_killed(port)

    def lost(self, line: Line, data: bytes) -> None:
        """A connection ended, perhaps with a request under way."""
        self._open -= 1
        if line in self.idle:
            self.idle.remove(line)
        if line.job is not None:
            self._ended(line.job, line.port, data)
        elif line.left and not self._over and not self._was_killed(line.port):
            self.seen.fault("an idle connection was ended", str(line.port))
        if not self._over:
            self._run(self._connect())

    def _ended(self, job: Job, port: int, data: bytes) -> None:
        seen, end = self.seen, data.find(b"\r\n\r\n")
        if self._was_killed(port):
            seen.killed += 1
        elif end > 0 and (variant := value(data, b"x-gateway-variant", end)):
            seen.broken[variant] += 1
            seen.answers[series(job, data, end)] += 1
        else:
            seen.unexplained_ends += 1
            seen.fault("a connection ended without an answer", f"{job.kind} {job.number}: {data[:200]!r}")

    # ---- an answer

    def judge(self, job: Job, data: bytes, end: int) -> None:
        """A whole one."""
        seen = self.seen
        found = series(job, data, end)
        seen.answers[found] += 1
        if job.kind in {"call", "unkeyed"}:
            seen.waited(monotonic() - job.begun)
        seen.version(value(data, b"x-gateway-revision", end), found.variant, value(data, b"x-gateway-version", end))
        if found.code == "429" and found.variant:
            return
        if found.code != "200":
            seen.fault(f"status {found.code}", f"{found} {data[end + 4 :][:200]!r}")
            return
        body = data[end + 4 :]
        if job.kind == "chat" and b"upstream_error" in body and b"[DONE]" not in body:
            seen.broken[found.variant] += 1
        elif why := _wrong(job, found.variant, body):
            seen.fault(why, f"{found} {job.number} {data[:600]!r}")
        else:
            seen.good(job.number, found, job.user if job.kind == "call" and not job.is_gold else None)


def _wrong(job: Job, variant: str, body: bytes) -> str:
    """What is wrong with the words of an answer; nothing where it is right."""
    request_id = (ID % job.number).decode()
    if job.kind == "chat":
        words = [b'"content":"%b/%d "' % (request_id.encode(), number) in body for number in range(WORDS)]
        is_own = b'"model":"%b"' % variant.encode() in body
        return "" if all(words) and is_own and b"data: [DONE]" in body else "a stream has not all its words"
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "an answer is no JSON"
    expected = {"model": variant, "id": request_id, "size": len(job.body), "sum": _sum(job.body)}
    return "" if said == expected else "an answer is not that of its request"


def _sum(body: bytes) -> int:
    known = _SUMS.get(id(body))
    if known is None:
        known = _SUMS[id(body)] = zlib.crc32(body)
    return known


def series(job: Job, data: bytes | bytearray, end: int) -> Series:
    """Where the gateway counts an answer."""
    names = (b"x-gateway-variant", b"x-gateway-reason")
    variant, reason = (value(data, name, end) for name in names)
    return Series(KINDS[job.kind].route, variant, reason, bytes(data[9:12]).decode())


def value(data: bytes | bytearray, name: bytes, end: int) -> str:
    """A field's, empty where it is not there."""
    at = data.find(b"\r\n" + name + b": ", 0, end)
    if at < 0:
        return ""
    begin = at + len(name) + 4
    return data[begin : data.find(b"\r\n", begin)].decode()
