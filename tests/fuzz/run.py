"""Trying a target with what is kept and with what is made of it, until a fault is found or the time is over."""

import hashlib
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.fuzz.mutate import mutated
from tests.fuzz.targets import Target

SLOW = 5.0
"""Seconds of processor time that no input may take."""


@dataclass(frozen=True)
class Found:
    """An input that a target does not stand, and what it raised."""

    data: bytes
    error: str

    @property
    def name(self) -> str:
        """For a file of it."""
        return f"found-{hashlib.sha256(self.data).hexdigest()[:12]}"


def tried(target: Target, data: bytes) -> Found | None:
    """What is wrong with that input, if anything is."""
    start = time.process_time()
    try:
        target(data)
    except Exception as error:
        return Found(data, f"{type(error).__name__}: {error}")
    taken = time.process_time() - start
    return Found(data, f"it took {taken:.1f} s") if taken > SLOW else None


def inputs(seed: int, corpus: list[bytes], words: list[bytes]) -> Iterator[bytes]:
    """Without end; the same for the same seed and corpus."""
    chance = random.Random(seed)
    while True:
        yield mutated(chance, corpus, words)


def searched(target: Target, made: Iterator[bytes], *, seconds: float, most: int) -> tuple[int, Found | None]:
    """How many inputs were tried within that time and number, and the first one with a fault."""
    end = time.monotonic() + seconds
    for number, data in enumerate(made):
        if number >= most or time.monotonic() > end:
            return number, None
        found = tried(target, data)
        if found is not None:
            return number + 1, found
    raise AssertionError("never reached: inputs have no end")
