"""The page of results, as Markdown. It says of every figure what it is, and lists first where others are better."""

from collections.abc import Mapping, Sequence

from loadtests.bench.figures import ASIDE, DIRECT, MORE, PASSING, TOTAL, Ratio, Table, middle, ratio

NEAR = 1.05
"""Ratios this close to 1 are no difference on such a machine."""
ABOUT = """\
# Benchmarks

Written by `make bench`: the gateway beside other proxies that do the same work, in one run on one machine. What is
measured and how stands with each table and [at the end](#how-it-is-measured).
"""
WORSE = (
    "The gateway's figure divided by the other's, with the least and the most of all rounds, where it is above 1.05."
)
BETTER = "The same, where it is below 0.95 in every round."
BUSY = """\
**The machine was busy with other things**, so these figures say little about it, and nothing about latency; ratios of
CPU time suffer least. `make bench` on a machine that does nothing else gives better ones.
"""
HOW = """\
## How it is measured

- **CPU time per request** is the figure to trust: user and system time of all of a proxy's processes, as the kernel
  counts it, by the requests that were answered meanwhile. It says what a request costs, however hard the client pushes.
- **Rounds**: all contenders take turns within a round. A figure is the median of the rounds; a ratio is taken within
  each round, so that a busy moment of the machine counts for both, and the median of those is shown.
- **Cores**: what is measured has the first core; the client ([wrk](https://github.com/wg/wrk)) and the model stand-in,
  which only answers, share the last. With more workers than one: as many cores as workers, the first ones.
- **The same work**: callers stick to one of two variants (90 to 10) by the hash of a header, a header sends some of
  them elsewhere, each request gets an id and `x-forwarded-for`, connections are kept on both sides. The others have
  neither the gateway's breaker on latency nor its headers that explain; Envoy has its outlier detection on.
- **Latency** has a client of its own, which sends when a request is due, not when the last one is answered. What it
  adds itself is shown.

To repeat it: `make bench`; `make bench ARGS='--only requests,latency --rounds 5 --seconds 3'` prints a part and writes
nothing; `make bench BENCH_MORE=1` installs LiteLLM and TensorZero and measures them as well. Where the gateway is also
compiled (`.venv-fast`), that one stands beside it.
"""


def page(
    tables: Sequence[Table], facts: Mapping[str, str], *, ours: str, plots: Mapping[str, str], busy: bool = False
) -> str:
    """All of it; plots are file names by the table they show. A busy machine is told of at once."""
    parts = [ABOUT, _facts(facts), *([BUSY] if busy else []), _standing(tables, ours)]
    for table in tables:
        plot = f"![{table.title}]({plots[table.name]})\n" if table.name in plots else ""
        parts += [f"## {table.title}\n", f"{table.text}\n", *([plot] if plot else []), body(table, ours)]
    return "\n".join([*parts, HOW])


def body(table: Table, ours: str) -> str:
    """A table's rows, with what went wrong below."""
    rows = _features(table) if table.features else _contenders(table, ours)
    notes = [f"- {note}" for note in dict.fromkeys(table.notes)]
    return "\n".join([*rows, *(["", *notes] if notes else []), ""])


def _facts(facts: Mapping[str, str]) -> str:
    lines = [f"| {name} | {value} |" for name, value in facts.items()]
    return "\n".join(["| | |", "|---|---|", *lines, ""])


def _contenders(table: Table, ours: str) -> list[str]:
    names = table.contenders
    lines = [f"In {table.unit}; in brackets the {ours}'s figure divided by it.", ""] if ours in names else []
    lines += [f"| | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for row, cells in table.rows.items():
        shown = [_cell(cells, name, ours, table.digits) for name in names]
        lines.append(f"| {row} | {' | '.join(shown)} |")
    return lines


def _cell(cells: Mapping[str, list[float]], name: str, ours: str, digits: int) -> str:
    if name not in cells:
        return ""
    figure = f"{middle(cells[name]):,.{digits}f}"
    found = ratio(cells[ours], cells[name]) if ours in cells and name != ours else None
    return f"{figure} ({found.middle:.2f})" if found else figure


def _features(table: Table) -> list[str]:
    lines = [f"In {table.unit}.", "", f"| | {MORE} | {TOTAL}, least | median | {ASIDE} |", "|---|---|---|---|---|"]
    for number, (row, cells) in enumerate(table.rows.items()):
        total, aside = cells[TOTAL], middle(cells[ASIDE])
        more = f"{middle(cells[MORE]):+.1f}" if number else ""
        lines.append(f"| {row} | {more} | {min(total):.1f} | {middle(total):.1f} | {aside:.1f} |")
    return lines


Standing = dict[str, dict[str, Ratio]]


def standing(tables: Sequence[Table], ours: str) -> tuple[Standing, Standing]:
    """By row and contender: where ours takes more in the median of the rounds, and where it takes less in every one."""
    worse: Standing = {}
    better: Standing = {}
    for table in tables:
        for row, name, found in _ratios(table, ours):
            if found.middle > NEAR:
                worse.setdefault(f"{table.title}: {row}", {})[name] = found
            elif found.most < 1 / NEAR:
                better.setdefault(f"{table.title}: {row}", {})[name] = found
    return worse, better


def _standing(tables: Sequence[Table], ours: str) -> str:
    worse, better = standing(tables, ours)
    lines = ["## Where others are better", "", WORSE, "", *_listed(worse)]
    return "\n".join([*lines, "", "## Where the gateway is better", "", BETTER, "", *_listed(better), ""])


def _listed(found: Standing) -> list[str]:
    names = list(dict.fromkeys(name for cells in found.values() for name in cells))
    if not names:
        return ["Nowhere in this run."]
    lines = [f"| | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    return lines + [
        f"| {row} | {' | '.join(_span(cells.get(name)) for name in names)} |" for row, cells in found.items()
    ]


def _span(found: Ratio | None) -> str:
    return f"{found.middle:.2f} ({found.least:.2f} to {found.most:.2f})" if found else ""


def _ratios(table: Table, ours: str) -> list[tuple[str, str, Ratio]]:
    if table.features:
        return []
    found = []
    for row, cells in table.rows.items():
        others = [name for name in cells if not name.startswith((ours, DIRECT, PASSING)) and "client" not in row]
        pairs = [(row, name, ratio(cells[ours], cells[name])) for name in others if ours in cells]
        found += [(row, name, each) for row, name, each in pairs if each is not None]
    return found
