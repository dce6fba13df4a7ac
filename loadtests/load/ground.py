"""The gateways and models to be pressed on: the demo with its real models, and stand-ins for chat and uploads.

Where no Python with MLServer is found, the stand-ins take the demo's place as well.
"""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.support.gateway import Gateway
from tests.support.kernel import free_port

ROOT = Path(__file__).parent.parent.parent
START = 180.0
"""Seconds the demo may take: it trains its models the first time."""
DIGIT = {"inputs": [{"name": "image", "shape": [1, 64], "datatype": "FP32", "data": [0.0, 8.0] * 32}]}


@dataclass(frozen=True, slots=True)
class Ground:
    """What the users are to be told, and where the gateways tell of themselves."""

    about: str
    host: str
    env: dict[str, str]
    admins: tuple[str, ...]


def prepare(stack: ExitStack, folder: Path, *, mlserver: str | None) -> Ground:
    """Start everything; it ends with the stack."""
    gateway = stand_ins(stack, folder)
    url = f"http://127.0.0.1:{gateway.port}"
    admin = f"http://127.0.0.1:{gateway.admin_port}"
    body = folder / "body.json"
    env = {"GATEWAY_CHAT": f"{url}/v1/chat/completions", "GATEWAY_UPLOADS": f"{url}/uploads", "GATEWAY_BODY": str(body)}
    if mlserver is None or not os.access(mlserver, os.X_OK):
        body.write_text(json.dumps({"amount": [12.25] * 100}))
        env |= {"GATEWAY_PATH": "/v1/fraud", "GATEWAY_SPLIT": "stable=90,candidate=10", "GATEWAY_GOLD": "candidate"}
        about = "MLServer is not installed here (make venv), so stand-ins that only answer take the models' place"
        return Ground(about, url, env, (admin,))
    body.write_text(json.dumps(DIGIT))
    host, own = demo(stack, folder, str(Path(mlserver).absolute()))
    split = "digits-1=80,digits-2=15,digits-3=5"
    env |= {"GATEWAY_PATH": "/v2/models/digits/infer", "GATEWAY_SPLIT": split, "GATEWAY_GOLD": "digits-2"}
    return Ground("the demo: three real models on MLServer; chat and uploads on stand-ins", host, env, (own, admin))


def stand_ins(stack: ExitStack, folder: Path) -> Gateway:
    """Models that only answer, and a gateway before them."""
    ports = {name: free_port() for name in ("stable", "candidate")}
    scenario = folder / "models.yaml"
    parts = {name: {"listen": f"127.0.0.1:{port}", "delay": "2ms"} for name, port in ports.items()}
    scenario.write_text(json.dumps({"length": "24h", "models": parts}))
    command = [sys.executable, "-m", "loadtests.models", str(scenario)]
    models = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    stack.callback(models.wait, 30)
    stack.callback(models.terminate)
    split = {"split": {"stable": 90, "candidate": 10}, "targeting_key": [{"header": "x-user-id"}]}
    routes = {
        "fraud": {**split, "match": {"path": "/v1/fraud"}, "rules": [{"segment": "gold", "split": {"candidate": 1}}]},
        "chat": {**split, "match": {"path": "/v1/chat/completions"}, "protocol": "openai"},
        "uploads": {**split, "match": {"path": "/uploads"}},
    }
    variants = {name: {"endpoints": [f"http://127.0.0.1:{port}"]} for name, port in ports.items()}
    segments = {"gold": {"header": "x-tier", "eq": "gold"}}
    return stack.enter_context(Gateway({"workers": 1, "variants": variants, "segments": segments, "routes": routes}))


def demo(stack: ExitStack, folder: Path, mlserver: str) -> tuple[str, str]:
    """The demo without its own traffic; its address and that of its admin side."""
    port, said = free_port(), folder / "demo.log"
    command = [sys.executable, "-m", "gateway", "demo", "--no-traffic", "--plain", "--port", str(port)]
    with said.open("w") as log:
        process = subprocess.Popen([*command, "--mlserver-python", mlserver], stdout=log, stderr=log, cwd=folder)
    stack.callback(process.wait, 30)
    stack.callback(process.terminate)
    give_up = time.monotonic() + START
    while not (found := re.search(r"Metrics: (http://[\d.:]+)/metrics", said.read_text())):
        if process.poll() is not None or time.monotonic() > give_up:
            raise SystemExit(f"the demo does not start:\n{said.read_text()}")
        time.sleep(0.2)
    return f"http://127.0.0.1:{port}", found[1]


def trips(admins: tuple[str, ...]) -> int:
    """How often breakers have tripped."""
    total = 0.0
    for admin in admins:
        with urllib.request.urlopen(f"{admin}/metrics", timeout=10) as reply:
            lines = reply.read().decode().splitlines()
        total += sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("gateway_breaker_trips_total{"))
    return int(total)
