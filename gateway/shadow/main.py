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
from contextlib import suppress
from pathlib import Path
from random import random
from typing import Any

import uvloop

from gateway.links.board import Board
from gateway.links.child import Lifeline, handle_signals, options
from gateway.links.log import Log, describe
from gateway.links.rundir import RunDir
from gateway.shadow.comparing import Comparing
from gateway.shadow.desk import Desk
from gateway.shadow.door import Door
from gateway.shadow.noise import Noise
from gateway.shadow.patience import Patience
from gateway.shadow.pools import Pools
from gateway.shadow.present import Present
from gateway.shadow.records import Records
from gateway.shadow.tallies import Tallies

NICENESS = 10
_END_WITHIN = 0.5
"""Seconds that the last words may take; and those that records may."""


async def run(arguments: dict[str, str], log: Log) -> None:
    """The process from start to end."""
    lifeline = Lifeline(int(arguments["lifeline"]))
    run_dir = RunDir(arguments["run-dir"])
    tallies = Tallies(secrets.token_hex(8))
    records = Records(log)
    noise = Noise(Board.open(int(arguments["board"])), random)
    patience = Patience()
    pools = Pools(patience)
    desk = Desk(Comparing(Present(run_dir), pools, tallies, noise, records), log)
    door = Door(run_dir.shadow_socket, tallies, desk.take)
    ended = asyncio.Event()
    lifeline.watch(ended.set)
    handle_signals(ended.set, ended.set)
    await door.open()
    tasks = [asyncio.create_task(each.run()) for each in (door, pools, patience)]
    gc.collect()
    gc.freeze()
    lifeline.ready()
    await ended.wait()
    for task in tasks:
        task.cancel()
    await desk.stop()
    await door.close(_END_WITHIN)
    records.close(_END_WITHIN)


def main() -> None:
    """Called by the launcher. Threads that write or resolve names may still be busy: the end does not wait for them."""
    arguments, log = options(sys.argv[1:]), Log("shadow")
    logging.getLogger().addHandler(logging.NullHandler())
    _give_way()
    loop = uvloop.new_event_loop()
    loop.set_exception_handler(lambda _, context: _report(log, context))
    try:
        loop.run_until_complete(run(arguments, log))
    except Exception as error:
        Lifeline(int(arguments["lifeline"])).fail(describe(error))
        os._exit(1)
    os._exit(0)


def _give_way() -> None:
    """Low priority; and where the system knows it (Linux), a wake-up here takes no core away from one who serves. A
    sandbox may refuse any of it, and all goes on."""
    with suppress(OSError):
        os.nice(NICENESS)
    if hasattr(os, "SCHED_BATCH"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    if os.getsid(0) == os.getpid():
        # Linux may give each session the same share of the processor (sched(7), autogroup): then the niceness of a
        # process counts only within its session, which here has no other one, and that of the session counts.
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(NICENESS))


def _report(log: Log, context: dict[str, Any]) -> None:
    error = context.get("exception")
    log.error("unexpected", what=str(context.get("message")), error=describe(error) if error else None)


if __name__ == "__main__":
    main()
