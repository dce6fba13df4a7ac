"""The demo from its first line to its last process. Each step is elsewhere; here is their order."""

import asyncio
import contextlib
import json
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.live import Live

from gateway.demo import interpreter, screen, servers
from gateway.demo.callers import Callers, Sample, read_samples
from gateway.demo.processes import Children
from gateway.demo.servers import ROUTE, SPLIT, TRIAL, Addresses
from gateway.demo.tally import Tally
from gateway.errors import StartError

CALL_TIMEOUT = aiohttp.ClientTimeout(total=30)
FRAME, LINE = 0.25, 5.0
"""Seconds between two drawings of the table, and between two lines."""
TRAIN = 120.0
TRIED = 0.4
"""Of the rate, calls of the route with shadows."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line can change; `seconds` None means until Ctrl-C."""

    port: int | None = None
    seconds: float | None = None
    rate: float = 50.0
    traffic: bool = True
    plain: bool = False
    mlserver_python: Path | None = None


def run(options: Options, console: Console) -> None:
    """Show it; returns when it was ended, and StartError when it could not go on."""
    python = interpreter.find(options.mlserver_python)
    addresses = servers.choose_addresses(options.port)
    with tempfile.TemporaryDirectory(prefix="gateway-demo-") as folder:
        demo = Demo(options, console, folder=Path(folder), addresses=addresses)
        with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
            asyncio.run(demo.show(python))
        console.print("ended; nothing is left behind")


class Demo:
    """One run."""

    def __init__(self, options: Options, console: Console, *, folder: Path, addresses: Addresses) -> None:
        self._options = options
        self._console = console
        self._folder = folder
        self._addresses = addresses
        self._file = folder / "gateway.yaml"
        self._file.write_text(servers.configuration(addresses))

    async def show(self, python: Path) -> None:
        """Models, servers, a line to try, traffic; until cancelled, or `seconds` are over."""
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        async with Children(self._folder) as children, aiohttp.ClientSession(timeout=CALL_TIMEOUT) as http:
            self._say("training three versions of a digit classifier, or finding those of the last time")
            repository = await train(children, python)
            async with self._servers(children, python, repository) as guards:
                await guarded(servers.wait_ready(http, self._addresses), guards)
                samples = read_samples(repository)
                self._introduce(samples[0])
                await guarded(self._live(http, samples), guards)

    @contextlib.asynccontextmanager
    async def _servers(
        self, children: Children, python: Path, repository: Path
    ) -> AsyncIterator[list[asyncio.Task[None]]]:
        self._say("starting MLServer with the three models, and the gateway before it")
        port = self._addresses.models_port
        models = await servers.start_models(children, python, repository=repository, port=port)
        gateway = await servers.start_gateway(children, self._file)
        try:
            yield [models, gateway]
        finally:
            models.cancel()
            gateway.cancel()

    def _introduce(self, sample: Sample) -> None:
        self._say(f"\nready. The configuration: {self._file}; a {sample.label}, asked of the gateway:\n")
        self._say(curl(self._addresses, sample))
        self._say("\nAdd -H 'x-tier: gold' and digits-2 answers; another x-user-id may meet another version.")
        admin = f"http://127.0.0.1:{self._addresses.admin_port}"
        self._say("Copies of other calls go to digits-3, and to digits-1 once more. Whether their answers differ:\n")
        self._say(f"gateway shadows --admin {admin}\n")
        self._say(f"Metrics: {admin}/metrics   Ctrl-C ends everything.\n")

    async def _live(self, http: aiohttp.ClientSession, samples: list[Sample]) -> None:
        if not self._options.traffic:
            await asyncio.sleep(self._options.seconds or float("inf"))
            return
        tally = Tally(list(SPLIT))
        rate = self._options.rate
        calling = [
            self._call(http, samples, path=ROUTE, rate=rate * (1 - TRIED), tally=tally),
            self._call(http, samples, path=TRIAL, rate=rate * TRIED, tally=Tally(list(SPLIT))),
        ]
        try:
            await guarded(self._draw(tally), calling)
        finally:
            for each in calling:
                each.cancel()

    def _call(
        self, http: aiohttp.ClientSession, samples: list[Sample], *, path: str, rate: float, tally: Tally
    ) -> asyncio.Task[None]:
        callers = Callers(http, self._addresses.gateway + path, samples=samples, tally=tally)
        return asyncio.create_task(callers.call_for_ever(rate), name=f"callers of {path}")

    async def _draw(self, tally: Tally) -> None:
        """In place where a person watches, in lines elsewhere; either way until the time is over."""
        start = time.monotonic()
        end = start + (self._options.seconds or float("inf"))
        if self._options.plain or not self._console.is_terminal:
            while (now := time.monotonic()) < end:
                await asyncio.sleep(min(LINE, end - now))
                self._say(screen.line(tally, time.monotonic() - start))
            return
        with Live(console=self._console, auto_refresh=False) as live:
            while time.monotonic() < end:
                live.update(screen.table(tally, time.monotonic() - start), refresh=True)
                await asyncio.sleep(FRAME)

    def _say(self, text: str) -> None:
        self._console.print(text, soft_wrap=True, markup=False, highlight=False)


def curl(addresses: Addresses, sample: Sample) -> str:
    """A line that works as it stands."""
    body = json.dumps(sample.body, separators=(",", ":"))
    return f"curl -i {addresses.gateway}{ROUTE} -H 'content-type: application/json' -H 'x-user-id: grace' -d '{body}'"


async def train(children: Children, python: Path) -> Path:
    """The folder of the models, from the trainer's own Python."""
    script = Path(__file__).with_name("train.py")
    child = await children.start("Training", [str(python), str(script), str(interpreter.cache_folder())])
    try:
        async with asyncio.timeout(TRAIN):
            code = await child.process.wait()
    except TimeoutError:
        raise StartError(f"training took more than {TRAIN:.0f} s") from None
    if code != 0:
        await child.ended()
    return Path(child.log.read_text().splitlines()[-1])


async def guarded(work: Coroutine[None, None, None], guards: list[asyncio.Task[None]]) -> None:
    """Do the work, unless a guard ends first: then its error is raised."""
    main = asyncio.create_task(work, name="work")
    try:
        done, _ = await asyncio.wait([main, *guards], return_when=asyncio.FIRST_COMPLETED)
        for task in sorted(done, key=lambda one: one is main):
            task.result()
    finally:
        main.cancel()
        await asyncio.wait([main])
