"""Streams of chat completions: what their events say. Knows server-sent events, no route and no clock.

Comments, an event with a role alone, and empty deltas come before a model has said anything.
"""

import orjson


def is_content(event: bytes) -> bool:
    """Whether an event says something."""
    lines = _lines(event)
    data = _data(lines)
    if not data:
        return any(not line.startswith((b"id:", b"retry:")) for line in lines)
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return True
    choices = value.get("choices") if isinstance(value, dict) else None
    if not isinstance(choices, list) or not choices:
        return True
    return any(not _is_silent(choice) for choice in choices)


def is_error(event: bytes) -> bool:
    """Whether an event says that there is no answer: a JSON object with `error`, and no choices."""
    data = _data(_lines(event))
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return isinstance(value, dict) and bool(value.get("error")) and not value.get("choices")


def _lines(event: bytes) -> list[bytes]:
    return [line for line in event.split(b"\n") if line and not line.startswith(b":")]


def _data(lines: list[bytes]) -> bytes:
    return b"\n".join(line[5:].strip() for line in lines if line.startswith(b"data:"))


def _is_silent(choice: object) -> bool:
    """A choice whose delta is empty, or a role alone, and which is not at its end."""
    if not isinstance(choice, dict) or choice.get("finish_reason") is not None:
        return False
    delta = choice.get("delta")
    return isinstance(delta, dict) and not any(value for name, value in delta.items() if name != "role")
