"""The calls about overrides: variants disabled and enabled, splits set and taken back."""

from datetime import datetime

from aiohttp import web

from gateway.admin import convert
from gateway.admin.answers import Overrides
from gateway.admin.calls import AnyAsked, Asked, answered
from gateway.admin.refusals import Misfit, invalid_request
from gateway.admin.requests import Enabled, ForceBreaker, NoQuery, ReasonQuery, SetSplit, instant
from gateway.core.overrides import check_split
from gateway.core.records import Override, OverrideKey


async def list_overrides(asked: Asked[NoQuery, None]) -> web.StreamResponse:
    """Those in force."""
    return answered(Overrides(items=convert.overrides(asked.operations)))


async def put_enabled(asked: Asked[NoQuery, Enabled]) -> web.StreamResponse:
    """Disabled by an override; enabled by ending it."""
    variant, body = asked.name("variant"), asked.body
    if not body.enabled:
        now = asked.context.now()
        expires = _ahead(instant(body.expires, now), now)
        return await _set(asked, Override("variant_disabled", variant, asked.who, body.reason, now, expires))
    if body.expires is not None:
        raise invalid_request([Misfit(path="expires", message="goes with enabled: false only")])
    outcome = await asked.operations.end_override(("variant_disabled", variant), who=asked.who, why=body.reason)
    return answered(convert.outcome(outcome), revision=outcome.revision.number)


async def put_breaker(asked: Asked[NoQuery, ForceBreaker]) -> web.StreamResponse:
    """Held open or closed by an override; left to itself by ending it."""
    variant, body, now = asked.name("variant"), asked.body, asked.context.now()
    if body.state != "auto":
        expires = _ahead(instant(body.expires, now), now)
        forced = Override("breaker_forced", variant, asked.who, body.reason, now, expires, state=body.state)
        return await _set(asked, forced)
    if body.expires is not None:
        raise invalid_request([Misfit(path="expires", message="goes with state: open or closed only")])
    outcome = await asked.operations.end_override(("breaker_forced", variant), who=asked.who, why=body.reason)
    return answered(convert.outcome(outcome), revision=outcome.revision.number)


async def put_split(asked: Asked[NoQuery, SetSplit]) -> web.StreamResponse:
    """In place of the revision's."""
    route, body, now = asked.name("route"), asked.body, asked.context.now()
    snapshot = asked.operations.snapshot
    wrong = check_split(snapshot, route, body.split) if route in snapshot.routes else None
    if wrong is not None:
        raise invalid_request([Misfit(path="split", message=wrong)])
    expires = _ahead(instant(body.expires, now), now)
    override = Override("split_set", route, asked.who, body.reason, now, expires, split=body.split, rules=body.rules)
    return await _set(asked, override)


async def delete_split(asked: Asked[ReasonQuery, None]) -> web.StreamResponse:
    """The revision's split decides again."""
    key: OverrideKey = ("split_set", asked.name("route"))
    outcome = await asked.operations.end_override(key, who=asked.who, why=asked.query.reason)
    return answered(convert.outcome(outcome), revision=outcome.revision.number)


async def _set(asked: AnyAsked, override: Override) -> web.StreamResponse:
    outcome = await asked.operations.set_override(override)
    in_force = [each for each in asked.operations.overrides() if each.key == override.key]
    return answered(convert.outcome(outcome, *in_force), revision=outcome.revision.number)


def _ahead(expires: datetime | None, now: datetime) -> datetime | None:
    if expires is not None and expires <= now:
        raise invalid_request([Misfit(path="expires", message="is past; a time ahead is due")])
    return expires
