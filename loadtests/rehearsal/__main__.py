"""Rehearse an outage: `python -m loadtests.rehearsal SCENARIO.yaml`.

Starts the scenario's models and its gateway, calls it at the scenario's rate, prints a line for each second, the turns
of the models and the gateway's events as they come, and the sum at the end. With `--url` the gateway is your own, which
must have the models as its endpoints. It ends with 1 when more than `--allow` of the calls went wrong.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

import uvloop
import yaml

from loadtests.models.lengths import ScenarioError, share
from loadtests.models.scenario import Scenario, load
from loadtests.models.serving import Model, play
from loadtests.rehearsal import sheet, watch
from loadtests.rehearsal.callers import Crowd, Saw

START = 30.0


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.rehearsal", description=__doc__)
    parser.add_argument("scenario", type=Path)
    parser.add_argument("--url", help="of a gateway that runs already, in place of the scenario's own")
    parser.add_argument("--admin", help="of its admin side")
    parser.add_argument("--allow", default="5%", help="share of the calls that may go wrong (default: 5%%)")
    options = parser.parse_args()
    try:
        scenario, allowed = load(options.scenario), share(options.allow, "--allow")
        with ExitStack() as stack:
            if options.url is None:
                options.url, options.admin = own_gateway(scenario, stack)
            saw = uvloop.run(rehearse(scenario, options.url, options.admin))
    except (ScenarioError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    wrong = sum(bool(each.fault) for each in saw)
    return 0 if saw and wrong <= allowed * len(saw) else 1


def own_gateway(scenario: Scenario, stack: ExitStack) -> tuple[str, str | None]:
    """Start the scenario's gateway, in a folder of its own; its address and that of its admin side."""
    if scenario.gateway is None:
        raise ScenarioError("the scenario names no gateway to start; add gateway: FILE, or --url")
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rehearsal-"))
    file = Path(folder) / "gateway.yaml"
    try:
        text = scenario.gateway.read_text()
        settings = yaml.safe_load(text)
        listen = settings["listen"][0]
    except (OSError, yaml.YAMLError, LookupError, TypeError) as error:
        raise ScenarioError(f"{scenario.gateway}: {error!r}") from None
    file.write_text(text)
    log = stack.enter_context((Path(folder) / "log").open("w+"))
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(file)]
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    url = f"http://{listen if isinstance(listen, str) else listen['address']}"
    give_up = time.monotonic() + START
    admin = f"http://{settings.get('admin', {}).get('listen', '127.0.0.1:9090')}"
    while not (is_ready(f"{url}/readyz") and is_ready(f"{admin}/livez")):
        if process.poll() is not None or time.monotonic() > give_up:
            raise ScenarioError(f"the gateway does not start:\n{Path(log.name).read_text()}")
        time.sleep(0.05)
    return url, admin


def is_ready(url: str) -> bool:
    """Whether it answers there."""
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


async def rehearse(scenario: Scenario, url: str, admin: str | None) -> list[Saw]:
    """All of it; what the callers saw."""
    models = {name: Model(name, part.delay) for name, part in scenario.parts.items()}
    for name, model in models.items():
        await model.start(scenario.parts[name].host, scenario.parts[name].port)
    saw: list[Saw] = []
    begun = monotonic()

    def tell(said: str) -> None:
        print(f"{monotonic() - begun:6.1f} s  {said}", flush=True)

    print(sheet.HEADER)
    playing = asyncio.create_task(play(models, scenario.parts, tell), name="timeline")
    telling = asyncio.create_task(tell_seconds(saw, begun, admin), name="seconds")
    await Crowd(url, scenario.callers, saw.append).call(scenario.length)
    playing.cancel()
    telling.cancel()
    print(sheet.line("all", saw))
    print(f"wrong: {sheet.wrong(saw)}")
    if admin is not None:
        found = await asyncio.to_thread(watch.samples, admin)
        print(f"breakers tripped {watch.total(found, 'gateway_breaker_trips_total'):.0f} times")
    for name, model in models.items():
        print(f"{name} counted {dict(model.counts)}")
        await model.stop()
    return saw


async def tell_seconds(saw: list[Saw], begun: float, admin: str | None) -> None:
    """A line for each second, and the gateway's events, until cancelled."""
    told, known = 0, 0
    while True:
        await asyncio.sleep(1)
        print(sheet.line(f"{monotonic() - begun:.0f} s", saw[told:]), flush=True)
        told = len(saw)
        for event in await asyncio.to_thread(watch.events, admin, known) if admin is not None else []:
            known = event["id"]
            print(f"          {event['kind']}: {event['subject']}: {event['why']}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
