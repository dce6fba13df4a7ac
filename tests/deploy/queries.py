"""What a PromQL query asks for, and what there is to ask: names of metrics and labels."""

import re
import subprocess
from pathlib import Path

from gateway.admin.metrics import UNRECORDED
from gateway.core.metrics import METRICS

PROMETHEUS_OWN = {"job", "instance", "le"}
"""Labels that Prometheus adds, and histograms have."""

SERIES: dict[str, frozenset[str]] = {}
"""The name of every series that a scrape can hold, and its labels."""
for metric in (*METRICS, UNRECORDED):
    ends = ("_bucket", "_count", "_sum") if metric.kind == "histogram" else ("",)
    SERIES |= {metric.name + end: frozenset(metric.labels) for end in ends}

NAME = re.compile(r"\bgateway_\w+")
MATCHERS = re.compile(r"(gateway_\w+)\{([^}]*)\}")
MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
STRING = re.compile(r'"[^"]*"')


def metrics_of(query: str) -> set[str]:
    """The metrics that a query names."""
    return set(NAME.findall(STRING.sub("", query)))


def faults(query: str) -> list[str]:
    """What it asks for and no scrape has."""
    found = [name for name in sorted(metrics_of(query)) if name not in SERIES]
    for name, inside in MATCHERS.findall(query):
        known = SERIES.get(name, frozenset()) | PROMETHEUS_OWN
        found += [f"{name}: {label}" for label in MATCHER.findall(STRING.sub("", inside)) if label not in known]
    known = frozenset[str]().union(*(SERIES.get(name, frozenset()) for name in metrics_of(query))) | PROMETHEUS_OWN
    for inside in GROUPING.findall(STRING.sub("", query)):
        found += [f"grouped by {label}" for label in re.findall(r"\w+", inside) if label not in known]
    return found


def promtool(*arguments: str | Path) -> str:
    """Runs it; fails with its own words."""
    run = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout
