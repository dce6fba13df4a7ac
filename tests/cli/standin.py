"""An admin side without a gateway: the real API on a real socket, over operations in memory, in a thread of its own."""

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from gateway.admin.app import application
from gateway.admin.tokens import Bearer, digest
from gateway.links.board import Board
from tests.admin.memory import Memory


class StandIn:
    """Change `memory` only by `do`, which runs in the thread that serves it."""

    def __init__(self, folder: Path, *, tokens: dict[str, str] | None = None, text: bytes | None = None) -> None:
        """`tokens`: role to token; without them everybody may do everything."""
        self._bearers = [Bearer(role, role, digest(token)) for role, token in (tokens or {}).items()]  # type: ignore[arg-type]
        self.memory = Memory(folder) if text is None else Memory(folder, text)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._board_file = os.memfd_create("board")
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(self, *error: object) -> None:
        self._call(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        os.close(self._board_file)

    def do(self, action: Callable[[Memory], Any]) -> Any:
        """The outcome of `action`, a coroutine's as well."""

        async def act() -> Any:
            done = action(self.memory)
            return await done if asyncio.iscoroutine(done) else done

        return self._call(act())

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _start(self) -> None:
        board = Board.create(self._board_file, 1, names=4096, cells=512)
        app = application(self.memory, board, tokens=lambda: self._bearers, report=self._report)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    def _report(self, where: str, error: Exception) -> None:
        raise AssertionError(where) from error
