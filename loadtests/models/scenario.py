"""A scenario: a YAML file that says what each model does, and from when on. Pure but for reading the file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from loadtests.models.faults import Fault, read_faults
from loadtests.models.lengths import Draw, ScenarioError, distribution, seconds


@dataclass(frozen=True, slots=True)
class Step:
    """From `at` seconds on, these faults and no others."""

    at: float
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What one model does."""

    host: str
    port: int
    delay: Draw
    """Seconds before an answer while it is well."""
    timeline: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Callers:
    """Who calls during a rehearsal."""

    path: str
    rate: float
    """Calls a second."""
    keys: int
    """How many different callers they are."""
    header: str
    """What carries the caller's targeting key."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """All of it."""

    length: float
    parts: dict[str, Part]
    callers: Callers
    gateway: Path | None
    """The configuration of the gateway to be started for it."""


def load(file: Path) -> Scenario:
    """Read it; ScenarioError names the first thing that is wrong."""
    try:
        found = yaml.safe_load(file.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ScenarioError(f"{file}: {error}") from None
    _only(found, {"length", "models"}, {"gateway", "callers"}, str(file))
    models = found["models"]
    if not isinstance(models, dict) or not models:
        raise ScenarioError("models: at least one is due, by its name")
    gateway = found.get("gateway")
    return Scenario(
        length=seconds(found["length"], "length"),
        parts={str(name): _part(part, f"models.{name}") for name, part in models.items()},
        callers=_callers(found.get("callers", {})),
        gateway=None if gateway is None else file.parent / str(gateway),
    )


def _part(given: Any, where: str) -> Part:
    _only(given, {"listen"}, {"delay", "timeline"}, where)
    host, _, port = str(given["listen"]).rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ScenarioError(f"{where}.listen: {given['listen']!r} is no address; write 127.0.0.1:9001")
    items = given.get("timeline", [])
    if not isinstance(items, list):
        raise ScenarioError(f"{where}.timeline: a list of {{at, faults}} is due")
    steps = tuple(_step(item, f"{where}.timeline[{number}]") for number, item in enumerate(items))
    if list(steps) != sorted(steps, key=lambda step: step.at):
        raise ScenarioError(f"{where}.timeline: must be in the order of time")
    return Part(host, int(port), distribution(given.get("delay", "0s"), f"{where}.delay"), steps)


def _step(given: Any, where: str) -> Step:
    _only(given, {"at", "faults"}, set(), where)
    return Step(seconds(given["at"], f"{where}.at"), read_faults(given["faults"], f"{where}.faults"))


def _callers(given: Any) -> Callers:
    _only(given, set(), {"path", "rate", "keys", "header"}, "callers")
    rate, keys = given.get("rate", 50), given.get("keys", 200)
    for name, value in (("rate", rate), ("keys", keys)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ScenarioError(f"callers.{name}: {value!r} is no whole number of at least 1")
    return Callers(str(given.get("path", "/")), float(rate), keys, str(given.get("header", "x-user-id")))


def _only(given: Any, due: set[str], allowed: set[str], where: str) -> None:
    if not isinstance(given, dict):
        raise ScenarioError(f"{where}: {', '.join(sorted(due | allowed))} are due here")
    if missing := sorted(due - set(given)):
        raise ScenarioError(f"{where}: {missing[0]} is missing")
    if unknown := sorted(map(str, set(given) - due - allowed)):
        raise ScenarioError(f"{where}: there is no {unknown[0]!r}; there are {', '.join(sorted(due | allowed))}")
