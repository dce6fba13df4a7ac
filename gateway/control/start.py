"""The start: which revision is in force when a gateway begins.

It decides by the file, the store and what both held before: the newest revision, unless the file has changed since it
was last taken. A store that cannot be used is no reason not to serve; a file with faults is, unless `last_good` is
asked for. It must not know processes or sockets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from gateway.config import source
from gateway.config.faults import ConfigError
from gateway.config.load import Configuration, load
from gateway.control.naming import FILE, GATEWAY, digest, subject
from gateway.control.standing import Standing
from gateway.core import overrides
from gateway.core.records import Change, Event, Override, OverrideKey, Revision
from gateway.errors import StartError
from gateway.store.errors import StoreError
from gateway.store.store import Store

_RECENT = 1_000


@dataclass(frozen=True, slots=True)
class Past:
    """What the store knew before this start."""

    newest: Revision | None = None
    taken: str = ""
    """The hash of the text last taken from the file."""
    overrides: Sequence[Override] = ()
    event: int = 0
    """The id of the newest event."""
    events: Sequence[Event] = ()
    """The newest ones."""
    is_read: bool = True


@dataclass(frozen=True, slots=True)
class Start:
    """How the gateway begins: what is in force, what of it is new, and what the operator should be told."""

    standing: Standing
    configuration: Configuration
    change: Change
    told: tuple[str, ...] = ()


def begin(file: Path, store: str | None, *, last_good: bool, now: datetime) -> Start:
    """The start, what is new already kept where that works. ConfigError for a file with faults, unless `last_good`;
    StartError where nothing can be served. `store` is the URL to use where a faulty file cannot say it."""
    try:
        configuration = load(source.read(file), name=str(file), folder=file.parent)
    except ConfigError as error:
        if not last_good:
            raise
        return _last_good(file, Store(store or _usual(file)), error, now=now)
    kept = Store(configuration.settings.store.reveal())
    try:
        start = decide(file, configuration, read(kept), now=now)
    except StoreError as error:
        start = decide(file, configuration, Past(is_read=False), now=now)
        waiting = replace(start.standing, pending=(start.change,))
        return replace(start, standing=waiting, told=(*start.told, f"nothing is kept: {error}"))
    return _keep(kept, start)


def read(store: Store) -> Past:
    """What it knows; StoreError."""
    store.open()
    return Past(
        store.newest(),
        store.taken(),
        tuple(store.overrides()),
        event=store.last_event_id(),
        events=tuple(store.events(None, _RECENT)),
    )


def decide(file: Path, configuration: Configuration, past: Past, *, now: datetime) -> Start:
    """The file's text as a new revision, or the newest one."""
    newest, wanted = past.newest, digest(configuration.text)
    if newest is not None and newest.text == configuration.text:
        start = _start(file, newest, configuration, past=replace(past, taken=wanted), now=now)
        return start if past.taken == wanted else replace(start, change=replace(start.change, taken=wanted))
    if newest is None or past.taken != wanted:
        return _new(file, configuration, past, now=now)
    try:
        in_force = load(newest.text, name=f"revision {newest.number}", folder=file.parent)
    except ConfigError as error:
        start = _new(file, configuration, past, now=now)
        return _telling(start, f"{file} is in force: revision {newest.number} no longer holds, {error.faults[0]}")
    start = _start(file, newest, in_force, past=past, now=now)
    return _telling(start, f"revision {newest.number} is in force, which is newer than {file}")


def _new(file: Path, configuration: Configuration, past: Past, *, now: datetime) -> Start:
    newest = past.newest
    number = 1 if newest is None else newest.number + 1
    text = configuration.text
    revision = Revision(number, text, FILE, "", now, origin="file", hash=digest(text))
    start = _start(file, revision, configuration, past=past, now=now)
    ended = _ended_by(newest, file, start.standing) if newest is not None else ()
    standing = start.standing.override(ended=ended)
    event = Event(standing.event + 1, now, "reload_applied", "configuration", FILE, f"revision {number} is in force")
    change = replace(
        start.change,
        revision=revision,
        ended=(*start.change.ended, *ended),
        events=(*start.change.events, event),
    )
    return replace(start, standing=replace(standing, event=event.id), change=change)


def _ended_by(newest: Revision, file: Path, standing: Standing) -> tuple[OverrideKey, ...]:
    """The set splits whose routes' own splits the new text changes."""
    try:
        before = load(newest.text, name="", folder=file.parent).snapshot
    except ConfigError:
        return ()
    return overrides.ended_by(before, standing.base, standing.overrides)


def _start(file: Path, revision: Revision, configuration: Configuration, *, past: Past, now: datetime) -> Start:
    """That revision, with the overrides whose time is not over and whose subject is still there."""
    base = replace(configuration.snapshot, revision=revision.number)
    over = [each for each in past.overrides if each in overrides.expired((each,), now)]
    over += [each for each in past.overrides if each not in over and not overrides.is_possible(base, each)]
    why = "its time was over, or what it is about is gone"
    events = tuple(
        Event(past.event + place, now, "override_ended", subject(each), GATEWAY, why)
        for place, each in enumerate(over, 1)
    )
    standing = Standing(
        revision,
        base,
        configuration.settings,
        started=configuration.settings,
        file=str(file.absolute()),
        overrides=tuple(each for each in past.overrides if each not in over),
        taken=past.taken,
        event=past.event + len(events),
        is_read=past.is_read,
    )
    if revision.origin == "file":
        standing = replace(standing, taken=revision.hash)
    return Start(standing, configuration, Change(ended=tuple(each.key for each in over), events=events))


def _keep(store: Store, start: Start) -> Start:
    try:
        if start.change != Change():
            store.write(start.change)
        store.close()
    except StoreError as error:
        waiting = replace(start.standing, pending=(start.change,))
        return replace(start, standing=waiting, told=(*start.told, f"nothing is kept: {error}"))
    return start


def _last_good(file: Path, store: Store, error: ConfigError, *, now: datetime) -> Start:
    """The newest revision serves, and the faults of the file are told."""
    try:
        past = read(store)
    except StoreError as unusable:
        raise StartError(f"{file} has faults, and the store cannot be used: {unusable}") from error
    if past.newest is None:
        raise error
    newest = past.newest
    try:
        configuration = load(newest.text, name=f"revision {newest.number}", folder=file.parent)
    except ConfigError as other:
        said = f"{file} has faults, and revision {newest.number} no longer holds either: {other.faults[0]}"
        raise StartError(said) from error
    start = _keep(store, _start(file, newest, configuration, past=past, now=now))
    faults = tuple(fault.at(str(file)) for fault in error.faults)
    return replace(start, told=(*faults, f"revision {newest.number} is in force", *start.told))


def _telling(start: Start, said: str) -> Start:
    return replace(start, told=(said, *start.told))


def _usual(file: Path) -> str:
    return f"sqlite:///{file.parent.absolute() / 'gateway.db'}"
