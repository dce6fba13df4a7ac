"""The shadow process: `python -m gateway.shadow.main`, started by the launcher.

It decides when it begins and ends, and joins its parts. Nobody waits for it: it runs at low priority, workers drop
copies while it is not there, and control collects what it has found when it can. It ends when it is told to, when the
launcher lets it go, or is gone: what is under way is given up, and what was found is sent.
"""

import asyncio
import gc
import logging
import os
import secrets
import sys
from typing import Any, Protocol

import uvloop

from gateway.core.copies import Copy
from gateway.links.board import Board
from gateway.links.child import Lifeline, handle_signals, options
from gateway.links.log import Log, describe
from gateway.links.rundir import RunDir
from gateway.shadow.door import Door, Tell
from gateway.shadow.tallies import Tallies

NICENESS = 10
_END_WITHIN = 0.5
"""Seconds that the last words may take; and those that records may."""


class Desk(Protocol):
    """Where copies are worked on."""

    def take(self, copy: Copy, size: int, tell: Tell) -> None:
        """One more, of so many bytes."""

    async def stop(self) -> None:
        """Give up all that is under way."""

    def close(self, within: float) -> None:
        """Write what is to be recorded, if that takes no longer than so many seconds."""


class Late:
    """The desk, made when the first copy comes: most gateways have no shadow, and their starts and memory need not pay
    for one."""

    def __init__(self, run_dir: RunDir, board: Board, tallies: Tallies, log: Log) -> None:
        self._parts = run_dir, board, tallies, log
        self._desk: Desk | None = None

    def take(self, copy: Copy, size: int, tell: Tell) -> None:
        """As `Desk.take`."""
        if self._desk is None:
            from gateway.shadow.making import made  # noqa: PLC0415 - see above

            self._desk = made(*self._parts)
            gc.collect()
            gc.freeze()
        self._desk.take(copy, size, tell)

    async def stop(self) -> None:
        """As `Desk.stop`."""
        if self._desk is not None:
            await self._desk.stop()

    def close(self, within: float) -> None:
        """As `Desk.close`."""
        if self._desk is not None:
            self._desk.close(within)


async def run(arguments: dict[str, str], log: Log) -> None:
    """The process from start to end."""
    lifeline = Lifeline(int(arguments["lifeline"]))
    run_dir = RunDir(arguments["run-dir"])
    tallies = Tallies(secrets.token_hex(8))
    desk = Late(run_dir, Board.open(int(arguments["board"])), tallies, log)
    door = Door(run_dir.shadow_socket, tallies, desk.take)
    ended = asyncio.Event()
    lifeline.watch(ended.set)
    handle_signals(ended.set, ended.set)
    await door.open()
    sending = asyncio.create_task(door.run())
    gc.collect()
    gc.freeze()
    lifeline.ready()
    await ended.wait()
    sending.cancel()
    await desk.stop()
    await door.close(_END_WITHIN)
    desk.close(_END_WITHIN)


def main() -> None:
    """Called by the launcher. Threads that write or resolve names may still be busy: the end does not wait for them."""
    arguments, log = options(sys.argv[1:]), Log("shadow")
    logging.getLogger().addHandler(logging.NullHandler())
    os.nice(NICENESS)
    loop = uvloop.new_event_loop()
    loop.set_exception_handler(lambda _, context: _report(log, context))
    try:
        loop.run_until_complete(run(arguments, log))
    except Exception as error:
        Lifeline(int(arguments["lifeline"])).fail(describe(error))
        os._exit(1)
    os._exit(0)


def _report(log: Log, context: dict[str, Any]) -> None:
    error = context.get("exception")
    log.error("unexpected", what=str(context.get("message")), error=describe(error) if error else None)


if __name__ == "__main__":
    main()
