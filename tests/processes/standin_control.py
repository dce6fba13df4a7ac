"""In control's place: says each time it is asked to reload, and stays until the launcher lets it go."""

import asyncio
import sys

from gateway.links.child import Lifeline, handle_hangup, options
from gateway.links.log import Log


async def run(arguments: dict[str, str]) -> None:
    log, ended = Log("control"), asyncio.Event()
    lifeline = Lifeline(int(arguments["lifeline"]))
    lifeline.watch(ended.set)
    handle_hangup(lambda: log.info("asked to reload"))
    lifeline.ready()
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(run(options(sys.argv[1:])))
