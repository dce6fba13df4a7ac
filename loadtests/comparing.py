"""CPU time of one comparison, as the shadow process makes it: small answers and large ones, alike and not.

    make comparing
    make comparing ARGS='--rounds 50'

The median of the rounds, in milliseconds. No process is started and nothing is sent.
"""

import argparse
import random
import sys
import time
from collections.abc import Iterator
from statistics import median

import orjson

from gateway.core.compare import Rules, judge, rules
from gateway.core.copies import Observation
from gateway.core.model import Compare, Protocol

JSON = ((b"content-type", b"application/json"),)
SMALL, LARGE = 60, 116_000
"""Numbers in an answer of 1 KB, and of 1 MiB."""
ROUNDS = {SMALL: 20, LARGE: 1}
"""How many for each that is asked for: what takes microseconds scatters more."""

Pair = tuple[str, list[float], list[float]]


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    protocols: tuple[Protocol, ...] = ("http", "oip")
    for protocol in protocols:
        for what, live, shadow in (*pairs(SMALL), *pairs(LARGE)):
            replies = answer(live), answer(shadow, end=b" ")
            seconds = cost(rules(Compare(), protocol), *replies, rounds * ROUNDS[len(live)])
            sys.stdout.write(f"{protocol:5} {len(live):7,} numbers, {what:16} {seconds * 1e3:8.3f} ms\n")


def pairs(size: int) -> Iterator[Pair]:
    """What is compared: numbers as a model writes its scores."""
    live = [round(random.random(), 6) for _ in range(size)]
    yield "all the same", live, live
    yield "one differs", live, [*live[:5], live[5] + 1, *live[6:]]
    yield "all differ", live, [number + 1 for number in live]


def answer(numbers: list[float], *, end: bytes = b"") -> Observation:
    """An Open Inference answer of one tensor; with another end the same is said in other bytes."""
    tensor = {"name": "scores", "shape": [1, len(numbers)], "datatype": "FP64", "data": numbers}
    body = orjson.dumps({"model_name": "scores", "note": "y" * 300, "outputs": [tensor]})
    return Observation(200, JSON, body + end, 0.001)


def cost(rules: Rules, live: Observation, shadow: Observation, rounds: int) -> float:
    """Seconds of CPU, in the middle of all rounds."""
    seconds = []
    for _ in range(rounds):
        begun = time.process_time()
        judge(rules, live, shadow)
        seconds.append(time.process_time() - begun)
    return median(seconds)


if __name__ == "__main__":
    main()
