"""Load by locust, headless: `python -m loadtests.load`.

Against the demo, or with `--host` against a gateway of your own, whose routes the environment describes. It takes
about `--seconds`, leaves a locust report of each run in the folder that `--reports` names, prints one screen, and ends
with 1 when an answer was wrong.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from loadtests.load.ground import Ground, prepare, trips
from loadtests.load.sheet import sheet

ROOT = Path(__file__).parent.parent.parent
HERE = Path(__file__).parent
SHARES = {"mixed": 0.4, "spike": 0.3, "stress": 0.3}
"""Of the time."""
LONGEST_START = 60


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--host", help="of a gateway that runs already")
    parser.add_argument("--admin", help="URL of its admin side")
    parser.add_argument("--only", choices=tuple(SHARES), help="one run only")
    parser.add_argument("--users", type=int, default=40, help="of the steady traffic")
    parser.add_argument("--mlserver-python", help="for the demo; stand-ins take its place without")
    parser.add_argument("--reports", type=Path, default=ROOT / "loadtests/reports")
    options = parser.parse_args()
    options.reports.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="load-")))
        if options.host:
            ground = Ground(options.host, options.host, {}, (options.admin,) if options.admin else ())
        else:
            ground = prepare(stack, folder, mlserver=options.mlserver_python)
        print(f"{ground.about}; {options.seconds:.0f} s", flush=True)
        names = [options.only] if options.only else list(SHARES)
        results = {name: run(name, names, ground, options) for name in names}
        tripped = trips(ground.admins) if ground.admins else None
    print(sheet(results, about=f"reports: {options.reports}", trips=tripped), end="")
    return 1 if any(result["faults"] for result in results.values()) else 0


def run(name: str, names: Sequence[str], ground: Ground, options: argparse.Namespace) -> dict[str, Any]:
    """One locust run; what it has found."""
    seconds = max(2.0, options.seconds * SHARES[name] / sum(SHARES[each] for each in names))
    result = options.reports / f"{name}.json"
    result.unlink(missing_ok=True)
    command = [sys.executable, "-m", "locust", "-f", str(HERE / f"{name}.py"), "--headless", "--host", ground.host]
    command += ["--html", str(options.reports / f"{name}.html"), "--only-summary", "--loglevel", "WARNING"]
    if name == "mixed":
        command += ["-u", str(options.users), "-r", str(options.users), "-t", f"{seconds:.0f}s", "--stop-timeout", "10"]
    env = {**os.environ, **ground.env, "GATEWAY_RESULT": str(result), "GATEWAY_SECONDS": str(seconds)}
    env["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        command, env=env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds + LONGEST_START
    )
    if not result.exists():
        raise SystemExit(f"locust did not run:\n{done.stdout}{done.stderr}")
    found: dict[str, Any] = json.loads(result.read_text())
    return found


if __name__ == "__main__":
    sys.exit(main())
