"""Reports: what is told of a shadow, in its present period and in earlier ones.

It decides what is added up: this run's own part, as it is now, and the parts of others, as the store has them. It must
not know how anything is counted.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from gateway.admin.operations import ShadowReport, UnavailableError, UnknownError
from gateway.control.accounts import (
    DROPPED,
    ERRORS,
    IGNORED,
    MATCHED,
    MISMATCHED,
    REQUESTS,
    SAMPLED,
    Numbers,
    added,
    by_reason,
    pending,
)
from gateway.control.keeping import Keeping
from gateway.control.ledger import numbers, tally
from gateway.control.shadows import Shadows
from gateway.core.model import Shadow, Snapshot
from gateway.core.periods import Found, Pair, Part, Period
from gateway.core.report import Counts, Subject, report
from gateway.core.suggest import did_you_mean
from gateway.core.tally import Tally
from gateway.store.errors import StoreError
from gateway.store.store import Store

Result = TypeVar("Result")


class Reports:
    """All that is asked of shadows; `snapshot` tells what is in force."""

    def __init__(self, shadows: Shadows, keeping: Keeping, snapshot: Callable[[], Snapshot]) -> None:
        self._shadows = shadows
        self._keeping = keeping
        self._snapshot = snapshot
        self._others: dict[Pair, tuple[Part, ...]] = {}
        """As the store had them when it could be read last."""

    async def all(self, route: str) -> Sequence[ShadowReport]:
        """Of a route; UnknownError."""
        return [await self.present((route, variant)) for variant in self._known(route)]

    async def present(self, pair: Pair) -> ShadowReport:
        """Of one pair; UnknownError."""
        shadow = self._configured(pair)
        account = await self._shadows.present(pair)
        if account is None:
            raise UnavailableError("the shadow is new; its first period begins within a second")
        parts = [*await self._others_of(account.period), account.part(self._shadows.run_name, account.period.since)]
        return await asyncio.to_thread(_report, account.period, parts, shadow.noise)

    async def earlier(self, pair: Pair, *, limit: int, before: int | None) -> Sequence[ShadowReport]:
        """The newest first."""
        await self._shadows.save()
        present = await self._present_id(pair)
        bounds = [each for each in (before, present) if each is not None]
        found = await self._read(lambda store: store.periods(pair, limit, min(bounds, default=None)))
        noise = self._configured(pair).noise if present is not None else Shadow("").noise
        return [await asyncio.to_thread(_report, period, parts, noise) for period, parts in found]

    async def mismatches(
        self, pair: Pair, *, limit: int, before: int | None, period: int | None
    ) -> tuple[Sequence[Found], bool]:
        """The newest first."""
        await self._shadows.save()
        present = await self._present_id(pair)
        number = present if period is None else period
        return await self._read(lambda store: store.mismatches(pair, limit, before=before, period=number))

    async def restart(self, pair: Pair, *, who: str, why: str) -> ShadowReport:
        """Starts afresh; UnknownError."""
        self._configured(pair)
        await self._shadows.restart(pair, who=who, why=why)
        return await self.present(pair)

    # ---- which there are

    def _known(self, route: str) -> dict[str, Shadow]:
        routes = self._snapshot().routes
        if route not in routes:
            raise UnknownError(f"no route {route} is defined{did_you_mean(route, routes)}")
        return {shadow.variant: shadow for shadow in routes[route].shadow}

    def _configured(self, pair: Pair) -> Shadow:
        route, variant = pair
        known = self._known(route)
        if variant not in known:
            raise UnknownError(f"route {route} has no shadow {variant}{did_you_mean(variant, known)}")
        return known[variant]

    async def _present_id(self, pair: Pair) -> int | None:
        """None for a pair that is not configured any more; UnknownError for one that never was."""
        try:
            self._configured(pair)
        except UnknownError:
            if not await self._read(lambda store: store.periods(pair, 1)):
                raise
            return None
        account = await self._shadows.present(pair)
        return account.period.id if account is not None else None

    # ---- the store

    async def _others_of(self, period: Period) -> Sequence[Part]:
        try:
            parts = await self._keeping.read(lambda store: store.parts(period.pair, period.id))
        except StoreError:
            return [each for each in self._others.get(period.pair, ()) if each.period == period.id]
        others = tuple(each for each in parts if each.run != self._shadows.run_name)
        self._others[period.pair] = others
        return others

    async def _read(self, ask: Callable[[Store], Result]) -> Result:
        try:
            return await self._keeping.read(ask)
        except StoreError as error:
            raise UnavailableError(f"the store cannot be read: {error}") from None


def _report(period: Period, parts: Sequence[Part], noise: float) -> ShadowReport:
    """The sum of all parts."""
    counts: Numbers = {}
    whole = Tally()
    for part in parts:
        counts = added(counts, numbers(part.counts))
        whole.merge(tally(part))
    subject = Subject(period.route, period.variant, period.since, noise)
    return ShadowReport(period, report(subject, _counts(counts), whole), pending(counts))


def _counts(counts: Numbers) -> Counts:
    requests, sampled, matched, mismatched = (counts.get(name, 0) for name in (REQUESTS, SAMPLED, MATCHED, MISMATCHED))
    return Counts(
        requests,
        sampled,
        matched=matched,
        mismatched=mismatched,
        ignored=by_reason(counts, IGNORED),
        errors=by_reason(counts, ERRORS),
        dropped=by_reason(counts, DROPPED),
    )
