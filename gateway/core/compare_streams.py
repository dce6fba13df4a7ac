"""Event streams of openai answers, put together: what would have come as one JSON answer.

Texts of the same choice are joined, tool calls by their index, lists appended; of anything else the last value counts.
"""

from collections.abc import Iterator
from typing import Any

from gateway.core.compare_limits import measure
from gateway.core.compare_reading import NOT_JSON, parsed

_ONCE = {"id", "index", "role", "type"}
"""Texts that come whole; all others come in pieces."""


class _Pieces(list[str]):
    """A text that is still coming."""


class _Numbered(dict[int, dict[str, Any]]):
    """Items of a list that come in pieces, by index."""


def assembled(body: bytes) -> Any:
    """The answer that a stream makes, or NOT_JSON. One that has no choices is that of the Responses API, whose last
    event with a `response` holds all of it; else the list of its events."""
    events: list[Any] = []
    for data in _events(body):
        event = parsed(data)
        if not isinstance(event, dict):
            return NOT_JSON
        measure(event)
        events.append(event)
    if any(isinstance(event.get("choices"), list) for event in events):
        return _completion(events)
    responses = [event["response"] for event in events if isinstance(event.get("response"), dict)]
    if responses:
        return responses[-1]
    return events or NOT_JSON


def _events(body: bytes) -> Iterator[bytes]:
    """The data of each event; comments, and the mark that ends a stream, are none."""
    lines = body.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    data: list[bytes] = []
    for line in (*lines, b""):
        if line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
        elif not line and data:
            whole = b"\n".join(data)
            data.clear()
            if whole.strip() != b"[DONE]":
                yield whole


def _completion(events: list[dict[str, Any]]) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    choices = _Numbered()
    for event in events:
        answer |= {name: value for name, value in event.items() if name != "choices" and value is not None}
        listed = event.get("choices")
        for choice in listed if isinstance(listed, list) else ():
            if isinstance(choice, dict):
                _add_choice(choices.setdefault(_index(choice), {}), choice)
    if isinstance(answer.get("object"), str):
        answer["object"] = answer["object"].removesuffix(".chunk")
    return answer | {"choices": [_whole(choice) | {"index": index} for index, choice in sorted(choices.items())]}


def _add_choice(choice: dict[str, Any], event: dict[str, Any]) -> None:
    for name, value in event.items():
        if name == "delta" and isinstance(value, dict):
            _merge(choice, {"message": value})
        elif name in {"text", "logprobs"}:
            _merge(choice, {name: value})
        elif value is not None:
            choice[name] = value


def _merge(into: dict[str, Any], delta: dict[str, Any]) -> None:
    for name, value in delta.items():
        before = into.get(name)
        if isinstance(value, str) and name not in _ONCE:
            into[name] = before if isinstance(before, _Pieces) else _Pieces()
            into[name].append(value)
        elif isinstance(value, dict):
            into[name] = before if type(before) is dict else {}
            _merge(into[name], value)
        elif isinstance(value, list):
            into[name] = _longer(before, value)
        elif value not in {None, ""}:
            into[name] = value


def _longer(before: Any, items: list[Any]) -> Any:
    """A list with what an event adds to it."""
    if not items or not all(isinstance(item, dict) and type(item.get("index")) is int for item in items):
        longer = before if type(before) is list else []
        longer += items
        return longer
    numbered = before if isinstance(before, _Numbered) else _Numbered()
    for item in items:
        _merge(numbered.setdefault(item["index"], {}), item)
    return numbered


def _index(choice: dict[str, Any]) -> int:
    index = choice.get("index")
    return index if type(index) is int else 0


def _whole(value: Any) -> Any:
    """Pieces joined, numbered items as a list."""
    if isinstance(value, _Pieces):
        return "".join(value)
    if isinstance(value, _Numbered):
        return [
            _whole({name: each for name, each in item.items() if name != "index"}) for _, item in sorted(value.items())
        ]
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    return value
