"""The calls about configurations: read, check, plan, apply."""

from aiohttp import web

from gateway.admin import convert
from gateway.admin.answers import Checked, Fault
from gateway.admin.calls import YAML, Asked, answered
from gateway.admin.etags import expected
from gateway.admin.requests import MessageQuery, NoQuery


async def get_config(asked: Asked[NoQuery, None]) -> web.StreamResponse:
    """The text in force, byte for byte."""
    revision = asked.operations.revision
    return web.Response(body=revision.text, content_type=YAML, headers={"ETag": f'"{revision.number}"'})


async def put_config(asked: Asked[MessageQuery, bytes]) -> web.StreamResponse:
    """Puts the text in force."""
    outcome = await asked.operations.apply(
        asked.body,
        author=asked.who,
        message=asked.query.message,
        expected=expected(asked.request, asked.operations.revision.number),
    )
    return answered(convert.outcome(outcome), revision=outcome.revision.number)


async def check_config(asked: Asked[NoQuery, bytes]) -> web.StreamResponse:
    """Its warnings, or all its faults."""
    warnings = await asked.operations.check(asked.body)
    return answered(Checked(warnings=[Fault.model_validate(each) for each in warnings]))


async def plan_config(asked: Asked[NoQuery, bytes]) -> web.StreamResponse:
    """What it would change; the `ETag` names the revision that it was compared with."""
    revision = asked.operations.revision.number
    plan = await asked.operations.plan(asked.body)
    return answered(convert.plan(plan), revision=revision)
