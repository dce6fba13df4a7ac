"""The diagram in the documentation is drawn from the table."""

from pathlib import Path

from gateway.core.breaker import TABLE, State
from gateway.core.trip_rules import TRIGGERS

PAGE = Path(__file__).parents[2] / "docs" / "breaker.md"


def diagram() -> str:
    """The table as a state diagram."""
    lines = [
        f"    {before.name.lower()} --> {after.name.lower()}: {cause.value}" for (before, cause), after in TABLE.items()
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {State(0).name.lower()}", *lines, "```"])


def test_the_diagram_is_the_table() -> None:
    """Line by line; if it differs, put this one into the page."""
    assert diagram() in PAGE.read_text()


def test_every_trigger_is_documented() -> None:
    """As a row of its own, in the metric's words."""
    rows = [line.split("|")[1].strip() for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert rows == [f"`{trigger}`" for trigger in TRIGGERS]
