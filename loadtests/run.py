"""A model stand-in, a gateway before it, and locust against both; ends with locust's exit code.

    make loadtest
    make loadtest ARGS='-u 500 -r 100 -t 60s'
"""

import subprocess
import sys
from pathlib import Path

from stand import Stand

DEFAULTS = ["-u", "100", "-r", "50", "-t", "20s"]


def main() -> int:
    """Run it."""
    with Stand() as stand:
        _, port = stand.gateway(stand.model())
        script = str(Path(__file__).with_name("locustfile.py"))
        command = [sys.executable, "-m", "locust", "-f", script, "--headless", "--host", f"http://127.0.0.1:{port}"]
        return subprocess.run([*command, "--only-summary", *(sys.argv[1:] or DEFAULTS)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
