"""A long leak test, run by hand: `python -m tests.leak 1000000`.

Makes that many requests (about a dozen to each connection) with clients that leave at random moments, and prints every
few seconds what the workers hold: memory, descriptors, requests in flight, connections. Ends with 1 when memory at the
end is more than 4 MiB above that of the first tenth, or anything else is not where it began. Everything stays on
127.0.0.1; a million requests take some minutes on two cores.
"""

import argparse
import sys

from tests.support.gateway import Gateway, config
from tests.wire.load import Holdings, holdings, leave_at_random, upstream, wait_idle

PER_CONNECTION = 13
ROUNDS = 20
SLACK = 4 << 20
OTHERS = 40
"""Descriptors that are no connections."""
LIMITS = {"header_timeout": "2s", "body_idle": "2s", "keepalive": "2s"}


def show(name: str, now: Holdings) -> None:
    """One line for people."""
    held = f"{now.memory >> 10:8} KiB  {now.descriptors:5} descriptors"
    print(
        f"{name:>10}  {held}  {now.in_flight:g} in flight  {now.clients:g} clients  {now.upstream:g} upstream",
        flush=True,
    )


def run(requests: int) -> bool:
    """Whether all is where it began."""
    with upstream() as url, Gateway(config(url, limits=LIMITS)) as gateway:
        show("start", holdings(gateway))
        rounds: list[Holdings] = []
        for at in range(ROUNDS):
            leave_at_random(gateway.port, requests // PER_CONNECTION // ROUNDS, seed=at)
            rounds.append(wait_idle(gateway))
            show(f"{int(gateway.total('gateway_requests_total'))}", rounds[-1])
    warm, end = rounds[ROUNDS // 10 - 1], rounds[-1]
    kept = end.memory - warm.memory
    print(f"memory since the first tenth: {kept >> 10:+} KiB")
    return kept < SLACK and (end.in_flight, end.clients) == (0, 0) and end.descriptors - end.upstream < OTHERS


def main() -> None:
    """Read the number of requests and go."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("requests", type=int, nargs="?", default=1_000_000)
    sys.exit(0 if run(parser.parse_args().requests) else 1)


if __name__ == "__main__":
    main()
