"""The calls about shadows: what was found of them, which replies differ, and starting afresh."""

from dataclasses import asdict

from aiohttp import web

from gateway.admin.calls import Asked, answered
from gateway.admin.operations import ShadowReport
from gateway.admin.requests import MismatchesQuery, NoQuery, PeriodsQuery, ReasonQuery
from gateway.admin.shadow_answers import Mismatch, Mismatches, ShadowPeriods, ShadowReports
from gateway.admin.shadow_answers import ShadowReport as Shown
from gateway.core.periods import Found


async def list_shadows(asked: Asked[NoQuery, None]) -> web.StreamResponse:
    """Those of one route."""
    found = await asked.operations.shadows(asked.name("route"))
    return answered(ShadowReports(items=[shown(each) for each in found]))


async def get_shadow(asked: Asked[NoQuery, None]) -> web.StreamResponse:
    """One, in its present period."""
    return answered(shown(await asked.operations.shadow(asked.name("route"), asked.name("variant"))))


async def list_periods(asked: Asked[PeriodsQuery, None]) -> web.StreamResponse:
    """One page of earlier ones; one more is asked for, to know whether there is another page."""
    limit = asked.query.limit
    found = await asked.operations.shadow_periods(
        asked.name("route"), asked.name("variant"), limit=limit + 1, before=asked.query.before
    )
    items = [shown(each) for each in found[:limit]]
    return answered(ShadowPeriods(items=items, next=items[-1].period if len(found) > limit else None))


async def list_mismatches(asked: Asked[MismatchesQuery, None]) -> web.StreamResponse:
    """One page, which is shorter where they are large."""
    query = asked.query
    found, has_more = await asked.operations.mismatches(
        asked.name("route"), asked.name("variant"), limit=query.limit, before=query.before, period=query.period
    )
    items = [_mismatch(each) for each in found]
    return answered(Mismatches(items=items, next=items[-1].number if has_more else None))


async def restart_shadow(asked: Asked[ReasonQuery, None]) -> web.StreamResponse:
    """A new period begins."""
    why = asked.query.reason or f"asked by {asked.who}"
    report = await asked.operations.restart_shadow(asked.name("route"), asked.name("variant"), who=asked.who, why=why)
    return answered(shown(report))


def shown(found: ShadowReport) -> Shown:
    """A report with its period."""
    period = found.period
    return Shown(
        **asdict(found.report),
        period=period.id,
        until=period.until,
        who=period.who,
        why=period.why,
        pending=found.pending,
    )


def _mismatch(found: Found) -> Mismatch:
    return Mismatch.model_validate({**found.mismatch, "number": found.number, "period": found.period})
