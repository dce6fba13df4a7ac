"""A sample request in a file, for `gateway switch --probe`: a body, or a whole request as HTTP writes it.

It decides how such a file is read. It must not know what the sample is sent to.
"""

import base64
import re
from pathlib import Path

from gateway.cli.api import Document
from gateway.errors import GatewayError

LARGEST = 512 << 10
"""Bytes of the file."""

_REQUEST = re.compile(rb"([A-Z]{3,20}) (/[\x21-\x7e]*)(?: HTTP/1\.[01])?[ \t]*\r?\n")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e\t]*?)[ \t]*\r?\n")
_BLANK = re.compile(rb"\r?\n")


def read(file: Path, route: str) -> Document:
    """The sample as the admin API takes it. A file that begins with a request line is a whole request; any other is
    the body of a POST to the route's own path."""
    data = _content(file)
    line = _REQUEST.match(data)
    if line is None:
        return _sample(route, data, {"method": "POST", "headers": {}})
    headers, body = _headers(file, data, line.end())
    return _sample(route, body, {"method": line[1].decode(), "path": line[2].decode(), "headers": headers})


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise GatewayError(f"cannot read {file}: {error.strerror}") from None
    if len(data) > LARGEST:
        raise GatewayError(f"{file} is too large for a sample: at most {LARGEST >> 10} KiB are due")
    return data


def _headers(file: Path, data: bytes, at: int) -> tuple[dict[str, str], bytes]:
    headers: dict[str, str] = {}
    while at < len(data):
        end = _BLANK.match(data, at)
        if end:
            return headers, data[end.end() :]
        found = _FIELD.match(data, at)
        if found is None:
            number = data.count(b"\n", 0, at) + 1
            raise GatewayError(f"{file}:{number}: NAME: VALUE is due, or a blank line before the body")
        headers[found[1].decode()] = found[2].decode()
        at = found.end()
    return headers, b""


def _sample(route: str, body: bytes, sample: Document) -> Document:
    """Bodies that are no text are sent in base64."""
    sample["route"] = route
    try:
        sample["body"] = body.decode()
    except UnicodeDecodeError:
        sample["body_base64"] = base64.b64encode(body).decode()
    return sample
