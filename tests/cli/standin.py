"""An admin side without a gateway: the real API on a real socket, over operations in memory."""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gateway.admin.app import application
from gateway.admin.tokens import Bearer, digest
from gateway.config.settings import Role
from gateway.links.board import Board
from tests.admin.memory import Memory
from tests.support.served import Served


class StandIn(Served):
    """`memory` is changed by `do` only, in the thread that serves it."""

    def __init__(self, folder: Path, *, tokens: Mapping[Role, str] | None = None) -> None:
        """Without tokens everybody may do everything."""
        self.memory = Memory(folder)
        self._board = os.memfd_create("board")
        board = Board.create(self._board, 1, names=4096, cells=512)
        bearers = [Bearer(role, role, digest(token)) for role, token in (tokens or {}).items()]
        super().__init__(application(self.memory, board, tokens=lambda: bearers, report=_unexpected))

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        os.close(self._board)

    def do(self, action: Callable[[Memory], Any]) -> Any:
        """The outcome of `action`; where that is a coroutine, its outcome."""

        async def act() -> Any:
            done = action(self.memory)
            return await done if asyncio.iscoroutine(done) else done

        return asyncio.run_coroutine_threadsafe(act(), self._loop).result(20)


def _unexpected(where: str, error: Exception) -> None:
    raise AssertionError(where) from error
