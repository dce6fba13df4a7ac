"""How the demo's table and lines read."""

import io

from rich.console import Console

from gateway.demo import screen
from gateway.demo.servers import SPLIT
from gateway.demo.tally import Outcome, Tally


def seen() -> Tally:
    """Four calls: three under the split, one of a gold caller."""
    tally = Tally(list(SPLIT))
    for number, (variant, gold, correct) in enumerate(
        [("digits-1", False, True), ("digits-1", False, True), ("digits-3", False, False), ("digits-2", True, True)]
    ):
        tally.add(Outcome(user=str(number), gold=gold, variant=variant, seconds=0.004, correct=correct))
    return tally


def drawn(tally: Tally) -> list[list[str]]:
    """The cells of each row as text."""
    console = Console(file=io.StringIO(), width=160, force_terminal=False)
    console.print(screen.table(tally, 12.3))
    assert isinstance(console.file, io.StringIO)
    rows = [line.split("│")[1:-1] for line in console.file.getvalue().splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in row] for row in rows]


def test_the_table_has_a_row_for_each_variant() -> None:
    assert drawn(seen()) == [
        ["digits-1", "80 %", f"{'█' * 13}         66.7%", "0%", "4.0 ms", "4.0 ms", "100.0%"],
        ["digits-2", "15 %", "0.0%", "100%", "4.0 ms", "4.0 ms", "100.0%"],
        ["digits-3", "5 %", f"{'█' * 7}               33.3%", "0%", "4.0 ms", "4.0 ms", "0.0%"],
    ]


def test_nothing_seen_is_drawn_as_dashes() -> None:
    assert [row[4:] for row in drawn(Tally(list(SPLIT)))] == [["-", "-", "-"]] * 3


def test_the_line_says_the_same() -> None:
    tally = seen()
    tally.fail("status 503: overloaded")
    line = screen.line(tally, 12.3)
    assert line.startswith("4 calls answered in 12 s; digits-1 66.7% (gold 0%) p50 4.0 ms p99 4.0 ms right 100.0%; ")
    assert line.endswith("0 users came back, 0 of them met another variant; 1 failed: status 503: overloaded")


def test_colours_warn_of_a_bad_model() -> None:
    assert [screen.colour(value) for value in (None, 0.97, 0.85, 0.63)] == ["", "green", "yellow", "red"]
