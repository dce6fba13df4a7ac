"""Models that misbehave as a scenario says: `python -m loadtests.models SCENARIO.yaml`.

It prints each turn as it comes, and at the end what each model has counted. SIGINT and SIGTERM end it early.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from time import monotonic

import uvloop

from loadtests.models.lengths import ScenarioError
from loadtests.models.scenario import Scenario, load
from loadtests.models.serving import Model, play
from loadtests.models.switchboard import Switchboard


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.models", description=__doc__)
    parser.add_argument("scenario", type=Path)
    parser.add_argument("--switchboard", type=int, metavar="PORT", help="where faults can be switched by hand")
    parser.add_argument("--for-ever", action="store_true", help="stay when the scenario is over")
    options = parser.parse_args()
    try:
        uvloop.run(serve(load(options.scenario), options))
    except (ScenarioError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def serve(scenario: Scenario, options: argparse.Namespace) -> None:
    """From the first connection to the end of the scenario."""
    models = {name: Model(name, part.delay) for name, part in scenario.parts.items()}
    for name, model in models.items():
        port = await model.start(scenario.parts[name].host, scenario.parts[name].port)
        tell(f"{name} listens on {scenario.parts[name].host}:{port}")
    if options.switchboard is not None:
        tell(f"faults are switched at http://127.0.0.1:{await Switchboard(models).start(options.switchboard)}/")
    begun = monotonic()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(None if options.for_ever else scenario.length):
            await until_told_to_end(
                play(models, scenario.parts, lambda line: tell(f"{monotonic() - begun:6.1f} s  {line}"))
            )
    for name, model in models.items():
        tell(f"{name} {json.dumps(dict(model.counts))}")
        await model.stop()


async def until_told_to_end(turns: Coroutine[None, None, None]) -> None:
    """Play, and return at SIGINT or SIGTERM."""
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    playing = asyncio.create_task(turns, name="timeline")
    try:
        await over.wait()
    finally:
        playing.cancel()


def tell(line: str) -> None:
    """At once, also into a pipe."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
