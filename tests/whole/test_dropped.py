"""Nothing dropped: changes under load, many a second, that no caller notices.

Each revision gives two variants its own number as their version and divides callers in its own way, so that an answer
which mixes two revisions shows it. In full: 500 reloads in a minute, with uploads of 64 MiB.
"""

import json
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest

from gateway.config.load import load
from gateway.core.decide import CompiledRoute, Segments
from gateway.core.facts import Facts
from tests.processes.changes import put
from tests.support import kernel
from tests.support.gateway import Gateway
from tests.whole.callers import Load, Seen
from tests.whole.models import models
from tests.whole.scale import sized, tell

RELOADS, SECONDS = sized((25, 2.5), (500, 60.0))
UPLOAD = sized(4, 64)
"""MiB."""
MEMORY = 12 << 20
"""Bytes by which a process may have grown in the end: caches that fill once, and what the allocator keeps."""
SETTLE = sized(20.0, 100.0)
"""Seconds after which everything must have returned; in full so long that even connections to models have, which rest
in their pools for a minute."""
CALLERS = {"calls": 8, "streams": 6, "uploads": 2}


def settings(revision: int, url: str) -> dict[str, object]:
    """What that revision holds."""
    moving = {"endpoints": [url], "version": str(revision)}
    split = {"a": 1 + revision % 5, "b": 3, "steady": 1 + revision * 7 % 4}
    route = {"match": {"path": "/*"}, "targeting_key": [{"header": "x-user"}], "split": split}
    variants = {"a": moving, "b": moving, "steady": {"endpoints": [url], "version": "steady"}}
    return {"variants": variants, "routes": {"all": route}}


class Revisions:
    """What each revision makes of a caller, by the gateway's own decision."""

    def __init__(self, url: str, whole: dict[str, object]) -> None:
        self._url = url
        self._whole = whole
        self._route = cache(self._compiled)
        self.variants = ("a", "b", "steady")

    def text(self, revision: int) -> str:
        return json.dumps(self._whole | settings(revision, self._url))

    def _compiled(self, revision: int) -> CompiledRoute:
        snapshot = load(self.text(revision).encode(), name="revision", folder=Path()).snapshot
        return CompiledRoute(snapshot.routes["all"], Segments({}))

    def explain(self, seen: Seen) -> bool:
        """Whether the revision that the answer names is where all of it comes from."""
        facts = Facts(b"GET", b"/", b"", b"a", {b"x-user": seen.key.encode()}, "")
        variant = self._route(seen.revision).decide(facts, lambda: 0.0).variant
        return (seen.variant, seen.version) == (variant, "steady" if variant == "steady" else str(seen.revision))


def reload(gateway: Gateway, revisions: Revisions, numbers: Iterable[int], *, every: float) -> None:
    """One after the other, each `every` seconds after the one before or as soon as that is in force."""
    due = time.monotonic()
    for number in numbers:
        outcome = put(gateway, revisions.text(number), match=number - 1)
        assert (outcome["revision"], outcome["kept"], outcome["notes"]) == (number, True, [])
        due += every
        time.sleep(max(0.0, due - time.monotonic()))


def processes(gateway: Gateway) -> dict[int, str]:
    """All of it."""
    names = {pid: line.split("-m ")[1].split()[0] for pid, line in kernel.children(gateway.process.pid).items()}
    return {gateway.process.pid: "launcher", **names}


def held(gateway: Gateway, measure: Callable[[int], int]) -> dict[str, int]:
    """By process."""
    return {f"{name} {pid}": measure(pid) for pid, name in processes(gateway).items()}


def owned(gateway: Gateway) -> int:
    """Descriptors of all processes that are no connections to models."""
    return sum(held(gateway, kernel.descriptors).values()) - int(connections(gateway, "upstream"))


def wait_clients_gone(gateway: Gateway) -> None:
    while connections(gateway, "client"):
        time.sleep(0.1)


def connections(gateway: Gateway, side: str) -> float:
    return gateway.metrics()[f'gateway_connections{{side="{side}"}}']


def wait_returned(gateway: Gateway, before: int, *, resting: float) -> None:
    """Descriptors are what they were, but for so many connections that rest in the pools."""
    give_up = time.monotonic() + SETTLE
    while connections(gateway, "upstream") > resting or connections(gateway, "client") or owned(gateway) > before:
        assert time.monotonic() < give_up, (held(gateway, kernel.descriptors), connections(gateway, "upstream"))
        time.sleep(0.2)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("workers", [2, 4])
def test_no_caller_notices_a_change(workers: int) -> None:
    with models() as url, Gateway({"workers": workers, **settings(1, url)}) as gateway:
        revisions = Revisions(url, json.loads(gateway.file.read_text()))
        warm = 6
        with Load(gateway.port, upload=UPLOAD, **CALLERS):
            reload(gateway, revisions, range(2, warm), every=0.2)
        wait_clients_gone(gateway)
        who = processes(gateway)
        memory, descriptors = held(gateway, kernel.memory), owned(gateway)
        begun = time.monotonic()
        with Load(gateway.port, upload=UPLOAD, **CALLERS) as load:
            reload(gateway, revisions, range(warm, warm + RELOADS), every=SECONDS / RELOADS)
            took = time.monotonic() - begun
        assert load.failures == []
        assert min(load.answered[kind] for kind in CALLERS) > 0
        assert [seen for seen in load.seen if not revisions.explain(seen)] == []
        assert processes(gateway) == who
        assert len({seen.revision for seen in load.seen}) > RELOADS / 4
        grown = {name: size - memory[name] for name, size in held(gateway, kernel.memory).items()}
        tell(f"{workers} workers: {RELOADS} reloads in {took:.1f} s under {dict(load.answered)}, none failed")
        tell(f"memory grown by { ({name: f'{size / 2**20:.1f} MiB' for name, size in grown.items()}) }")
        pools = workers * len(revisions.variants)
        wait_returned(gateway, descriptors, resting=sized(pools * sum(CALLERS.values()), 0))
        assert max(grown.values()) < MEMORY, grown
