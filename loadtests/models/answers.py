"""What a model that is well answers: an Open Inference reply, a chat completion, or what it was sent. Pure.

Each answer names the model, and repeats the request id, so that a caller can tell that it is his own answer.
"""

import json
from typing import NamedTuple

WORDS = 8
"""Of a chat stream."""
PAUSE = 0.02
"""Seconds between two of them."""


class Asked(NamedTuple):
    """What is known of a request."""

    path: bytes
    request_id: str
    size: int
    sum: int
    """CRC-32 of its body."""
    streams: bool
    """Whether it wants a chat stream."""


def head(status: str, length: int, *more: str, kind: str = "application/json") -> bytes:
    """Of a reply with a length."""
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", f"content-length: {length}", *more]
    return "\r\n".join([*lines, "", ""]).encode()


def body(name: str, asked: Asked) -> bytes:
    """What it says."""
    said: dict[str, object]
    if asked.path.endswith(b"/infer"):
        output = {"name": "score", "shape": [1], "datatype": "FP64", "data": [0.5]}
        said = {"model_name": name, "id": asked.request_id, "outputs": [output]}
    elif asked.path.endswith(b"/chat/completions"):
        message = {"role": "assistant", "content": asked.request_id}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        said = {"id": asked.request_id, "object": "chat.completion", "model": name, "choices": [choice]}
    else:
        said = {"model": name, "id": asked.request_id, "size": asked.size, "sum": asked.sum}
    return json.dumps(said, separators=(",", ":")).encode()


STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def events(name: str, asked: Asked) -> list[bytes]:
    """A chat stream, one chunk for each event; the last ends it."""
    words = [_chunk(_event(name, asked, number)) for number in range(WORDS)]
    return [*words, _chunk(b"data: [DONE]\n\n") + _chunk(b"")]


def _event(name: str, asked: Asked, number: int) -> bytes:
    choice = {"index": 0, "delta": {"content": f"{asked.request_id}/{number} "}, "finish_reason": None}
    said = {"id": asked.request_id, "object": "chat.completion.chunk", "model": name, "choices": [choice]}
    return b"data: %b\n\n" % json.dumps(said, separators=(",", ":")).encode()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
