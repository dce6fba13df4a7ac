"""Events as they happen: the admin API's stream, read line by line, and begun again where it was lost."""

import json
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException, HTTPResponse

from gateway.cli.api import Api, ApiError, Document

SILENCE = 45.0
"""Seconds without a line after which the connection is taken for dead; the other side writes every 15."""
PAUSE = 2.0
"""Seconds before it is begun again."""


def follow(api: Api, since: int | None, *, lost: Callable[[str], None]) -> Iterator[Document]:
    """Each event after `since` (without it from now on), for good. `lost` is told when the stream breaks. ApiError
    where the first try fails, or a later one is refused."""
    began = False
    while True:
        try:
            for event in _stream(api, since):
                began = True
                if event:
                    since = event["id"]
                    yield event
        except ApiError as error:
            if not began or error.status not in {0, 502, 503, 504}:
                raise
            lost(str(error))
        else:
            lost("the gateway ended the stream")
        time.sleep(PAUSE)


def _stream(api: Api, since: int | None) -> Iterator[Document]:
    """The events of one connection; an empty document for every sign of life."""
    connection = api.connect(within=SILENCE)
    try:
        fields = {**api.fields(), "Accept": "text/event-stream"}
        connection.request("GET", api.target("events", since=since), headers=fields)
        response = connection.getresponse()
        if response.headers.get_content_type() != "text/event-stream":
            api.check(response, response.read(1 << 20))
        yield from _events(response)
    except (OSError, HTTPException, ValueError) as error:
        raise api.broken(error) from None
    finally:
        connection.close()


def _events(response: HTTPResponse) -> Iterator[Document]:
    yield {}
    for line in response:
        text = line.decode(errors="replace").rstrip("\r\n")
        yield json.loads(text[5:]) if text.startswith("data:") else {}
