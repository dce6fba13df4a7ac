"""Events of the past, page by page, from the admin API."""

from collections.abc import Iterator
from datetime import datetime

from gateway.cli import sheet
from gateway.cli.api import Api, ApiError, Document

PAGE = 500
"""The most that one answer has."""

Since = int | datetime | None
"""After the event of that number, or from that time on."""


def newest(api: Api, count: int) -> list[Document]:
    """The newest so many, the oldest of them first."""
    return list(api.get("events", limit=count)["items"])


def after(api: Api, since: int | datetime) -> Iterator[Document]:
    """All of them."""
    last = since if isinstance(since, int) else before(api, since)
    while items := api.get("events", since=last, limit=PAGE)["items"]:
        yield from items
        last = items[-1]["id"]


def before(api: Api, when: datetime) -> int:
    """The number of the last event before that time, or one that stands for it: numbers grow with time, so the range is
    halved until it is found."""
    items = newest(api, 1)
    low, high = 0, items[0]["id"] if items else 0
    while low < high:
        middle = (low + high) // 2
        [first] = api.get("events", since=middle, limit=1)["items"]
        if sheet.instant(first["time"]) < when:
            low = first["id"]
        else:
            high = middle
    return low


def number(api: Api, since: Since) -> int | None:
    """After which event a stream begins: without `since` after the newest; None where the store cannot tell."""
    if isinstance(since, datetime):
        return before(api, since)
    if since is not None:
        return since
    try:
        items = newest(api, 1)
    except ApiError as error:
        if error.code != "unavailable":
            raise
        return None
    return int(items[0]["id"]) if items else 0
