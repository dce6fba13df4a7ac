"""What a request costs the gateway, beside nginx, HAProxy and Envoy doing the same work: `python -m loadtests.bench`.

    make bench
    make bench ARGS='--only requests,latency --rounds 5 --seconds 3'

All of it takes about ten minutes, and writes docs/benchmarks.md and its plots; a part (--only) is printed and written
nowhere, unless --page names a file. Needs wrk and two cores; what else is not installed is said and left out.
"""

import argparse
import json
import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from loadtests.bench import machine, more, page, plot
from loadtests.bench.contenders import PURE, ROOT, found, missing
from loadtests.bench.experiments import EXPERIMENTS, Bench
from loadtests.bench.figures import Table
from loadtests.bench.idle import allow_descriptors
from loadtests.stand import CORES, Stand

MOST = 1000.0
PAGE = ROOT / "docs/benchmarks.md"
BUSY = 0.5
"""Cores: with more than that going on, the page says that its figures suffer."""


def main() -> None:
    """Measure or read, print, write."""
    options = arguments()
    result = json.loads(options.read.read_text()) if options.read else measured(options)
    tables = [Table(**table) for table in result["tables"]]
    if options.page is not None:
        write(options.page, tables, result["facts"], busy=result["busy"] > BUSY)
    if options.json is not None:
        options.json.write_text(json.dumps(result, indent=1) + "\n")


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """All that is wanted; each table is printed as it is done."""
    check_machine()
    allow_descriptors()
    contenders = found(options.beside)
    for name in missing(contenders):
        say(f"{name} is not installed, or not wanted: it is left out")
    busy = machine.load()
    names = options.only or everything()
    with Stand() as stand:
        bench = Bench(stand, stand.model(), contenders, options.rounds, options.seconds)
        tables = [table for name in names for table in tell(name, EXPERIMENTS[name](bench))]
    facts = {
        "measured on": time.strftime("%Y-%m-%d", time.gmtime()),
        "how": f"{options.rounds} rounds of {options.seconds:g} s each",
        "busy with other things before": f"{busy:.1f} cores",
        **machine.facts([*contenders, *(more.found() if "chat" in names else [])]),
    }
    return {"facts": facts, "busy": busy, "tables": [asdict(table) for table in tables]}


def tell(name: str, tables: Iterator[Table]) -> Iterator[Table]:
    """Say what is measured, and print what was."""
    say(f"measuring: {name}")
    for table in tables:
        sys.stdout.write(f"\n{table.title}\n{page.body(table, PURE)}\n")
        sys.stdout.flush()
        yield table


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
    parser.add_argument("--read", type=Path, metavar="JSON", help="measure nothing, write the page of these figures")
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


def write(file: Path, tables: list[Table], facts: dict[str, str], *, busy: bool) -> None:
    """The page, and the plots beside it."""
    plots = {}
    for table in tables:
        if table.name in PLOTTED:
            plots[table.name] = f"{file.stem}-{table.name}.svg"
            (file.parent / plots[table.name]).write_text(PLOTTED[table.name](table))
    file.write_text(page.page(tables, facts, ours=PURE, plots=plots, busy=busy))
    say(f"written: {file}")


def plot_requests(table: Table) -> str:
    """Relative to the gateway: bodies differ by a thousand times."""
    return plot.bars(table, relative_to=PURE)


def plot_latency(table: Table) -> str:
    """What the client says of itself left out."""
    rows = {row: cells for row, cells in table.rows.items() if "client" not in row}
    return plot.bars(replace(table, rows=rows), logarithmic=True)


PLOTTED: dict[str, Callable[[Table], str]] = {"requests": plot_requests, "latency": plot_latency}


def say(line: str) -> None:
    """What goes on."""
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit("ended before all was measured; nothing is written") from None
