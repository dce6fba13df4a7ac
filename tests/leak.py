"""A long leak test, run by hand: `python -m tests.leak 1000000`.

Goes on until the gateway has counted that many requests of clients that leave at random moments, and prints now and
then what the workers hold: memory, descriptors, requests in flight, connections. Ends with 1 when memory at the end is
more than 4 MiB above that of the first tenth, or anything else is not where it began. Everything stays on 127.0.0.1; a
million requests take a quarter of an hour on two cores.
"""

import argparse
import sys
from itertools import count

from tests.support.gateway import Gateway, config
from tests.wire.load import Holdings, holdings, leave_at_random, upstream, wait_idle

CONNECTIONS, AT_ONCE = 2000, 192
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


def counted(gateway: Gateway) -> int:
    """Requests that ended in any way."""
    return int(gateway.total("gateway_requests_total") + gateway.total("gateway_client_disconnects_total"))


def run(requests: int) -> bool:
    """Whether all is where it began."""
    with upstream() as url, Gateway(config(url, limits=LIMITS)) as gateway:
        show("start", holdings(gateway))
        rounds: list[Holdings] = []
        seeds = count()
        for at in range(ROUNDS):
            while counted(gateway) < requests * (at + 1) // ROUNDS:
                leave_at_random(gateway.port, CONNECTIONS, seed=next(seeds), at_once=AT_ONCE)
            rounds.append(wait_idle(gateway))
            show(str(counted(gateway)), rounds[-1])
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
