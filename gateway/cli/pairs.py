"""Replies in files: two bodies, or the pairs that a shadow recorded.

It decides what a file holds. How replies are compared is the core's.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from gateway.core.copies import Observation
from gateway.errors import GatewayError

LARGEST = 16 << 20
"""Bytes of a body; no larger one is compared."""
LONGEST = 8 * LARGEST
"""Bytes of a line of recorded pairs: two bodies and a request, as JSON writes them."""

_STREAM = ((b"content-type", b"text/event-stream"),)


class Pair(NamedTuple):
    """Two replies to one request."""

    request_id: str
    live: Observation
    shadow: Observation


def bodies(left: Path, right: Path) -> Pair:
    """Two files, each the body of a reply."""
    return Pair("", _reply_of(left), _reply_of(right))


def _reply_of(file: Path) -> Observation:
    with _opened(file) as stream:
        body = stream.read(LARGEST + 1)
    is_stream = body.lstrip(b"\xef\xbb\xbf\r\n").startswith((b"data:", b"event:"))
    return Observation(200, _STREAM if is_stream else (), body, 0.0)


def recorded(file: Path) -> Iterator[Pair]:
    """The pairs of a file: JSON lines as `record` writes them, or one JSON document with `items`, as the admin API
    answers."""
    with _opened(file) as stream:
        for number, line in enumerate(iter(lambda: stream.readline(LONGEST + 1), b""), 1):
            where = f"{file}:{number}"
            document = _document(line, where)
            if document is None and number == 1:
                yield from _pairs(_document(line + stream.read(LONGEST), where), where)
            elif line.strip():
                yield from _pairs(document, where)


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    try:
        with file.open("rb") as stream:
            yield stream
    except OSError as error:
        raise GatewayError(f"cannot read {file}: {error.strerror}") from None


def _document(text: bytes, where: str) -> Any:
    """The JSON of a text, None where it is none."""
    if len(text) > LONGEST:
        raise GatewayError(f"{where}: more than {LONGEST:,} bytes; one pair on each line is due")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _pairs(document: Any, where: str) -> Iterator[Pair]:
    items = document.get("items") if isinstance(document, dict) else None
    for each in items if isinstance(items, list) else [document]:
        try:
            yield Pair(str(each["request_id"]), _observation(each["live"]), _observation(each["shadow"]))
        except (TypeError, KeyError, ValueError, AttributeError):
            due = "live and shadow, each with status, headers and body or body_base64, and request_id"
            raise GatewayError(f"{where}: not a recorded pair: JSON with {due} is due") from None


def _observation(reply: Any) -> Observation:
    is_text = reply["body"] is not None
    body = reply["body"].encode() if is_text else base64.b64decode(reply["body_base64"], validate=True)
    fields = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in reply["headers"])
    # A body that is kept as text is kept without its coding.
    kept = tuple(field for field in fields if not (is_text and field[0].lower() == b"content-encoding"))
    return Observation(int(reply["status"]), kept, body, float(reply.get("seconds", 0)))
