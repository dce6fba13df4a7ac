"""What the gateway says of itself, on its admin address: its events, and how often breakers tripped."""

import json
import urllib.error
import urllib.request
from typing import Any


def events(admin: str, since: int) -> list[dict[str, Any]]:
    """Those after that one, oldest first; none where it does not answer."""
    try:
        with urllib.request.urlopen(f"{admin}/api/v1/events?since={since}", timeout=5) as reply:
            items: list[dict[str, Any]] = json.load(reply)["items"]
    except (OSError, ValueError):
        return []
    return sorted(items, key=lambda item: item["id"])


def samples(admin: str) -> dict[str, float]:
    """Every sample of its metrics, by its name with labels; OSError where it does not answer."""
    with urllib.request.urlopen(f"{admin}/metrics", timeout=10) as reply:
        lines = reply.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def total(found: dict[str, float], name: str) -> float:
    """A metric added up over all its labels."""
    return sum(value for sample, value in found.items() if sample.partition("{")[0] == name)
