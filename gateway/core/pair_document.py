"""A pair of replies that was compared, in the form in which it is kept, recorded and shown: JSON, bodies as text where
they are text.

It decides names and forms. It must not know where it goes. Secrets were left out before.
"""

import base64
from datetime import UTC, datetime

from gateway.core.copies import Asked, Fields, Observation
from gateway.core.judgement import Difference
from gateway.core.reading import decoded
from gateway.core.tally import Mismatch

Document = dict[str, object]

_LARGEST = 16 << 20
"""Bytes that a compressed body is unpacked to at most."""


def document(pair: Mismatch) -> Document:
    """All of it."""
    return {
        "request_id": pair.request_id,
        "time": datetime.fromtimestamp(pair.time, UTC).isoformat(),
        "revision": pair.revision,
        "request": _request(pair.asked),
        "live": _reply(pair.live, pair.live_variant, pair.live_version),
        "shadow": _reply(pair.shadow, pair.shadow_variant, pair.shadow_version),
        "differences": [_difference(each) for each in pair.differences],
    }


def _request(asked: Asked) -> Document:
    return {
        "method": asked.method.decode("latin-1"),
        "path": asked.path.decode("latin-1"),
        "query": asked.query.decode("latin-1"),
        "headers": _headers(asked.fields),
        **_body(asked.body, asked.fields),
    }


def _reply(observed: Observation, variant: str, version: str) -> Document:
    return {
        "variant": variant,
        "version": version,
        "status": observed.status,
        "seconds": observed.seconds,
        "headers": _headers(observed.fields),
        **_body(observed.body, observed.fields),
    }


def _headers(fields: Fields) -> list[list[str]]:
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in fields]


def _body(body: bytes, fields: Fields) -> Document:
    """As text without its coding where it is text, else as it came."""
    coding = b",".join(value for name, value in fields if name.lower() == b"content-encoding").strip().lower()
    plain = decoded(body, coding, _LARGEST)
    try:
        return {"body": (body if plain is None else plain).decode(), "body_base64": None}
    except UnicodeDecodeError:
        return {"body": None, "body_base64": base64.b64encode(body).decode()}


def _difference(difference: Difference) -> Document:
    """Half of a surrogate pair, which JSON texts may name, has no place in an answer."""
    return {name: value.encode(errors="replace").decode() for name, value in difference._asdict().items()}
