"""Overrides in words: what was decided, by whom, why, and until when."""

from collections.abc import Iterable
from datetime import datetime

from gateway.cli import sheet
from gateway.cli.api import Document

HEADINGS = ("OVERRIDE", "BY", "SINCE", "ENDS", "WHY")


def what(override: Document) -> str:
    """What was decided."""
    subject = override["subject"]
    match override["kind"]:
        case "variant_disabled":
            return f"variant {subject} disabled"
        case "split_set":
            rules = ", rules kept" if override.get("rules") == "keep" else ""
            return f"route {subject} set to {sheet.weights(override['split'])}{rules}"
        case "breaker_forced":
            return f"breaker of {subject} forced {override['state']}"
    return f"{override['kind']} {subject}"


def table(overrides: Iterable[Document], now: datetime, *, indent: str = "") -> list[str]:
    """One line for each, below headings."""
    rows = [
        (what(each), each["who"], sheet.ago(each["since"], now), _end(each["expires"], now), each["why"])
        for each in overrides
    ]
    return sheet.columns([HEADINGS, *rows], indent=indent)


def _end(expires: str | None, now: datetime) -> str:
    return "never" if expires is None else sheet.ahead(expires, now)
