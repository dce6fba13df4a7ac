"""The calls about revisions: list, look at, restore."""

from aiohttp import web

from gateway.admin import convert
from gateway.admin.answers import Revisions
from gateway.admin.calls import Asked, answered
from gateway.admin.etags import expected
from gateway.admin.operations import UnknownError
from gateway.admin.requests import MessageQuery, NoQuery, Nothing, RevisionsQuery, number


async def list_revisions(asked: Asked[RevisionsQuery, None]) -> web.StreamResponse:
    """One page; one more is asked for, to know whether there is another page."""
    limit = asked.query.limit
    found = await asked.operations.revisions(limit=limit + 1, before=asked.query.before)
    shown = found[:limit]
    items = [convert.revision(each, kept=asked.operations.is_kept(each.number)) for each in shown]
    return answered(Revisions(items=items, next=shown[-1].number if len(found) > limit else None))


async def get_revision(asked: Asked[NoQuery, None]) -> web.StreamResponse:
    """One with its text."""
    record = await asked.operations.find_revision(_number(asked.name("revision")))
    return answered(convert.revision_text(record, kept=asked.operations.is_kept(record.number)))


async def restore_revision(asked: Asked[MessageQuery, Nothing]) -> web.StreamResponse:
    """Its text, as a new revision."""
    outcome = await asked.operations.restore(
        _number(asked.name("revision")),
        author=asked.who,
        message=asked.query.message,
        expected=expected(asked.request, asked.operations.revision.number),
    )
    return answered(convert.outcome(outcome), revision=outcome.revision.number)


def _number(text: str) -> int:
    found = number(text)
    if found is None:
        raise UnknownError("a revision is a number from 1")
    return found
