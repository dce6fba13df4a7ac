"""What the callers saw, in lines: one for each second, and one for all. Pure."""

from collections import Counter
from collections.abc import Sequence

from loadtests.rehearsal.callers import Saw

HEADER = f"{'':>8}  {'calls':>6}{'right':>7}{'fallback':>10}{'wrong':>7}{'p50 ms':>9}{'p99 ms':>9}  answered by"


def line(name: str, saw: Sequence[Saw]) -> str:
    """One period."""
    right = [each for each in saw if not each.fault]
    by = Counter(each.variant or "the gateway" for each in right)
    waits = sorted(each.waited * 1000 for each in saw)
    fallback = sum(each.reason.startswith("fallback") for each in right)
    shares = ", ".join(f"{variant} {count * 100 / len(right):.0f} %" for variant, count in sorted(by.items()))
    numbers = f"{len(saw):6}{len(right):7}{_percent(fallback, len(saw)):>10}{len(saw) - len(right):7}"
    return f"{name:>8}  {numbers}{quantile(waits, 0.5):9.1f}{quantile(waits, 0.99):9.1f}  {shares}"


def wrong(saw: Sequence[Saw]) -> str:
    """What was not right, counted."""
    faults = Counter(each.fault for each in saw if each.fault)
    return ", ".join(f"{fault}: {count}" for fault, count in faults.most_common()) or "nothing"


def quantile(ordered: Sequence[float], share: float) -> float:
    """Of numbers in order; 0 of none."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def _percent(count: int, of: int) -> str:
    return f"{count * 100 / of:.1f} %" if of else "-"
