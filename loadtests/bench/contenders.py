"""Who is measured: the gateway, and other proxies set to do the same. It finds and starts them; it measures nothing."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench import gateways, peers
from loadtests.bench.figures import PASSING
from loadtests.bench.setting import Setting
from loadtests.stand import CORES, PROXY, Stand, answers, connects, free_port

ROOT = Path(__file__).parent.parent.parent
PURE = "gateway"
COMPILED = "gateway, compiled"


@dataclass(frozen=True)
class Target:
    """One that runs."""

    name: str
    pid: int
    port: int
    admin: int = 0
    """Where the gateway's operators ask."""


@dataclass(frozen=True)
class Contender:
    """One that can run."""

    name: str
    version: str
    start: Callable[[Stand, Setting, int], Target]
    """By what it is asked for, before the model on that port."""


def found(wanted: Sequence[str] | None) -> list[Contender]:
    """Those that are installed; of the others only those wanted, where they are named."""
    others = [_nginx(), _haproxy(), _envoy()]
    chosen = [each for each in others if each is not None and (wanted is None or each.name.lower() in wanted)]
    return [*gateway_contenders(), *chosen]


def passing(contenders: Sequence[Contender]) -> list[Contender]:
    """What all of them pay, where HAProxy is among them: each piece read and written once, nothing of it looked at."""
    wanted = any(each.name == "HAProxy" for each in contenders)
    found = _peer(PASSING, "haproxy", "-v", _haproxy_options, peers.passing) if wanted else None
    return [found] if found else []


def missing(contenders: Sequence[Contender]) -> list[str]:
    """Those that could have been beside it."""
    return [name for name in ("nginx", "HAProxy", "Envoy") if name not in {each.name for each in contenders}]


def cores(setting: Setting) -> list[int]:
    """One for one worker. Where there are more workers, as many, and all where there are not enough."""
    return [PROXY] if setting.workers == 1 else CORES[: max(setting.workers, 2)]


def program(name: str) -> str | None:
    """Where it is: named by a variable such as ENVOY, in the path, or in the environment that make gives it."""
    wheel = sorted(ROOT.glob(f".venv-peers/lib/python3*/site-packages/{name}/_bin/{name}"))
    folders = f"{os.environ['PATH']}:/usr/sbin:{ROOT}/.venv-peers/bin"
    return os.environ.get(name.upper()) or (str(wheel[0]) if wheel else shutil.which(name, path=folders))


def version(command: Sequence[str]) -> str:
    """The first number with two dots that it says."""
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    numbers = re.search(r"\d+\.\d+\.\d+", said.stdout + said.stderr)
    return numbers[0] if numbers else "?"


def gateway_contenders(write: gateways.Writer = gateways.config) -> list[Contender]:
    """Ours: as it is, and compiled where that is built."""
    compiled = ROOT / ".venv-fast/bin/gateway"
    made = [_gateway(PURE, [sys.executable, "-m", "gateway"], write)]
    return [*made, _gateway(COMPILED, [str(compiled)], write)] if compiled.exists() else made


def _gateway(name: str, command: list[str], write: gateways.Writer) -> Contender:
    def start(stand: Stand, setting: Setting, model: int) -> Target:
        port, admin = free_port(), free_port()
        file = stand.folder / f"gateway-{port}.yaml"
        file.write_text(json.dumps(write(setting, port=port, admin=admin, model=model, folder=stand.folder)))
        pid = stand.start(f"gateway-{port}", [*command, "serve", "--config", str(file)], cores=cores(setting))
        stand.wait(lambda: answers(f"http://127.0.0.1:{port}/readyz"), name)
        return Target(name, pid, port, admin)

    return Contender(name, version([*command, "--version"]), start)


def _nginx() -> Contender | None:
    return _peer("nginx", "nginx", "-v", lambda file, _: ["-c", file, "-e", "stderr"], peers.nginx)


def _haproxy() -> Contender | None:
    return _peer("HAProxy", "haproxy", "-v", _haproxy_options, peers.haproxy)


def _haproxy_options(file: str, _: Setting) -> list[str]:
    return ["-db", "-f", file]


def _envoy() -> Contender | None:
    return _peer("Envoy", "envoy", "--version", _envoy_options, peers.envoy)


def _envoy_options(file: str, setting: Setting) -> list[str]:
    return ["-c", file, "--concurrency", str(setting.workers), "--disable-hot-restart", "-l", "error"]


def _peer(
    name: str, executable: str, tells: str, options: Callable[[str, Setting], list[str]], config: peers.Writer
) -> Contender | None:
    path = program(executable)
    if path is None:
        return None

    def start(stand: Stand, setting: Setting, model: int) -> Target:
        port = free_port()
        folder = stand.folder / f"{executable}-{port}"
        folder.mkdir()
        file = folder / "config.json"
        file.write_text(config(setting, peers.Place(port, model, folder)))
        pid = stand.start(f"{executable}-{port}", [path, *options(str(file), setting)], cores=cores(setting))
        stand.wait(lambda: connects(port), name)
        return Target(name, pid, port)

    return Contender(name, version([path, tells]), start)
