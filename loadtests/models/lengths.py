"""Lengths of time, shares, and distributions of lengths, as they stand in a scenario. Pure."""

import math
import random
import re
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_FIRST_PERCENT = NormalDist().inv_cdf(0.99)

Draw = Callable[[random.Random], float]
"""Seconds, drawn anew for each call."""


class ScenarioError(Exception):
    """What is wrong in a scenario, where, and what would be right."""


def seconds(value: Any, where: str) -> float:
    """`250ms`, `5s`, `2m`, `1h`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)", value) if isinstance(value, str) else None
    if found is None:
        raise ScenarioError(f"{where}: {value!r} is no length of time; write 250ms, 5s, 2m or 1h")
    return float(found[1]) * _SECONDS[found[2]]


def share(value: Any, where: str) -> float:
    """`20%` as 0.2."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)%", value) if isinstance(value, str) else None
    if found is None or float(found[1]) > 100:
        raise ScenarioError(f"{where}: {value!r} is no share; write 0% to 100%")
    return float(found[1]) / 100


def distribution(value: Any, where: str) -> Draw:
    """A fixed length, or `{p50, p99}` (log-normal), `{from, to}` (even), `{mean}` (exponential)."""
    if not isinstance(value, dict):
        fixed = seconds(value, where)
        return lambda _: fixed
    lengths = {name: seconds(length, f"{where}.{name}") for name, length in value.items()}
    match sorted(lengths):
        case ["p50", "p99"]:
            return _log_normal(lengths["p50"], lengths["p99"], where)
        case ["from", "to"]:
            low, high = lengths["from"], lengths["to"]
            return lambda chance: chance.uniform(low, high)
        case ["mean"]:
            mean = lengths["mean"]
            return lambda chance: chance.expovariate(1 / mean) if mean else 0.0
    raise ScenarioError(f"{where}: write a length, or {{p50, p99}}, {{from, to}} or {{mean}}, not {sorted(lengths)}")


def _log_normal(p50: float, p99: float, where: str) -> Draw:
    """The log-normal distribution with these quantiles."""
    if not 0 < p50 <= p99:
        raise ScenarioError(f"{where}: p50 must be above 0, and p99 at least as long")
    middle = math.log(p50)
    spread = (math.log(p99) - middle) / _FIRST_PERCENT
    return lambda chance: chance.lognormvariate(middle, spread)
