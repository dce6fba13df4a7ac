"""Callers at a fixed rate: each call begins when it is due, however long the others take.

They tell of each call what came and how long it took since it was due. A caller with a key notices when another variant
than before answers, unless a fallback did.
"""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urlsplit

from loadtests.models.scenario import Callers

PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Saw:
    """One call's end."""

    at: float
    """When it was due, on the monotonic clock."""
    waited: float
    status: int
    """0 where there was no whole answer."""
    variant: str = ""
    reason: str = ""
    fault: str = ""


class Crowd:
    """All of them."""

    def __init__(self, url: str, callers: Callers, tell: Callable[[Saw], None]) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._callers = callers
        self._tell = tell
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._met: dict[int, str] = {}

    async def call(self, length: float) -> None:
        """For so many seconds; ends once the last answer is there."""
        begun = monotonic()
        async with asyncio.TaskGroup() as group:
            for number in itertools.count():
                due = begun + number / self._callers.rate
                if due >= begun + length:
                    break
                await asyncio.sleep(max(0.0, due - monotonic()))
                group.create_task(self._one(number % self._callers.keys, due))
        for _, writer in self._idle:
            writer.close()

    async def _one(self, key: int, due: float) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                status, fields = await self._ask(key)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            self._tell(Saw(due, monotonic() - due, 0, fault=type(error).__name__))
            return
        variant, reason = fields.get("x-gateway-variant", ""), fields.get("x-gateway-reason", "")
        fault = "" if status == 200 else f"status {status}"
        if status == 200 and not reason.startswith("fallback"):
            fault = "" if self._met.setdefault(key, variant) == variant else "moved to another variant"
        self._tell(Saw(due, monotonic() - due, status, variant, reason, fault))

    async def _ask(self, key: int) -> tuple[int, dict[str, str]]:
        if self._idle:
            reader, writer = self._idle.pop()
        else:
            reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            callers = self._callers
            body = b'{"user": %d}' % key
            lines = [f"POST {callers.path} HTTP/1.1", f"host: {self._host}", f"{callers.header}: user-{key}"]
            lines += ["content-type: application/json", f"content-length: {len(body)}", "", ""]
            writer.write("\r\n".join(lines).encode() + body)
            status, fields = _head(await reader.readuntil(b"\r\n\r\n"))
            await _read_body(reader, fields)
        except BaseException:
            writer.close()
            raise
        if fields.get("connection") == "close":
            writer.close()
        else:
            self._idle.append((reader, writer))
        return status, fields


def _head(data: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = data.decode("latin-1")[:-4].split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first[9:12]), {name.lower(): value.strip() for name, _, value in pairs}


async def _read_body(reader: asyncio.StreamReader, fields: dict[str, str]) -> None:
    if "transfer-encoding" not in fields:
        await reader.readexactly(int(fields.get("content-length", "0")))
        return
    while size := int(await reader.readuntil(b"\r\n"), 16):
        await reader.readexactly(size + 2)
    await reader.readexactly(2)
