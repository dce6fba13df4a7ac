"""MLServer with the demo's three models, as a process. `make venv` installs it."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

from tests.support import kernel

ROOT = Path(__file__).parent.parent.parent
PYTHON = Path(os.environ.get("GATEWAY_MLSERVER_PYTHON") or ROOT / ".venv-mlserver/bin/python")
CACHE = ROOT / ".venv-mlserver/cache"
"""Trained models are kept with the environment that trained them; `make clean` removes both."""
MODELS = ("digits-1", "digits-2", "digits-3")
START = 90.0


def repository() -> Path:
    """The folder of the trained models; made at its first use."""
    assert PYTHON.exists(), f"{PYTHON} is missing: run `make venv`"
    script = ROOT / "gateway/demo/train.py"
    run = subprocess.run([PYTHON, script, CACHE], capture_output=True, text=True, timeout=180, check=True)
    return Path(run.stdout.strip())


class MLServer:
    """One running MLServer; `url` is its HTTP side."""

    def __init__(self, folder: Path) -> None:
        self.port = kernel.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "mlserver.log"
        settings = {
            **os.environ,
            "MLSERVER_HOST": "127.0.0.1",
            "MLSERVER_HTTP_PORT": str(self.port),
            "MLSERVER_GRPC_PORT": str(kernel.free_port()),
            "MLSERVER_METRICS_PORT": str(kernel.free_port()),
            "MLSERVER_PARALLEL_WORKERS": "0",
            "MLSERVER_DEBUG": "false",
        }
        command = [PYTHON, "-c", "from mlserver.cli import main; main()", "start", repository()]
        with self.log.open("wb") as output:
            streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
            self.process = subprocess.Popen(command, cwd=folder, env=settings, **streams)

    def __enter__(self) -> Self:
        give_up = time.monotonic() + START
        while not all(self._ready(model) for model in MODELS):
            if self.process.poll() is not None or time.monotonic() > give_up:
                self.__exit__()
                raise AssertionError(f"MLServer did not start:\n{self.log.read_text()}")
            time.sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _ready(self, model: str) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/v2/models/{model}/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False
