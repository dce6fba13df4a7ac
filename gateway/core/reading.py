"""Looking into a body, where a rule, a key, `model` or the protocol asks for it: its text, decoded within a bound."""

import zlib

import orjson

from gateway.core.bodies import json_part
from gateway.core.model import Protocol

_CODINGS = {b"": 0, b"identity": 0, b"gzip": 31, b"x-gzip": 31, b"deflate": 15}
"""Content coding to what zlib calls it; 0 is none at all."""


def readable(body: bytes, first: dict[bytes, bytes], protocol: Protocol, limit: int) -> bytes | None:
    """The JSON text of a body, decoded; None where it has none that may be read: another coding, or above `limit`."""
    text = decoded(body, first.get(b"content-encoding", b"").strip().lower(), limit)
    if text is None or protocol != "oip":
        return text
    return json_part(text, first)


def decoded(body: bytes, coding: bytes, limit: int) -> bytes | None:
    """The body without its content coding, or None where that is not known, not true, or gives more than `limit`."""
    window = _CODINGS.get(coding)
    if window is None or len(body) > limit:
        return None
    if window == 0:
        return body
    text = _inflate(body, window, limit)
    return _inflate(body, -15, limit) if text is None and coding == b"deflate" else text


def _inflate(body: bytes, window: int, limit: int) -> bytes | None:
    machine = zlib.decompressobj(window)
    try:
        text = machine.decompress(body, limit + 1)
    except zlib.error:
        return None
    return text if machine.eof and len(text) <= limit else None


def wants_stream(text: bytes | None) -> bool:
    """Whether an openai body asks for a stream."""
    if text is None:
        return False
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return isinstance(body, dict) and body.get("stream") is True
