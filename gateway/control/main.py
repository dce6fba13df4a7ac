"""The control process: `python -m gateway.control.main`, started by the launcher.

It decides when control begins and ends, and joins its parts. Workers link to it and are adopted; it may crash and come
back without their noticing. What is in force is the standing in the run directory, so it comes back even when the file
is broken by then.

Signals to end are for the launcher: control stays, so that operators can watch a drain, until the launcher lets it go
or is gone. Then it removes the run directory.
"""

import asyncio
import logging
import socket
import sys

from aiohttp import web

from gateway.control.control import Control
from gateway.links.child import Lifeline, handle_hangup, options
from gateway.links.frames import Frames
from gateway.links.log import Log, describe
from gateway.links.rundir import RunDir

CLOSE_WITHIN = 1.0
"""Seconds an answer of the admin side may take to end once control is let go."""
ADOPT_WITHIN = 5.0
"""Seconds to wait for the workers before the admin side opens."""


class Bridge(logging.Handler):
    """Brings what libraries log into the process's own log; warnings and worse."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Called by `logging`."""
        error = record.exc_info[1] if record.exc_info else None
        say = self._log.error if record.levelno >= logging.ERROR else self._log.warning
        say("unexpected", what=record.getMessage()[:500], error=describe(error) if error else None)


class Process:
    """One control process, from its arguments to its end."""

    def __init__(self, arguments: dict[str, str], log: Log) -> None:
        self._run_dir = RunDir(arguments["run-dir"])
        self._sockets = [socket.socket(fileno=int(number)) for number in arguments["fds"].split(",")]
        self._count = int(arguments["workers"])
        self._lifeline = Lifeline(int(arguments["lifeline"]))
        self._control = Control(self._run_dir, log, board=int(arguments["board"]), slot=self._count)

    async def run(self) -> None:
        """Runs until the launcher lets go."""
        ended = asyncio.Event()
        self._lifeline.watch(ended.set)
        handle_hangup(self._control.look_at_file)
        links = await self._link()
        await self._adopt(ended)
        runner = await self._open_admin()
        self._control.start()
        self._lifeline.ready()
        await ended.wait()
        links.close()
        await self._control.stop()
        self._run_dir.remove()
        await runner.cleanup()

    async def _adopt(self, ended: asyncio.Event) -> None:
        """First the workers: whoever asks a control that has just come back waits until it knows the answer."""
        complete = self._control.workers.complete(self._count)
        waits = {asyncio.ensure_future(complete), asyncio.ensure_future(ended.wait())}
        _, pending = await asyncio.wait(waits, timeout=ADOPT_WITHIN, return_when=asyncio.FIRST_COMPLETED)
        for one in pending:
            one.cancel()

    async def _open_admin(self) -> web.AppRunner:
        runner = self._control.admin(close_within=CLOSE_WITHIN)
        await runner.setup()
        for one in self._sockets:
            await web.SockSite(runner, one).start()
        return runner

    async def _link(self) -> asyncio.Server:
        """A socket that a killed control left behind is replaced."""
        workers = self._control.workers
        loop = asyncio.get_running_loop()
        return await loop.create_unix_server(
            lambda: Frames(workers.received, workers.lost), self._run_dir.control_socket
        )


async def run(arguments: dict[str, str], log: Log) -> None:
    """The process from start to end."""
    await Process(arguments, log).run()


def main() -> None:
    """Called by the launcher."""
    log = Log("control")
    logging.getLogger().addHandler(Bridge(log))
    asyncio.run(run(options(sys.argv[1:]), log))


if __name__ == "__main__":
    main()
