"""Which Python has MLServer and scikit-learn. They live apart from the gateway's own packages, whose versions they
would otherwise dictate."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from gateway.errors import StartError

CHECKOUT = Path(__file__).parent.parent.parent
PROBE = "import importlib.util as u, sys; sys.exit(not (u.find_spec('mlserver_sklearn') and u.find_spec('mlserver')))"
PACKAGES = "mlserver==1.7.1 mlserver-sklearn==1.7.1"


def cache_folder() -> Path:
    """Where this user's demo keeps what the next one can use again."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "model-gateway"


def find(given: Path | None) -> Path:
    """An interpreter that can import MLServer; StartError says which one command makes it."""
    if given is not None:
        if not has_mlserver(given):
            raise StartError(f"{given}: not a Python that has MLServer and its scikit-learn runtime ({PACKAGES})")
        return given.absolute()
    for python in usual_places():
        if has_mlserver(python):
            return python
    folder = cache_folder() / "mlserver"
    raise StartError(
        "the demo needs MLServer 1.7, and no Python with it was found. In a checkout, `make demo` installs it. "
        f"Elsewhere, run this once (Python 3.11 or 3.12):\n"
        f"  python3 -m venv {folder} && {folder}/bin/pip install {PACKAGES}"
    )


def usual_places() -> Iterator[Path]:
    """In order: the checkout's environment, this user's, the gateway's own."""
    yield CHECKOUT / ".venv-mlserver/bin/python"
    yield cache_folder() / "mlserver/bin/python"
    yield Path(sys.executable)


def has_mlserver(python: Path) -> bool:
    """Whether that interpreter runs and finds the two packages."""
    try:
        run = subprocess.run([python, "-c", PROBE], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return run.returncode == 0
