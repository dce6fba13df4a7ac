"""Posting an event to a webhook: what is sent, and what its answer means.

It decides the body, the header fields and the limits of one try. It must not know order, or when to try again. What is
said of a failure names the receiver by scheme and host alone: the rest of a webhook's URL is often a secret.
"""

from datetime import datetime
from enum import Enum
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp
import orjson

from gateway.admin import answers
from gateway.config.secret import Secret
from gateway.control.signing import sign
from gateway.core.records import Event

TRY_WITHIN = 10.0
"""Seconds one try may take."""
_HARMLESS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
"""Chat services read these as links and mentions."""
_LATER = {408, 425, 429}
_GONE = 410


class Result(Enum):
    """What came of one try."""

    ARRIVED = "arrived"
    FAILED = "failed"
    """Nobody answered, or the receiver cannot take anything now."""
    REFUSED = "refused"
    """The receiver works, and does not take this one."""
    GONE = "gone"
    """It never will."""


class Answer(NamedTuple):
    """What came of one try, and why, in words."""

    result: Result
    why: str


def connect() -> aiohttp.ClientSession:
    """What events are posted by; it keeps no cookies, and believes no proxy of the environment."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=TRY_WITHIN),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "gateway-webhooks"},
    )


async def post(
    session: aiohttp.ClientSession, url: str, event: Event, *, secret: Secret | None, now: datetime
) -> Answer:
    """One try."""
    try:
        content = body(event)
        fields = headers(event, content, secret=secret, now=now)
        async with session.post(url, data=content, headers=fields, allow_redirects=False) as answer:
            return Answer(judge(answer.status), f"it answered {answer.status}")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Answer(Result.FAILED, reason(error))


def body(event: Event) -> bytes:
    """The event as the admin API shows it, its kind as `type`, and a sentence as `text`, which chat services show."""
    shown = answers.Event.model_validate(event).model_dump(mode="json")
    return orjson.dumps({"type": event.kind, "text": sentence(event), **shown})


def sentence(event: Event) -> str:
    """The event in one line, harmless to chat services."""
    why = f": {event.why}" if event.why else ""
    return f"{event.kind}, {event.subject}, by {event.who}{why}".translate(_HARMLESS)


def headers(event: Event, content: bytes, *, secret: Secret | None, now: datetime) -> dict[str, str]:
    """Those of Standard Webhooks; without a secret nothing is signed."""
    identity, timestamp = f"evt_{event.id}", int(now.timestamp())
    fields = {
        "Content-Type": "application/json",
        "webhook-id": identity,
        "webhook-timestamp": str(timestamp),
    }
    if secret is not None:
        fields["webhook-signature"] = sign(secret.reveal(), identity, timestamp=timestamp, body=content)
    return fields


def judge(status: int) -> Result:
    """What a status means."""
    if 200 <= status < 300:
        return Result.ARRIVED
    if status == _GONE:
        return Result.GONE
    return Result.FAILED if status >= 500 or status in _LATER else Result.REFUSED


def reason(error: Exception) -> str:
    """Why there was no answer; never the error's own text, which may hold the URL."""
    if isinstance(error, TimeoutError):
        return f"it did not answer within {TRY_WITHIN:g} s"
    said = getattr(error, "strerror", None)
    return f"{type(error).__name__}: {said}" if isinstance(said, str) else type(error).__name__


def place(url: str) -> str:
    """Scheme and host: all of a webhook's URL that may be shown."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}"
