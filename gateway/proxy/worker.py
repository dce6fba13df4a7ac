"""The worker: `python -m gateway.proxy.worker`, started by the launcher. Joins the process and the server it runs."""

import os
import sys

from gateway.links.child import options
from gateway.proxy.process import run
from gateway.proxy.server import Server


def main() -> None:
    """Threads of the name resolver may still be waiting: the end does not wait for them."""
    code = run(options(sys.argv[1:]), Server)
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
