"""Bodies and paths of model requests: which bytes are JSON, and how a model's name is written into them.

Nothing but the name changes: every other byte stays, so that numbers, order and repeated keys survive. Knows no
route, and decodes nothing that is compressed.
"""

import json
import re
from typing import NoReturn

Span = tuple[int, int]

BINARY_LENGTH = b"inference-header-content-length"
"""The field that says how much of a body is JSON, where binary tensors follow."""

_OPEN = re.compile(r'[ \t\n\r]*\{[ \t\n\r]*(?="|\}[ \t\n\r]*\Z)')
_COLON = re.compile(r"[ \t\n\r]*:[ \t\n\r]*")
_NEXT = re.compile(r'[ \t\n\r]*(?:,[ \t\n\r]*(?=")|\}[ \t\n\r]*\Z)')
_MODEL_PATH = re.compile(rb"(^|/)v2/models/[^/]+")
_UNESCAPED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_MOST_MEMBERS = 1000


def _refuse(what: str) -> NoReturn:
    raise ValueError(f"not JSON: {what}")


# Numbers are stepped over, not read: their size must not matter.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse)


def json_part(body: bytes, headers: dict[bytes, bytes]) -> bytes | None:
    """The JSON of an Open Inference request: its first `Inference-Header-Content-Length` bytes, all where that field
    is absent, None where it is no length within the body."""
    length = headers.get(BINARY_LENGTH)
    if length is None:
        return body
    if not length.isdigit() or len(length) > 18 or int(length) > len(body):
        return None
    return body[: int(length)]


def write_model(body: bytes, model: str) -> bytes | None:
    """A JSON object with `model` as its top-level member of that name: written over wherever one stood, put first where
    none did. None when the body is no JSON object, or one of more than 1,000 members."""
    try:
        text = body.decode()
        begin, spans = _model_spans(text)
    except (ValueError, RecursionError):
        return None
    value = json.dumps(model, ensure_ascii=False)
    if not spans:
        comma = "" if text.startswith("}", begin) else ", "
        return f'{text[:begin]}"model": {value}{comma}{text[begin:]}'.encode()
    ends = [0, *(end for _, end in spans)]
    kept = [text[end:start] for end, (start, _) in zip(ends, spans, strict=False)]
    return value.join([*kept, text[ends[-1] :]]).encode()


def _model_spans(text: str) -> tuple[int, list[Span]]:
    """Where the first member begins, and where each value of a top-level `model` begins and ends."""
    spans: list[Span] = []
    at = begin = _end(_OPEN, text, 0)
    for _ in range(_MOST_MEMBERS + 1):
        if not text.startswith('"', at):
            return begin, spans
        name, end = _DECODER.raw_decode(text, at)
        start = _end(_COLON, text, end)
        _, end = _DECODER.raw_decode(text, start)
        if name == "model":
            spans.append((start, end))
        at = _end(_NEXT, text, end)
    return _refuse("too many members")


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else _refuse(text[at : at + 1])


def write_model_path(path: bytes, model: str) -> bytes:
    """An Open Inference path with `model` as its model: `/v2/models/NAME`, whatever stands before and after."""
    name = b"".join(bytes([byte]) if byte in _UNESCAPED else b"%%%02X" % byte for byte in model.encode())
    return _MODEL_PATH.sub(lambda found: found[1] + b"v2/models/" + name, path, count=1)
