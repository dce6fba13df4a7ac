"""The admin side in a thread of its own, for clients that block."""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

from gateway.admin.app import application
from gateway.admin.runner import runner
from gateway.admin.tokens import Bearer
from gateway.links.board import Board
from tests.admin.memory import START, Memory


@contextmanager
def live(folder: Path, tokens: list[Bearer]) -> Iterator[tuple[str, list[str]]]:
    """Its URL, and what failed unexpectedly so far."""
    failed: list[str] = []
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()
    found: list[str] = []
    is_up = threading.Event()

    async def serve() -> None:
        descriptor = os.memfd_create("board")
        app = application(
            Memory(folder),
            Board.create(descriptor, 1, names=4096, cells=512),
            tokens=lambda: tokens,
            report=lambda where, error: failed.append(f"{where}: {error!r}"),
            now=lambda: START,
        )
        site = runner(app, close_within=1)
        await site.setup()
        await web.TCPSite(site, "127.0.0.1", 0).start()
        found.append(f"http://127.0.0.1:{site.addresses[0][1]}")
        is_up.set()
        await ended.wait()
        await site.cleanup()
        os.close(descriptor)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert is_up.wait(10)
    try:
        yield found[0], failed
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()
