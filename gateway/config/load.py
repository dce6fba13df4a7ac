"""Configuration text to a configuration in force, or every fault in it.

It decides the order of the checks: text, YAML, references, values one by one, then what holds between them.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.config import build, source
from gateway.config.checking import check
from gateway.config.compose import compose
from gateway.config.digests import files
from gateway.config.faults import Fault
from gateway.config.processors import available
from gateway.config.settings import Settings
from gateway.config.warnings import warnings
from gateway.core.model import Snapshot


@dataclass(frozen=True, slots=True)
class Configuration:
    """One valid configuration: what it says, its text, and what people should be told about it."""

    settings: Settings
    snapshot: Snapshot
    text: bytes
    warnings: tuple[Fault, ...] = ()
    """What is probably not meant."""
    files: tuple[str, ...] = ()
    """The other files whose content matters: those of `${file:...}`, and certificates."""


def load_file(path: Path) -> Configuration:
    """The configuration in the file; raises ConfigError with all its faults."""
    return load(source.read(path), name=str(path), folder=path.parent)


def load(text: bytes, name: str, folder: Path) -> Configuration:
    """The configuration in the text; relative paths begin at `folder`. Raises ConfigError with all its faults."""
    with _collector_paused():
        written = source.decode(text)
        root, faults = compose(written)
        document = check(root, faults, folder=folder.absolute())
        snapshot = build.snapshot(document)
        settings = build.settings(document, processors=available())
        named = files(written, snapshot, folder.absolute())
        return Configuration(settings, snapshot, text, warnings(document, root), named)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Everything made meanwhile is in use until the end, so looking for garbage in it would only cost: a third of a
    large file's time."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()
