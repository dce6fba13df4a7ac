"""The tally as people read it: a table that is drawn again in place, or one line at a time. Decides only looks."""

from rich.table import Table
from rich.text import Text

from gateway.demo.servers import SPLIT
from gateway.demo.tally import Count, Tally, quantile

BAR = 20
GOOD, FAIR = 0.9, 0.8


def table(tally: Tally, seconds: float) -> Table:
    """One row for each variant."""
    made = Table(title=headline(tally, seconds), title_justify="left", caption=footline(tally), caption_justify="left")
    made.add_column("variant", no_wrap=True)
    made.add_column("weight", justify="right")
    made.add_column("share of everyone", no_wrap=True)
    made.add_column("share of gold", justify="right")
    made.add_column("p50", justify="right", no_wrap=True)
    made.add_column("p99", justify="right", no_wrap=True)
    made.add_column("right answers", justify="right")
    for name, count in tally.counts.items():
        made.add_row(name, f"{SPLIT[name]} %", *cells(tally, name, count))
    return made


def cells(tally: Tally, name: str, count: Count) -> list[Text | str]:
    """What was seen of one variant."""
    share = tally.split_share(name)
    bar = "█" * round(share * BAR)
    return [
        Text(f"{bar:<{BAR}} {share:6.1%}"),
        f"{tally.gold_share(name):.0%}",
        milliseconds(count, 0.5),
        milliseconds(count, 0.99),
        Text(percent(count.accuracy), style=colour(count.accuracy)),
    ]


def headline(tally: Tally, seconds: float) -> str:
    """How much there was so far."""
    return f"{tally.calls} calls answered in {seconds:.0f} s"


def footline(tally: Tally) -> str:
    """Whether users stay where they are, and what went wrong."""
    sticky = f"{len(tally.returning)} users came back, {len(tally.moved)} of them met another variant"
    return "\n".join([sticky, *(f"{number} failed: {why}" for why, number in tally.failures.items())])


def line(tally: Tally, seconds: float) -> str:
    """The same in one line, for logs and pipes."""
    parts = [
        f"{name} {tally.split_share(name):.1%} (gold {tally.gold_share(name):.0%}) "
        f"p50 {milliseconds(count, 0.5)} p99 {milliseconds(count, 0.99)} right {percent(count.accuracy)}"
        for name, count in tally.counts.items()
    ]
    return "; ".join([headline(tally, seconds), *parts, *footline(tally).splitlines()])


def milliseconds(count: Count, fraction: float) -> str:
    """A latency quantile; a dash where nothing was seen."""
    value = quantile(count.latencies, fraction)
    return "-" if value is None else f"{value * 1000:.1f} ms"


def percent(value: float | None) -> str:
    """A dash where nothing was seen."""
    return "-" if value is None else f"{value:.1%}"


def colour(accuracy: float | None) -> str:
    """Green, yellow or red."""
    if accuracy is None:
        return ""
    return "green" if accuracy >= GOOD else "yellow" if accuracy >= FAIR else "red"
