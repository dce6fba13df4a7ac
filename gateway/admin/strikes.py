"""How many bad tokens an address may show before it has to wait.

It decides how long. While an address waits, none of its tokens is looked at, so guessing is slow whatever the guess;
but for bearers who were right from there before: nobody who shares an address can lock them out. Memory is bounded: the
addresses unheard of for longest are forgotten.
"""

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

ALLOWED = 10
"""Bad tokens from one address within PERIOD."""
PERIOD = 60.0
"""Seconds."""
ADDRESSES = 4096
"""As many are remembered."""


@dataclass(slots=True)
class _Record:
    strikes: deque[float] = field(default_factory=deque)
    names: set[str] = field(default_factory=set)


class Strikes:
    """Of all addresses. `now` is a monotonic clock, in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds until tokens from there are looked at again; 0 when they are."""
        strikes = self._record(address).strikes
        while strikes and strikes[0] <= self._now() - PERIOD:
            strikes.popleft()
        return strikes[0] + PERIOD - self._now() if len(strikes) >= ALLOWED else 0.0

    def add(self, address: str) -> None:
        """A bad token came from there."""
        self._record(address).strikes.append(self._now())

    def remember(self, address: str, name: str) -> None:
        """That bearer was right from there."""
        self._record(address).names.add(name)

    def knows(self, address: str, name: str) -> bool:
        """Whether that bearer was ever right from there."""
        return name in self._record(address).names

    def _record(self, address: str) -> _Record:
        key = network(address)
        record = self._records.setdefault(key, _Record())
        self._records.move_to_end(key)
        if len(self._records) > ADDRESSES:
            self._records.popitem(last=False)
        return record


def network(address: str) -> str:
    """What counts as one address: of IPv6 the first half, since whoever has one has all that begin so."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
