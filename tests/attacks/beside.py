"""The attacks by load on a model alone, and on the same model behind the gateway and behind other proxies.

How long honest callers wait there, before each attack and while it begins, as a table. Much of it is the machine, which
attacker, callers, proxy and model share: the model alone shows how much. Nothing is judged here.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

from gateway import __version__
from tests.attacks.honest import Waited, call
from tests.attacks.loads import LOADS, besieged
from tests.attacks.peers import PEERS
from tests.attacks.siege import BEGINS, RATE, settings
from tests.support.gateway import Gateway
from tests.wire.load import upstream

BEFORE = 4.0
ATTACKS = ("slow-loris", "slow bodies", "slow readers", "connection flood", "header flood")
"""Those that are many at once; the others are a steady load."""
Place = Callable[[str], AbstractContextManager[int]]
"""Puts something before the model with that URL; the port that it serves on."""
Measured = dict[str, dict[str, tuple[Waited, Waited]]]
"""For each attack and place: before it, and while it begins."""


def places() -> Iterator[tuple[str, Place]]:
    """The model alone, the gateway, and the other proxies that are here."""
    yield "model alone", _alone
    yield f"gateway {__version__}", _gateway
    for peer in PEERS:
        try:
            name = f"{peer.shown} {peer.version}"
        except LookupError as error:
            print(f"left out: {error}", file=sys.stderr)
        else:
            yield name, lambda url, peer=peer: peer.running(urlsplit(url).port)  # type: ignore[misc]


def measure() -> Iterator[tuple[str, str, tuple[Waited, Waited]]]:
    """Each attack in its full size, at all places before the next."""
    found = dict(places())
    for attack in ATTACKS:
        for name, place in found.items():
            yield attack, name, _waited(place, attack)


def table(measured: Measured) -> Iterator[str]:
    """A line per attack, a column per place: p99 before and while it begins, in milliseconds."""
    heads = ["attack", *next(iter(measured.values()))]
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    for attack, found in measured.items():
        yield f"| {attack} | {' | '.join(_cell(*each) for each in found.values())} |"


def _cell(before: Waited, begins: Waited) -> str:
    times = f"{before.quantile(0.99) * 1000:.1f} → {begins.quantile(0.99) * 1000:.1f}"
    failed = before.failed + begins.failed
    return f"{times}, {failed} failed" if failed else times


def _waited(place: Place, attack: str) -> tuple[Waited, Waited]:
    with upstream() as url, place(url) as port:
        call(port, seconds=1.0, rate=RATE)
        before = call(port, seconds=BEFORE, rate=RATE)
        with besieged(attack, port, LOADS[attack][1]):
            return before, call(port, seconds=BEGINS, rate=RATE)


@contextlib.contextmanager
def _alone(url: str) -> Iterator[int]:
    port = urlsplit(url).port
    assert port is not None
    yield port


@contextlib.contextmanager
def _gateway(url: str) -> Iterator[int]:
    with Gateway(settings(url)) as running:
        yield running.port
