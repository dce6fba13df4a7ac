"""Operations in memory: the real checks, snapshots and overrides, without workers and without a store."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.admin.operations import (
    BreakerStatus,
    Endpoint,
    FileStatus,
    Outcome,
    Probe,
    Probed,
    RefusedError,
    RouteStatus,
    Sample,
    ShadowReport,
    StaleError,
    Status,
    UnavailableError,
    UnknownError,
    VariantStatus,
    WorkerStatus,
)
from gateway.config.faults import Fault
from gateway.config.load import Configuration, load
from gateway.core.model import Snapshot
from gateway.core.overrides import apply, ended_by
from gateway.core.periods import Found, Pair
from gateway.core.plan import Plan, plan
from gateway.core.records import Event, Origin, Override, OverrideKey, Revision
from tests.admin.findings import began, found, report

START = datetime(2026, 1, 31, 12, tzinfo=UTC)

CONFIG = b"""\
# two versions of one model
listen: [127.0.0.1:8080]
variants:
  fraud-3: {endpoints: [http://10.0.0.1:8000], version: "3.2.1"}
  fraud-4: {endpoints: [http://10.0.0.2:8000]}
routes:
  fraud:
    match: {path: /v1/fraud}
    targeting_key: [{header: x-user}]
    split: {fraud-3: 95, fraud-4: 5}
"""
RESPLIT = CONFIG.replace(b"fraud-3: 95, fraud-4: 5", b"fraud-3: 90, fraud-4: 10")
NEEDS_RESTART = CONFIG.replace(b":8080", b":8081")
FAULTY = CONFIG.replace(b"fraud-3: 95, fraud-4: 5", b"fraud-3: 95, fraud-5: 5")


class Memory:
    """What is in force, all that was, and what is told of it. `is_store_away` takes the store away."""

    def __init__(self, folder: Path, text: bytes = CONFIG) -> None:
        self._folder = folder
        self._revisions: list[Revision] = []
        self._overrides: dict[OverrideKey, Override] = {}
        self._events: list[Event] = []
        self.reports: dict[Pair, list[ShadowReport]] = {("fraud", "fraud-4"): [report(1, until=2), report(2)]}
        """The periods of each shadow, the present one last."""
        self.found: list[Found] = [found(number) for number in range(1, 6)]
        self._followers: set[asyncio.Event] = set()
        self._unkept: set[int] = set()
        self.is_store_away = False
        self.sample: Sample | None = None
        self.is_serving = True
        self._configured = self._load(text)
        self._take(self._configured, author="file", message="", origin="file")

    @property
    def snapshot(self) -> Snapshot:
        configured = replace(self._configured.snapshot, revision=self.revision.number)
        return apply(configured, self._overrides.values())

    @property
    def revision(self) -> Revision:
        return self._revisions[-1]

    @property
    def kept(self) -> bool:
        return not self._unkept

    @property
    def followers(self) -> int:
        return len(self._followers)

    def is_kept(self, revision: int) -> bool:
        return revision not in self._unkept

    def is_ready(self) -> bool:
        return self.is_serving

    async def status(self) -> Status:
        snapshot = self.snapshot
        return Status(
            revision=self.revision.number,
            file=FileStatus(differs=True, faults=(Fault(3, 1, "variants", "what a broken file says"),)),
            kept=self.kept,
            overrides=tuple(self.overrides()),
            routes={
                name: RouteStatus(each.split, each.fallback.variants or (), 41.0, self._shadows(name))
                for name, each in snapshot.routes.items()
            },
            variants={
                name: VariantStatus(
                    version=each.version,
                    enabled=name not in snapshot.disabled,
                    in_flight=3,
                    requests_per_second=39.0,
                    error_rate=0.25,
                    latency={"p50": 0.004, "p90": 0.006, "p99": 0.011},
                    breaker=BreakerStatus("closed", False, "3 probes succeeded", START, None),
                    endpoints=tuple(Endpoint(endpoint.url, True, 1) for endpoint in each.endpoints),
                )
                for name, each in snapshot.variants.items()
            },
            workers=(WorkerStatus(0, 4711, self.revision.number, False, START),),
        )

    async def check(self, text: bytes) -> Sequence[Fault]:
        return self._load(text).warnings

    async def plan(self, text: bytes) -> Plan:
        after = self._load(text).snapshot
        return plan(self._configured.snapshot, after, overrides=tuple(self._overrides.values()))

    async def apply(self, text: bytes, *, author: str, message: str, expected: int | None) -> Outcome:
        self._check_present(expected)
        configuration = self._load(text)
        if configuration.snapshot.listen != self._configured.snapshot.listen:
            raise RefusedError("listen changes, which needs a restart")
        if text == self.revision.text:
            return self._outcome(changed=False)
        return self._take(configuration, author=author, message=message, origin="api")

    async def revisions(self, *, limit: int, before: int | None) -> Sequence[Revision]:
        self._check_store()
        found = [each for each in reversed(self._revisions) if before is None or each.number < before]
        return [replace(each, text=b"") for each in found[:limit]]

    async def find_revision(self, number: int) -> Revision:
        self._check_store()
        for each in self._revisions:
            if each.number == number:
                return each
        raise UnknownError(f"there is no revision {number}; the newest is {self.revision.number}")

    async def restore(self, number: int, *, author: str, message: str, expected: int | None) -> Outcome:
        self._check_present(expected)
        old = await self.find_revision(number)
        return self._take(self._load(old.text), author=author, message=message, origin="restore")

    def overrides(self) -> Sequence[Override]:
        return [self._overrides[key] for key in sorted(self._overrides)]

    async def set_override(self, override: Override) -> Outcome:
        self._check_subject(override.key)
        self._overrides[override.key] = override
        self._tell("override_set", override.subject, override.who, override.why)
        return self._outcome()

    async def end_override(self, key: OverrideKey, *, who: str, why: str) -> Outcome:
        self._check_subject(key)
        ended = self._overrides.pop(key, None)
        if ended is not None:
            self._tell("override_ended", key[1], who, why)
        return self._outcome(changed=ended is not None)

    async def probe(self, variant: str, sample: Sample | None) -> Probe:
        self._check_subject(("variant_disabled", variant))
        if sample is not None and sample.method == "TRACE":
            raise RefusedError("no route takes TRACE")
        self.sample = sample
        asked = f"{sample.method} {sample.path}" if sample else "a connection"
        endpoints = self.snapshot.variants[variant].endpoints
        return Probe(asked, tuple(Probed(each.url, "", 200 if sample else None, 0.004) for each in endpoints))

    async def shadows(self, route: str) -> Sequence[ShadowReport]:
        self._check_subject(("split_set", route))
        return [self.reports[route, variant][-1] for variant in self._shadows(route)]

    async def shadow(self, route: str, variant: str) -> ShadowReport:
        return self._periods(route, variant)[-1]

    async def shadow_periods(
        self, route: str, variant: str, *, limit: int, before: int | None
    ) -> Sequence[ShadowReport]:
        earlier = self._periods(route, variant)[-2::-1]
        self._check_store()
        return [each for each in earlier if before is None or each.period.id < before][:limit]

    async def mismatches(
        self, route: str, variant: str, *, limit: int, before: int | None, period: int | None
    ) -> tuple[Sequence[Found], bool]:
        present = self._periods(route, variant)[-1].period.id
        of = present if period is None else period
        self._check_store()
        newest = [each for each in self.found[::-1] if each.period == of and (before is None or each.number < before)]
        return newest[:limit], len(newest) > limit

    async def restart_shadow(self, route: str, variant: str, *, who: str, why: str) -> ShadowReport:
        periods = self._periods(route, variant)
        number = periods[-1].period.id + 1
        periods[-1] = replace(periods[-1], period=replace(periods[-1].period, until=began(number)))
        periods.append(report(number, who=who, why=why, pairs=0))
        self._tell("shadow_period_started", variant, who, why)
        return periods[-1]

    async def events(self, *, since: int | None, limit: int) -> Sequence[Event]:
        self._check_store()
        if since is None:
            return self._events[-limit:]
        return [each for each in self._events if each.id > since][:limit]

    async def follow(self, since: int | None) -> AsyncGenerator[Event, None]:
        woken = asyncio.Event()
        self._followers.add(woken)
        seen = len(self._events) if since is None else since
        try:
            while True:
                for event in self._events[seen:]:
                    seen = event.id
                    yield event
                woken.clear()
                if seen == len(self._events):
                    await woken.wait()
        finally:
            self._followers.discard(woken)

    def _load(self, text: bytes) -> Configuration:
        return load(text, name="api", folder=self._folder)

    def _take(self, configuration: Configuration, *, author: str, message: str, origin: Origin) -> Outcome:
        number = len(self._revisions) + 1
        digest = hashlib.sha256(configuration.text).hexdigest()
        when = START + timedelta(minutes=number)
        notes = []
        if self._revisions:
            ended = ended_by(self._configured.snapshot, configuration.snapshot, self._overrides.values())
            notes = [f"{kind} of {subject} ended" for kind, subject in ended]
            self._overrides = {key: each for key, each in self._overrides.items() if key not in ended}
        self._configured = configuration
        self._revisions.append(Revision(number, configuration.text, author, message, when, origin, digest))
        if self.is_store_away:
            self._unkept.add(number)
        self._tell("reload_applied", f"revision {number}", author, message)
        return self._outcome(notes=tuple(notes))

    def _outcome(self, *, changed: bool = True, notes: tuple[str, ...] = ()) -> Outcome:
        return Outcome(self.revision, kept=self.kept, changed=changed, notes=notes)

    def _tell(self, kind: str, subject: str, who: str, why: str) -> None:
        number = len(self._events) + 1
        self._events.append(Event(number, START + timedelta(seconds=number), kind, subject, who, why, {"n": number}))
        for each in self._followers:
            each.set()

    def _check_present(self, expected: int | None) -> None:
        if expected not in {None, self.revision.number}:
            raise StaleError(self.revision.number)

    def _check_store(self) -> None:
        if self.is_store_away:
            raise UnavailableError("the store cannot be read: the disk is gone")

    def _shadows(self, route: str) -> tuple[str, ...]:
        return tuple(variant for of, variant in self.reports if of == route)

    def _periods(self, route: str, variant: str) -> list[ShadowReport]:
        self._check_subject(("split_set", route))
        if (route, variant) not in self.reports:
            raise UnknownError(f"route {route} has no shadow {variant}")
        return self.reports[route, variant]

    def _check_subject(self, key: OverrideKey) -> None:
        kind, subject = key
        what, known = ("route", self.snapshot.routes) if kind == "split_set" else ("variant", self.snapshot.variants)
        if subject not in known:
            raise UnknownError(f"there is no {what} {subject}; there is {', '.join(known)}")
