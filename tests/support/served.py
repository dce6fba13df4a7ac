"""An aiohttp application as a server in this process, with a loop and thread of its own."""

import asyncio
import ssl
import threading
from typing import Self

from aiohttp import web


class Served:
    """The running application; `url` is where."""

    def __init__(self, app: web.Application, *, tls: ssl.SSLContext | None = None) -> None:
        self.app = app
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        options = {"auto_decompress": False, "handler_cancellation": True, "shutdown_timeout": 1}
        self._runner = web.AppRunner(self.app, access_log=None, **options)
        self._run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    def _run(self, work: "asyncio._CoroutineLike[None]") -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)
