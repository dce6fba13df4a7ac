"""The faults of a configuration as they are printed: lines for people, a document for machines."""

from collections.abc import Iterable
from typing import Any

from gateway.cli import terminal
from gateway.config.faults import Fault


def show(faults: Iterable[Fault], name: str) -> None:
    """Each as NAME:LINE:COLUMN: path: what is wrong, and what is allowed, on standard error."""
    for fault in faults:
        terminal.message(fault.at(name), style="red")


def document(faults: Iterable[Fault]) -> dict[str, object]:
    """All of them, in the shape of the admin API's."""
    items = [place(fault) for fault in faults]
    count = "1 fault" if len(items) == 1 else f"{len(items)} faults"
    return {"error": {"code": "invalid_config", "message": count, "faults": items}}


def place(fault: Fault) -> dict[str, object]:
    """One fault or warning for machines."""
    return {"line": fault.line, "column": fault.column, "path": fault.path, "message": fault.message}


def found(items: Iterable[dict[str, Any]]) -> list[Fault]:
    """Those that an answer of the admin API lists."""
    return [Fault(each["line"], each["column"], each["path"], each["message"]) for each in items]
