"""What can go wrong with a model, as a scenario names it, and which fault a call gets. Pure.

A fault of calls strikes a share of them, the same from its beginning on or growing; one of the listener strikes all.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadtests.models.lengths import Draw, ScenarioError, distribution, seconds, share

OF_CALLS: dict[str, dict[str, Any]] = {
    "error": {"status": 500},
    "limit": {"retry_after": "1s"},
    "hang": {},
    "slow": {"delay": "1s"},
    "slow_start": {"delay": "1s", "over": "30s"},
    "reset": {},
    "close": {},
    "cut": {"after": "50%"},
    "garbage": {},
    "trickle": {"every": "100ms"},
    "lie": {"by": 100},
}
"""Each with its settings and their defaults.

error        answers with `status`
limit        answers 429 with Retry-After
hang         reads, and never answers
slow         answers after `delay`
slow_start   answers after `delay` at first, and after less and less until `over` has passed
reset        resets the connection in place of an answer
close        closes it
cut          sends that part of the answer, then closes
garbage      sends what is no HTTP
trickle      sends the answer byte by byte, one `every` so often
lie          announces `by` bytes more than it sends, or fewer
"""
OF_LISTENER: dict[str, dict[str, Any]] = {"refuse": {}, "flap": {"up": "1s", "down": "1s"}}
"""
refuse       nothing listens, and connections there were are closed
flap         listens for `up`, refuses for `down`, again and again
"""


@dataclass(frozen=True, slots=True)
class Ramp:
    """A share that goes from `first` to `last` within `over` seconds."""

    first: float
    last: float
    over: float

    def at(self, elapsed: float) -> float:
        """The share so many seconds after the beginning."""
        done = min(elapsed / self.over, 1.0) if self.over else 1.0
        return self.first + (self.last - self.first) * done


@dataclass(frozen=True, slots=True)
class Fault:
    """One, with all its settings."""

    do: str
    share: Ramp
    delay: Draw
    status: int = 500
    retry_after: float = 0.0
    over: float = 0.0
    after: float = 0.0
    every: float = 0.0
    by: int = 0
    up: float = 0.0
    down: float = 0.0
    text: str = ""
    """For people."""

    def waits(self, elapsed: float, chance: random.Random) -> float:
        """Seconds before the answer of `slow` and `slow_start`."""
        left = max(0.0, 1 - elapsed / self.over) if self.over else 1.0
        return self.delay(chance) * left


def read_faults(items: Any, where: str) -> tuple[Fault, ...]:
    """A list of faults; ScenarioError tells what is wrong with it."""
    if not isinstance(items, list):
        raise ScenarioError(f"{where}: a list of faults is due, [] for none")
    faults = tuple(_read(item, f"{where}[{number}]") for number, item in enumerate(items))
    if sum(max(each.share.first, each.share.last) for each in faults if each.do in OF_CALLS) > 1 + 1e-9:
        raise ScenarioError(f"{where}: the shares add up to more than 100%")
    return faults


def _read(item: Any, where: str) -> Fault:
    known = OF_CALLS | OF_LISTENER
    do = item.get("do") if isinstance(item, dict) else None
    if do not in known:
        raise ScenarioError(f"{where}.do: {do!r} is no fault; there are {', '.join(known)}")
    allowed = {"do", *known[do], *(["share"] if do in OF_CALLS else [])}
    if unknown := sorted(set(item) - allowed):
        raise ScenarioError(f"{where}: {do} has no {unknown[0]!r}; it has {', '.join(sorted(allowed))}")
    return _made(do, known[do] | item, where)


def _made(do: str, given: Mapping[str, Any], where: str) -> Fault:
    lengths = {
        name: seconds(given[name], f"{where}.{name}")
        for name in ("retry_after", "over", "every", "up", "down")
        if name in given
    }
    return Fault(
        do,
        _ramp(given.get("share", "100%"), f"{where}.share"),
        distribution(given.get("delay", "0s"), f"{where}.delay"),
        status=_whole(given.get("status", 500), f"{where}.status", least=200, most=599),
        after=share(given.get("after", "0%"), f"{where}.after"),
        by=_whole(given.get("by", 0), f"{where}.by", least=-(1 << 20), most=1 << 20),
        text=" ".join(_text(given[name]) for name in ("share", "do", "status", "delay") if name in given),
        **lengths,
    )


def _ramp(value: Any, where: str) -> Ramp:
    if not isinstance(value, dict):
        fixed = share(value, where)
        return Ramp(fixed, fixed, 0.0)
    if set(value) != {"from", "to", "over"}:
        raise ScenarioError(f"{where}: write a share, or {{from: 0%, to: 50%, over: 30s}}")
    first, last = (share(value[name], f"{where}.{name}") for name in ("from", "to"))
    return Ramp(first, last, seconds(value["over"], f"{where}.over"))


def _text(value: Any) -> str:
    return " ".join(f"{name} {part}" for name, part in value.items()) if isinstance(value, dict) else str(value)


def _whole(value: Any, where: str, *, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ScenarioError(f"{where}: {value!r} is no whole number from {least} to {most}")
    return value


def choose(faults: Sequence[Fault], elapsed: float, drawn: float) -> Fault | None:
    """The fault of a call for which `drawn` was drawn evenly from 0 to 1."""
    for fault in faults:
        if fault.do in OF_CALLS:
            drawn -= fault.share.at(elapsed)
            if drawn < 0:
                return fault
    return None


def listens(faults: Sequence[Fault], elapsed: float) -> bool:
    """Whether connections are accepted so many seconds after these faults began."""
    return not any(
        each.do == "refuse" or (each.do == "flap" and elapsed % (each.up + each.down or 1.0) >= each.up)
        for each in faults
    )
