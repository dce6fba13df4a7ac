"""The call for events: a page of them, or a stream that follows them."""

from aiohttp import web

from gateway.admin.accepts import accepts
from gateway.admin.access import BEARER, is_known
from gateway.admin.answers import Event, Events
from gateway.admin.calls import EVENT_STREAM, Asked, answered
from gateway.admin.refusals import refusal
from gateway.admin.requests import EventsQuery, number

LAST_EVENT_ID = {"Last-Event-ID": "For a stream: the last event the caller has seen; it goes before `since`."}
"""For the documentation of the call."""


async def get_events(asked: Asked[EventsQuery, None]) -> web.StreamResponse:
    """As JSON, or as a stream when asked for one."""
    request = asked.request
    if request.method == "GET" and accepts(request.headers.get("Accept", ""), EVENT_STREAM):
        return await _follow(asked)
    found = await asked.operations.events(since=asked.query.since, limit=asked.query.limit)
    items = [Event.model_validate(each) for each in found]
    return answered(Events(items=items, next=items[-1].id if items else asked.query.since))


async def _follow(asked: Asked[EventsQuery, None]) -> web.StreamResponse:
    bearer, tokens = asked.request[BEARER], asked.context.tokens
    events = asked.operations.follow(_since(asked))
    return await asked.context.streams.send(asked.request, events, is_welcome=lambda: is_known(bearer, tokens()))


def _since(asked: Asked[EventsQuery, None]) -> int | None:
    last = asked.request.headers.get("Last-Event-ID", "")
    if not last:
        return asked.query.since
    found = number(last)
    if found is None:
        raise refusal("bad_request", "last-event-id: the number of an event is due")
    return found
