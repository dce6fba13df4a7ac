"""What the admin API asks of control: everything it shows, and everything it changes.

The admin side knows HTTP, tokens and shapes; whoever implements this knows what is in force. Refusals are exceptions,
defined here, so that each becomes one status.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.config.faults import Fault
from gateway.core.model import Snapshot
from gateway.core.periods import Found, Period
from gateway.core.plan import Plan
from gateway.core.records import Event, Override, OverrideKey, Revision
from gateway.core.report import Report


class StaleError(Exception):
    """Somebody else has changed the configuration since: `present` is the revision in force."""

    def __init__(self, present: int) -> None:
        super().__init__(f"revision {present} is in force")
        self.present = present


class RefusedError(Exception):
    """The change is understood and cannot be made; the message says what would be right."""


class UnknownError(Exception):
    """The name or number is nobody's; the message names it, and the nearest known one."""


class UnavailableError(Exception):
    """What is needed for the answer cannot be reached now, such as the store; the message says what."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change came to."""

    revision: Revision
    """The one in force now."""
    kept: bool
    """Whether the store has it; what it has not yet is written when it can be."""
    changed: bool = True
    """False where what was asked for was in force already."""
    notes: tuple[str, ...] = ()
    """What else happened: overrides that ended, workers that were replaced."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint as all workers together see it."""

    url: str
    available: bool
    in_flight: int


@dataclass(frozen=True, slots=True)
class BreakerStatus:
    """One variant's breaker now: `closed`, `half_open` or `open`, or what an operator holds it in."""

    state: str
    forced: bool
    reason: str
    """The sentence of its last change; empty where there was none since control began."""
    since: datetime
    retry_at: datetime | None
    """When an open one lets a few calls try."""


@dataclass(frozen=True, slots=True)
class VariantStatus:
    """One variant now. Rates are of the last ten seconds; `latency` maps p50, p90, p99 to seconds, and is empty without
    calls."""

    version: str
    enabled: bool
    in_flight: int
    requests_per_second: float
    error_rate: float
    latency: Mapping[str, float]
    breaker: BreakerStatus
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True)
class RouteStatus:
    """One route now: the split that decides, with its overrides."""

    split: Mapping[str, int]
    fallback: tuple[str, ...]
    requests_per_second: float
    shadows: tuple[str, ...] = ()
    """The variants that get copies."""


@dataclass(frozen=True, slots=True)
class FileStatus:
    """The configuration file beside what is in force."""

    differs: bool
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """One worker as control knows it."""

    index: int
    pid: int
    revision: int
    draining: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class Status:
    """What is in force, and how it goes."""

    revision: int
    file: FileStatus
    kept: bool
    overrides: tuple[Override, ...]
    routes: Mapping[str, RouteStatus]
    variants: Mapping[str, VariantStatus]
    workers: tuple[WorkerStatus, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One request as a caller of the route would send it; `path` may carry a query."""

    route: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Probed:
    """What one endpoint answered to a probe."""

    url: str
    problem: str
    """What is wrong, in words; empty where it answered well."""
    status: int | None
    """None where no reply came, or only a connection was asked for."""
    seconds: float
    address: str | None = ""
    """Which one of those that the endpoint's name stands for; empty where it has none, None where no one was found."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A variant asked whether it answers."""

    asked: str
    """What every endpoint was asked, such as `GET /ready`, or `a connection`."""
    endpoints: tuple[Probed, ...]


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """What was found of a shadow in one period."""

    period: Period
    report: Report
    pending: int
    """Sampled requests of which it is not known yet what comes of them."""


class Operations(Protocol):
    """Control, as the admin API sees it. Whatever takes a configuration raises `config.faults.ConfigError` with all its
    faults; whatever names something raises UnknownError for a name nobody defines."""

    @property
    def snapshot(self) -> Snapshot:
        """What is in force, overrides included."""

    @property
    def revision(self) -> Revision:
        """The revision in force."""

    @property
    def kept(self) -> bool:
        """Whether the store has all that was changed."""

    def is_kept(self, revision: int) -> bool:
        """Whether the store has that revision; False only while it waits to be written."""

    def is_ready(self) -> bool:
        """Whether the gateway serves."""

    async def status(self) -> Status:
        """Everything at a glance."""

    async def check(self, text: bytes) -> Sequence[Fault]:
        """The warnings of a configuration that is right; ConfigError for one that is not."""

    async def plan(self, text: bytes) -> Plan:
        """What the configuration would change."""

    async def apply(self, text: bytes, *, author: str, message: str, expected: int | None) -> Outcome:
        """Puts a configuration in force. StaleError when `expected` is given and not the present revision;
        RefusedError for what needs a restart."""

    async def revisions(self, *, limit: int, before: int | None) -> Sequence[Revision]:
        """The newest first; those with numbers below `before`, without their texts. UnavailableError while the store
        cannot be read."""

    async def find_revision(self, number: int) -> Revision:
        """One of them, with its text. UnavailableError while the store cannot be read."""

    async def restore(self, number: int, *, author: str, message: str, expected: int | None) -> Outcome:
        """Puts an older revision's text in force, as a new revision."""

    def overrides(self) -> Sequence[Override]:
        """Those in force, by kind and subject."""

    async def set_override(self, override: Override) -> Outcome:
        """Takes the decision, in place of an earlier one of its kind for its subject. RefusedError for weights that are
        no split, or an expiry that has passed."""

    async def end_override(self, key: OverrideKey, *, who: str, why: str) -> Outcome:
        """Ends that override; `changed` is False where there was none."""

    async def probe(self, variant: str, sample: Sample | None) -> Probe:
        """Asks every endpoint of the variant once, from here: `sample` as a worker would send it for its route (a 2xx
        is an answer); without one the variant's health path, as a health check does; without that, a connection.
        RefusedError for a sample that its route would not take. No caller's call is touched, nothing is counted."""

    async def shadows(self, route: str) -> Sequence[ShadowReport]:
        """Of all shadows of a route, in their present periods."""

    async def shadow(self, route: str, variant: str) -> ShadowReport:
        """Of one shadow, in its present period."""

    async def shadow_periods(
        self, route: str, variant: str, *, limit: int, before: int | None
    ) -> Sequence[ShadowReport]:
        """Of one shadow, in its earlier periods, the newest first; those with ids below `before`. UnavailableError
        while the store cannot be read."""

    async def mismatches(
        self, route: str, variant: str, *, limit: int, before: int | None, period: int | None
    ) -> tuple[Sequence[Found], bool]:
        """Those that were kept whole, the newest first: those with numbers below `before`, of the present period or of
        that one. And whether there are more. UnavailableError while the store cannot be read."""

    async def restart_shadow(self, route: str, variant: str, *, who: str, why: str) -> ShadowReport:
        """Begins a new period."""

    async def events(self, *, since: int | None, limit: int) -> Sequence[Event]:
        """The oldest first: those after `since`, or the newest `limit` without it. UnavailableError while the store
        cannot be read."""

    def follow(self, since: int | None) -> AsyncGenerator[Event, None]:
        """Those after `since` (without it, from now on), then each as it happens, until closed."""
