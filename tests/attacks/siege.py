"""What attacks by load do to honest callers, to a worker's memory and to its metrics, as a table.

One gateway with one worker stands before a small upstream; honest callers ask at a steady rate before each attack,
while it begins, and while it stands. It knows what is measured, and judges nothing but what must hold.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.attacks.honest import Waited, call
from tests.attacks.loads import LOADS, besieged
from tests.support import kernel
from tests.support.gateway import Config, Gateway, config
from tests.wire.load import upstream

RATE = 100
BEGINS = 11.0
STANDS = 18.0
"""Seconds that an attack has until it stands, and that it is watched then. `limits.header_timeout` ends in the first,
`limits.body_idle` after both: so no kind of end is seen for the first time in between, which would add series."""
AT_MOST = 150.0


@dataclass(frozen=True)
class Siege:
    """What was measured of one attack. Memory in bytes: a worker's, at its peak."""

    name: str
    size: int
    before: Waited
    begins: Waited
    stands: Waited
    memory: int
    grown: frozenset[str]
    """The metrics' series that were not there before it began to be what it is."""

    @property
    def failed(self) -> int:
        """Honest calls that were not answered as they must be."""
        return sum(each.failed for each in self.phases)

    @property
    def left_out(self) -> float:
        """The largest share of honest calls that were left out of the times of a phase."""
        return max(each.left_out for each in self.phases)

    @property
    def phases(self) -> tuple[Waited, Waited, Waited]:
        """In their order."""
        return self.before, self.begins, self.stands


def settings(url: str) -> Config:
    """Two paths that routes take, with a targeting key; all others are unknown."""
    route = {"targeting_key": [{"header": "x-user-id"}], "split": {"model": 1}}
    return config(url, routes={name: {"match": {"path": f"/{name}"}, **route} for name in ("small", "large")})


def lay(name: str, size: int, *, begins: float = BEGINS, stands: float = STANDS) -> Siege:
    """Attack a gateway of its own, and measure."""
    with upstream() as url, Gateway(settings(url)) as gateway:
        call(gateway.port, seconds=min(2.0, begins), rate=RATE)
        before = call(gateway.port, seconds=begins, rate=RATE)
        kernel.reset_peak(gateway.worker)
        with besieged(name, gateway.port, size) as over:
            first = call(gateway.port, seconds=begins, rate=RATE)
            known = frozenset(gateway.metrics())
            then = call(gateway.port, seconds=stands, rate=RATE)
            if size >= 10_000:
                assert over.wait(AT_MOST), "the attack did not come to its end"
            grown = frozenset(gateway.metrics()) - known
        return Siege(name, size, before, first, then, kernel.memory(gateway.worker, "VmHWM"), grown)


def table(sieges: list[Siege]) -> Iterator[str]:
    """A line per attack; times in milliseconds."""
    heads = [
        "attack",
        "size",
        "p99 before",
        "while it begins",
        "while it stands",
        "left out",
        "failed",
        "worker's peak",
        "new series",
    ]
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    for one in sieges:
        times = (f"{each.quantile(0.99) * 1000:.1f} ms" for each in one.phases)
        cells = [
            f"{one.size:,}",
            *times,
            f"{one.left_out:.0%}",
            str(one.failed),
            f"{one.memory >> 20} MiB",
            str(len(one.grown)),
        ]
        yield f"| {one.name} | {' | '.join(cells)} |"


def everything() -> Iterator[Siege]:
    """Each attack in its full size."""
    for name, (_, size) in LOADS.items():
        yield lay(name, size)
