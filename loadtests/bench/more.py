"""Gateways for language models, measured where `make bench BENCH_MORE=1` has installed them: LiteLLM and TensorZero."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from loadtests.bench.contenders import ROOT, Contender, Target, version
from loadtests.bench.setting import Setting
from loadtests.stand import PROXY, Stand, answers, connects, free_port

BIN = ROOT / ".venv-more/bin"
LITELLM, TENSORZERO = "LiteLLM", "TensorZero"
USUAL = ("/v1/chat/completions", "chat")
ASKED = {TENSORZERO: ("/openai/v1/chat/completions", "tensorzero::model_name::chat")}
"""The path and the model's name that each is asked for."""
PATIENCE = 120.0
"""Seconds of a start: LiteLLM takes long."""

TENSORZERO_CONFIG = """
[gateway]
observability.enabled = false
[models.chat]
routing = ["local"]
[models.chat.providers.local]
type = "openai"
model_name = "chat"
api_base = "http://127.0.0.1:{model}/v1/"
api_key_location = "none"
"""
TENSORZERO_SERVER = """
import signal, sys, tensorzero
gateway = tensorzero._start_http_gateway(
    config_file=sys.argv[1], clickhouse_url=None, postgres_url=None, valkey_url=None, async_setup=False
)
print(gateway.base_url, flush=True)
signal.sigwait([signal.SIGTERM])
"""


def found() -> list[Contender]:
    """Those that are installed."""
    made = []
    if (BIN / "litellm").exists():
        made.append(Contender(LITELLM, _version("litellm"), _litellm))
    if list(BIN.parent.glob("lib/python3*/site-packages/tensorzero")):
        made.append(Contender(TENSORZERO, _version("tensorzero"), _tensorzero))
    return made


def missing(contenders: Sequence[Contender]) -> list[str]:
    """The others."""
    return [name for name in (LITELLM, TENSORZERO) if name not in {each.name for each in contenders}]


def _version(package: str) -> str:
    return version([str(BIN / "python"), "-c", f"import importlib.metadata as m; print(m.version('{package}'))"])


def _litellm(stand: Stand, _: Setting, model: int) -> Target:
    """One worker, as its pages advise for production: no telemetry, no prices fetched."""
    port = free_port()
    params = {"model": "openai/chat", "api_base": f"http://127.0.0.1:{model}/v1", "api_key": "none"}
    file = stand.folder / "litellm.yaml"
    file.write_text(json.dumps({"model_list": [{"model_name": "chat", "litellm_params": params}]}))
    options = ["--config", str(file), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    # Without a key it starts only when it is told to: it listens on 127.0.0.1, for this run.
    env = {"LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    env |= {"LITELLM_MODE": "PRODUCTION", "LITELLM_LOG": "ERROR"}
    pid = stand.start("litellm", [str(BIN / "litellm"), *options, "--telemetry", "False"], cores=[PROXY], **env)
    stand.wait(lambda: answers(f"http://127.0.0.1:{port}/health/liveliness"), LITELLM, seconds=PATIENCE)
    return Target(LITELLM, pid, port)


def _tensorzero(stand: Stand, _: Setting, model: int) -> Target:
    """The server that its Python package brings, which chooses its port."""
    file = stand.folder / "tensorzero.toml"
    file.write_text(TENSORZERO_CONFIG.format(model=model))
    command = [str(BIN / "python"), "-c", TENSORZERO_SERVER, str(file)]
    pid = stand.start("tensorzero", command, cores=[PROXY], TOKIO_WORKER_THREADS="1")
    log = stand.folder / "tensorzero.log"
    stand.wait(lambda: _port(log) > 0 and connects(_port(log)), TENSORZERO, seconds=PATIENCE)
    return Target(TENSORZERO, pid, _port(log))


def _port(log: Path) -> int:
    found = re.search(r"http://127\.0\.0\.1:(\d+)/", log.read_text(errors="replace"))
    return int(found[1]) if found else 0
