"""What a request costs the gateway, beside nginx, HAProxy and Envoy doing the same work: `python -m loadtests.bench`.

    make bench
    make bench ARGS='--only requests,latency --rounds 5 --seconds 3'

All of it takes about six minutes, and writes docs/benchmarks.md and its plots; a part (--only) is printed and written
nowhere, unless --page names a file. Needs wrk and two cores; what else is not installed is said and left out.
"""

import argparse
import json
import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import asdict
from pathlib import Path

from loadtests.bench import machine, more, page, plot
from loadtests.bench.contenders import PURE, ROOT, found, missing
from loadtests.bench.experiments import EXPERIMENTS, Bench
from loadtests.bench.figures import Table
from loadtests.bench.idle import allow_descriptors
from loadtests.stand import CORES, Stand

MOST = 1000.0
PAGE = ROOT / "docs/benchmarks.md"
PLOTTED = {"requests": PURE, "latency": ""}


def main() -> None:
    """Measure, print, write."""
    options = arguments()
    check_machine()
    allow_descriptors()
    contenders = found(options.beside)
    for name in missing(contenders):
        say(f"{name} is not installed, or not wanted: it is left out")
    tables: list[Table] = []
    busy = machine.load()
    with Stand() as stand:
        bench = Bench(stand, stand.model(), contenders, options.rounds, options.seconds)
        for name in options.only or everything():
            say(f"measuring: {name}")
            for table in EXPERIMENTS[name](bench):
                tables.append(table)
                sys.stdout.write(f"\n{table.title}\n{page.body(table, PURE)}\n")
                sys.stdout.flush()
    also = more.found() if "chat" in (options.only or everything()) else []
    facts = {
        "measured on": time.strftime("%Y-%m-%d", time.gmtime()),
        "how": f"{options.rounds} rounds of {options.seconds:g} s each",
        "busy with other things before": f"{busy:.1f} cores",
        **machine.facts([*contenders, *also]),
    }
    if options.page is not None:
        write(options.page, tables, facts)
    if options.json is not None:
        options.json.write_text(json.dumps({"facts": facts, "tables": [asdict(table) for table in tables]}, indent=1))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", type=words(EXPERIMENTS), help=f"some of {','.join(EXPERIMENTS)}")
    parser.add_argument(
        "--beside", type=words(("nginx", "haproxy", "envoy")), help="some of nginx,haproxy,envoy; empty: none"
    )
    parser.add_argument("--rounds", type=whole, default=3)
    parser.add_argument("--seconds", type=at_least(0.1), default=0.8, help="of one turn of one contender")
    parser.add_argument("--page", type=Path, help="where the page goes; plots go beside it")
    parser.add_argument("--json", type=Path, help="where every round's figures go as JSON")
    options = parser.parse_args()
    if options.only is None and options.page is None:
        options.page = PAGE
    return options


def words(known: Collection[str]) -> Callable[[str], list[str]]:
    """Names with commas between."""

    def read(text: str) -> list[str]:
        named = [name for name in text.split(",") if name]
        if unknown := [name for name in named if name not in known]:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}")
        return named

    return read


def at_least(least: float) -> Callable[[str], float]:
    """A number that is not too small."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= MOST:
            raise argparse.ArgumentTypeError(f"{text!r} is not between {least:g} and {MOST:g}")
        return value

    return read


def whole(text: str) -> int:
    """A number of rounds."""
    return int(at_least(1)(text))


def everything() -> list[str]:
    """All, the gateways for language models only when they are asked for."""
    return [name for name in EXPERIMENTS if name != "chat" or os.environ.get("BENCH_MORE")]


def check_machine() -> None:
    """End with a line that helps where it cannot run."""
    if sys.platform != "linux":
        raise SystemExit("the benchmark reads /proc, so it runs on Linux only")
    absent = [program for program in ("wrk", "taskset") if not shutil.which(program)]
    if absent:
        raise SystemExit(f"{' and '.join(absent)} not found; on Debian: apt-get install wrk util-linux")
    if len(CORES) < 2:
        say("there is one core only: the client takes its part of what the proxies could use")


def write(file: Path, tables: list[Table], facts: dict[str, str]) -> None:
    """The page, and the plots beside it."""
    plots = {}
    for table in tables:
        if table.name in PLOTTED:
            plots[table.name] = f"{file.stem}-{table.name}.svg"
            (file.parent / plots[table.name]).write_text(plot.bars(table, relative_to=PLOTTED[table.name]))
    file.write_text(page.page(tables, facts, ours=PURE, plots=plots))
    say(f"written: {file}")


def say(line: str) -> None:
    """What goes on."""
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit("ended before all was measured; nothing is written") from None
