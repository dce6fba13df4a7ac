"""What a reply holds: its body decoded, and JSON read as servers really write it, within the bounds. It compares
nothing.
"""

import json
import re
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from gateway.core.compare_limits import LARGEST_TEXT, IncomparableError
from gateway.core.copies import Observation
from gateway.core.reading import decoded

NOT_JSON: Final = object()
"""In the place of a value, where a text is no JSON."""

_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_LONG = b"0" * 19
_LONG_INTEGER = re.compile(rb"[\s,:\[](?:[0-9]{20}|-[0-9]{19})")


class Media(NamedTuple):
    """A content type: its name and charset, both in lower case, empty where they are not given."""

    name: str
    charset: str


def first_fields(observation: Observation) -> dict[bytes, bytes]:
    """The fields by lower-case name, the first of each."""
    fields: dict[bytes, bytes] = {}
    for name, value in observation.fields:
        fields.setdefault(name.lower(), value)
    return fields


@lru_cache(maxsize=64)
def media(content_type: bytes) -> Media:
    """A content type by its field's value."""
    name, _, parameters = content_type.decode("latin-1").lower().partition(";")
    charset = ""
    for parameter in parameters.split(";"):
        key, _, value = parameter.partition("=")
        if key.strip() == "charset":
            charset = value.strip().strip('"')
    return Media(name.strip(), charset)


def text(body: bytes, fields: dict[bytes, bytes]) -> bytes:
    """The body without its content coding; IncomparableError where that cannot be had."""
    coding = fields.get(b"content-encoding", b"").strip().lower()
    if not coding and len(body) > LARGEST_TEXT:
        raise IncomparableError("large_text")
    found = decoded(body, coding, LARGEST_TEXT)
    if found is None:
        raise IncomparableError("coding")
    return found


def parsed(text: bytes) -> Any:
    """The JSON value of a text, or NOT_JSON. Of a repeated key the last counts, as nearly everywhere. NaN, infinities,
    half surrogates and a byte order mark are read too: strict JSON has none of them, servers do."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _parsed_leniently(text)
    return _parsed_leniently(text) if _has_long_integer(text) else value


def _has_long_integer(text: bytes) -> bool:
    """Whether 64 bits may not hold a number: it was read as floating point then."""
    return _LONG in text.translate(_DIGITS) and _LONG_INTEGER.search(b" " + text) is not None


def _parsed_leniently(text: bytes) -> Any:
    try:
        return json.loads(text.decode("utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError):
        return NOT_JSON
    except RecursionError:
        raise IncomparableError("too_deep") from None
    except ValueError:
        # Python reads no integer of more digits, as that takes time that grows with their square.
        raise IncomparableError("long_number") from None
