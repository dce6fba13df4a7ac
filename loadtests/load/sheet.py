"""What was found, on one screen. Pure."""

from collections.abc import Mapping
from typing import Any


def sheet(results: Mapping[str, Mapping[str, Any]], *, about: str, trips: int | None) -> str:
    """All runs."""
    lines = [about, "", f"{'':32}{'calls':>8}{'errors':>8}{'p50 ms':>9}{'p99 ms':>9}{'p999 ms':>9}"]
    for name, result in results.items():
        for entry, told in result["entries"].items():
            counts = f"{told['count']:8,}{told['failures']:8,}"
            lines.append(f"{name + ': ' + entry:32}{counts}{told['p50']:9.1f}{told['p99']:9.1f}{told['p999']:9.1f}")
    lines += ["", *(line for name, result in results.items() for line in _shares(name, result))]
    lines.append(f"fallbacks: {_fallbacks(results)}" + ("" if trips is None else f"; breakers tripped {trips} times"))
    for result in results.values():
        lines += _ramp(result)
    faults = [f"{name}: {fault}" for name, result in results.items() for fault in result["faults"]]
    return "\n".join(
        [*lines, "", *(f"WRONG {each}" for each in faults), "failed" if faults else "all answers right", ""]
    )


def _shares(name: str, result: Mapping[str, Any]) -> list[str]:
    users, split = result["users"], result["split"]
    total = sum(users.values())
    if not total:
        return []
    parts = [
        f"{variant} {users.get(variant, 0) / total:.1%} of {weight / sum(split.values()):.1%}"
        for variant, weight in split.items()
    ]
    return [f"{name}: {total:,} users under the split: {', '.join(parts)}"]


def _fallbacks(results: Mapping[str, Mapping[str, Any]]) -> str:
    answers = sum(sum(result["answers"].values()) for result in results.values())
    return f"{sum(result['fallbacks'] for result in results.values()) / max(answers, 1):.1%} of the calls"


def _ramp(result: Mapping[str, Any]) -> list[str]:
    if "steps" not in result:
        return []
    lines = ["", "users  answers/s   p50 ms   p99 ms     bad"]
    for step in result["steps"]:
        times = f"{step['p50']:9.1f}{step['p99']:9.1f}"
        lines.append(f"{step['users']:5}{step['per_second']:11.0f}{times}{step['bad']:8.1%}")
    knee = result["knee"]
    found = "" if knee is None else f"the knee: {knee['users']} users, {knee['per_second']:.0f} answers a second; "
    return [*lines, found + result["why"]]
