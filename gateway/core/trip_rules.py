"""Trip rules: when a variant's counts say that it is broken, and the sentence that says why.

It must not know states, workers or cells. Rates are judged on the counts of the whole gateway. The guard of streaks
keeps a busy variant's everyday errors from making one by chance: where the window holds `n` calls and a share `b` of
calls fails anyway, a streak must be so long that chance makes one in a window with probability 1e-6.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, log
from typing import NamedTuple

from gateway.core.describe import percent
from gateway.core.model import BreakerSettings
from gateway.core.totals import Totals
from gateway.core.windows import Tally

TRIGGERS = ("consecutive_errors", "error_rate", "slow_rate", "stalled", "probe", "forced")
"""What opens a breaker, as `gateway_breaker_trips_total` names it: the rules here, a probe, an operator."""

_GUARDED = 50
"""Calls in the window from which on streaks are guarded."""
_CHANCE = 1e-6
_ROUNDING = 1e-9
_MOST = 0.9
"""The largest share of errors that is taken as everyday."""


class Verdict(NamedTuple):
    """A trip: its trigger, as `gateway_breaker_trips_total` names it, and the numbers that caused it."""

    trigger: str
    why: str


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged: a variant's settings and the gateway's counts of it. `in_use` has a bit for each endpoint that
    gets calls; `slow_after` is in seconds."""

    settings: BreakerSettings
    totals: Totals
    slow_after: float
    in_use: int


def judge(case: Case) -> Verdict | None:
    """The first rule that trips, if one does."""
    return next(filter(None, (rule(case) for rule in _RULES)), None)


def streak_needed(least: int, *, calls: int, failed: float) -> int:
    """How many failures in a row trip: at least `least`; `calls` in the window, of which a share `failed` fails as on
    any day."""
    if calls < _GUARDED or failed <= 0:
        return least
    return max(least, ceil(log(_CHANCE / calls) / log(min(failed, _MOST)) - _ROUNDING))


def _everyday(totals: Totals, streak: int) -> float:
    """The share of errors with the streak itself left out, since it would hide itself."""
    failures = totals.past.bad + totals.failures - streak
    calls = totals.past.total + totals.outcomes.total - streak
    return failures / calls if calls > 0 else 0.0


def _in_a_row(case: Case) -> Verdict | None:
    least = case.settings.consecutive_errors
    for length, bad in case.totals.streaks():
        if length >= least and _is_everywhere(bad, case.in_use):
            everyday = _everyday(case.totals, length)
            needed = streak_needed(least, calls=case.totals.outcomes.total, failed=everyday)
            if length >= needed:
                return Verdict("consecutive_errors", f"{length} errors in a row, limit {needed}")
    return None


def _errors(case: Case) -> Verdict | None:
    totals = case.totals
    numbers = _rate(case, totals.outcomes, totals.last_outcomes, limit=case.settings.error_rate)
    return Verdict("error_rate", f"errors {numbers}") if numbers else None


def _slow(case: Case) -> Verdict | None:
    totals = case.totals
    numbers = _rate(case, totals.decisions, totals.last_decisions, limit=case.settings.slow_rate)
    return Verdict("slow_rate", f"slow {numbers}") if numbers else None


def _rate(case: Case, window: Tally, last: Callable[[], Tally | None], *, limit: float) -> str | None:
    """The numbers that trip, in words; where the window holds too few calls the last ones decide."""
    is_enough = window.total >= case.settings.min_requests
    seen = window if is_enough else last()
    if seen is None or not seen.bad or seen.bad < limit * seen.total or not _is_everywhere(seen.where, case.in_use):
        return None
    of = f"{seen.total} in {case.settings.window:g} s" if is_enough else f"the last {seen.total}"
    return f"{seen.bad} of {of}, limit {percent(limit)}"


def _stalled(case: Case) -> Verdict | None:
    totals = case.totals
    least = case.settings.consecutive_errors
    silent = totals.now - totals.alive >= case.slow_after * 1000
    if totals.overdue < least or not silent or not _is_everywhere(totals.bad, case.in_use):
        return None
    why = f"{totals.overdue} calls waiting and none answered for {case.slow_after:g} s, limit {least}"
    return Verdict("stalled", why)


def _is_everywhere(bad: int, in_use: int) -> bool:
    """Whether two endpoints are concerned, or all in use: one of several that fails is ejected instead."""
    return bad.bit_count() > 1 or not in_use & ~bad


_RULES: tuple[Callable[[Case], Verdict | None], ...] = (_in_a_row, _errors, _slow, _stalled)
