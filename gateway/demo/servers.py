"""MLServer with the three models, and the gateway before it: their settings, their start, and when they are ready."""

import asyncio
import contextlib
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from gateway.demo.processes import Children
from gateway.errors import StartError

START = 90.0
"""Seconds until everything must be ready; a loaded laptop needs about ten."""

SPLIT = {"digits-1": 80, "digits-2": 15, "digits-3": 5}
ROUTE = "/v2/models/digits/infer"
TRIAL = "/v2/models/digits-trial/infer"

CONFIGURATION = """\
# The demo's configuration. One public model, `digits`; behind it three versions of it on one MLServer. And another,
# `digits-trial`: its callers meet version 1, while copies of their requests show what they would have met.
listen: [127.0.0.1:{port}]
workers: 1
admin: {{listen: 127.0.0.1:{admin_port}}}

variants:
  digits-1: {{endpoints: [{models}], model: digits-1, version: "1"}}
  digits-2: {{endpoints: [{models}], model: digits-2, version: "2"}}
  digits-3: {{endpoints: [{models}], model: digits-3, version: "3"}}
  digits-1-again: {{endpoints: [{models}], model: digits-1, version: "1"}}    # the same model once more

segments:
  gold: {{header: x-tier, eq: gold}}

routes:
  digits:
    protocol: oip
    match: {{path: /v2/models/digits/*}}
    targeting_key: [{{header: x-user-id}}]    # the same user meets the same version
    rules:
    - {{segment: gold, split: {{digits-2: 1}}}}
    split: {{{split}}}

  digits-trial:
    protocol: oip
    match: {{path: /v2/models/digits-trial/*}}
    targeting_key: [{{header: x-user-id}}]
    split: {{digits-1: 1}}
    shadow:
    - variant: digits-3
    - variant: digits-1-again
"""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The ports of one demo, all on 127.0.0.1."""

    port: int
    admin_port: int
    models_port: int

    @property
    def gateway(self) -> str:
        """The gateway's URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def models(self) -> str:
        """MLServer's URL."""
        return f"http://127.0.0.1:{self.models_port}"


def choose_addresses(port: int | None) -> Addresses:
    """The usual ports where they are free; a port that was asked for is not replaced."""
    if port is not None and not is_free(port):
        raise StartError(f"port {port} of 127.0.0.1 is in use; choose another one, or leave --port out")
    return Addresses(port or free_port(8080), free_port(9090), free_port())


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return True
    return False


def free_port(wish: int = 0) -> int:
    """The port wished for if it is free, else any that is."""
    if wish and is_free(wish):
        return wish
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def start_models(children: Children, python: Path, *, repository: Path, port: int) -> asyncio.Task[None]:
    """MLServer over the repository; the task ends in error when it does."""
    environment = {
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_HTTP_PORT": str(port),
        "MLSERVER_GRPC_PORT": str(free_port()),
        "MLSERVER_METRICS_PORT": str(free_port()),
        "MLSERVER_PARALLEL_WORKERS": "0",
        "MLSERVER_DEBUG": "false",
    }
    start = "from mlserver.cli import main; main()"
    command = [str(python), "-c", start, "start", str(repository)]
    child = await children.start("MLServer", command, environment)
    return asyncio.create_task(child.ended(), name="MLServer")


async def start_gateway(children: Children, file: Path) -> asyncio.Task[None]:
    """The gateway, as anyone would start it; the task ends in error when it does."""
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(file)]
    child = await children.start("Gateway", command, {"TMPDIR": str(file.parent)})
    return asyncio.create_task(child.ended(), name="gateway")


def configuration(addresses: Addresses) -> str:
    """The gateway's file."""
    split = ", ".join(f"{name}: {weight}" for name, weight in SPLIT.items())
    ports = {"port": addresses.port, "admin_port": addresses.admin_port}
    return CONFIGURATION.format(models=addresses.models, split=split, **ports)


async def wait_ready(http: aiohttp.ClientSession, addresses: Addresses) -> None:
    """Return once every model and the gateway say they are ready; StartError after `START`."""
    urls = [f"{addresses.models}/v2/models/{name}/ready" for name in SPLIT]
    try:
        async with asyncio.timeout(START):
            for url in [*urls, f"{addresses.gateway}/readyz"]:
                while not await answers(http, url):  # noqa: ASYNC110 - it happens in another process
                    await asyncio.sleep(0.1)
    except TimeoutError:
        raise StartError(f"not ready after {START:.0f} s: {url}") from None


async def answers(http: aiohttp.ClientSession, url: str) -> bool:
    """Whether a GET of it is answered with 200."""
    try:
        async with http.get(url) as reply:
            return reply.status == 200
    except aiohttp.ClientError:
        return False
