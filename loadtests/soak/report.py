"""What a soak found, for people and for machines. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from loadtests.soak.gauges import ALLOWED, Grown
from loadtests.soak.seen import Seen
from loadtests.soak.verdict import Accounts

MIB = 1 << 20
LARGEST = 60 * MIB
"""What a worker may hold at most."""


@dataclass(frozen=True, slots=True)
class Result:
    """Everything of one soak."""

    seconds: float
    seen: Seen
    accounts: Accounts
    processes: Sequence[Grown]
    troubles: dict[str, int]
    reloads: dict[str, int]
    failures: Sequence[str]
    """Troubles that could not be made, and what was wrong at the end."""
    trips: int

    def faults(self) -> list[str]:
        """All that must not be; a soak without any has passed."""
        found = [*self.accounts.faults, *self.failures]
        if self.accounts.unexplained:
            found.append(f"{self.accounts.unexplained} requests are unexplained")
        for each in self.processes:
            if not each.is_flat:
                found.append(f"{each.name} {each.pid} grew: {each.growth}")
            if each.name == "worker" and each.peak > LARGEST:
                found.append(f"{each.name} {each.pid} held {each.peak / MIB:.1f} MiB, {LARGEST / MIB:.0f} are allowed")
        return found


def text(result: Result) -> str:
    """For people."""
    seen = result.seen
    quantiles = ", ".join(f"p{name} {seen.quantile(float('0.' + name)) * 1000:.1f}" for name in ("50", "99", "999"))
    lines = [
        f"{seen.sent:,} requests in {result.seconds:.0f} s, {seen.sent / result.seconds:,.0f} a second",
        _by(seen.sent_by),
        f"short calls: {quantiles} ms; fallbacks {_fallbacks(seen):.1%}; breakers tripped {result.trips} times",
        "",
        "troubles: " + _by(result.troubles),
        "reloads: " + _by(result.reloads),
        "",
        *result.accounts.lines,
        "",
        *_processes(result.processes),
        "",
    ]
    faults = result.faults()
    lines += [f"FAULT {each}" for each in (*faults, *(seen.examples if faults else ()))]
    return "\n".join([*lines, "failed" if faults else "passed: every request is explained, nothing grows", ""])


def document(result: Result) -> dict[str, Any]:
    """For machines."""
    seen = result.seen
    return {
        "passed": not result.faults(),
        "faults": result.faults(),
        "examples": seen.examples,
        "seconds": round(result.seconds, 1),
        "requests": seen.sent,
        "requests_by_kind": dict(seen.sent_by),
        "answers": [{**each._asdict(), "count": count} for each, count in sorted(seen.answers.items())],
        "lost_by_kills": seen.killed,
        "unexplained": result.accounts.unexplained,
        "accounts": result.accounts.lines,
        "latency": {f"p{name}": seen.quantile(float("0." + name)) for name in ("50", "99", "999")},
        "fallback_share": _fallbacks(seen),
        "breaker_trips": result.trips,
        "troubles": result.troubles,
        "reloads": result.reloads,
        "processes": [asdict(each) for each in result.processes],
        "allowed_growth": ALLOWED,
    }


def _by(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())) or "none"


def _fallbacks(seen: Seen) -> float:
    count = sum(number for each, number in seen.answers.items() if each.reason.startswith("fallback"))
    return count / max(seen.answers.total(), 1)


def _processes(processes: Sequence[Grown]) -> list[str]:
    lines = [f"{'process':18}{'lived s':>9}{'peak MiB':>10}{'grown KiB':>11}{'descriptors':>13}{'threads':>9}"]
    for each in processes:
        if each.growth is not None:
            memory, files, threads = (each.growth[name] for name in ("memory", "descriptors", "threads"))
            figures = f"{each.lived:9.0f}{each.peak / MIB:10.1f}{memory / 1024:11.0f}{files:13.1f}{threads:9.1f}"
            lines.append(f"{each.name + ' ' + str(each.pid):18}{figures}")
    young = sum(each.growth is None for each in processes)
    return [*lines, f"and {young} that were killed too young to be judged"]
