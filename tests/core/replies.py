"""Replies to compare, and what was found of them in few words."""

import json
from collections.abc import Mapping
from typing import Any

from gateway.core.compare import Rules, judge, rules
from gateway.core.copies import Observation
from gateway.core.judgement import Judgement
from gateway.core.model import Compare, Protocol

NAMES = {"rel": "relative", "abs": "absolute"}
SWAPPED = {"missing": "extra", "extra": "missing"}


def made(settings: Mapping[str, Any], protocol: Protocol = "http") -> Rules:
    """Rules as a configuration has them: `rel` and `abs` for the bounds of numbers."""
    return rules(Compare(**{NAMES.get(name, name): value for name, value in settings.items()}), protocol)


def reply(body: Any, status: int = 200, **headers: str) -> Observation:
    """A reply; what is not bytes goes as JSON, `content_type` stands for content-type."""
    fields = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())
    return Observation(status, fields, body if isinstance(body, bytes) else json.dumps(body).encode(), 0.01)


def said(judgement: Judgement) -> list[str]:
    """Each difference as KIND PATH, in order; or why there is no verdict."""
    if judgement.outcome == "ignored":
        return [f"ignored {judgement.why}"]
    assert (judgement.outcome == "matched") is (not judgement.differences)
    return [f"{each.kind} {each.path}" for each in judgement.differences]


def found(live: Any, shadow: Any, protocol: Protocol = "http", /, **settings: Any) -> list[str]:
    """What comparing two bodies finds."""
    return said(judge(made(settings, protocol), reply(live), reply(shadow)))


def swapped(words: list[str]) -> list[str]:
    """The same, had the two replies changed places."""
    kinds = [word.partition(" ") for word in words]
    return [f"{SWAPPED.get(kind, kind)} {path}" for kind, _, path in kinds]


def choice(content: Any = "hi", /, index: Any = 0, finish: Any = "stop", **message: Any) -> dict[str, Any]:
    """One choice of a chat completion."""
    return {"index": index, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}


def chat(*choices: Any, **more: Any) -> dict[str, Any]:
    """A chat completion."""
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": choices, **more}


def call(arguments: Any, name: str = "weather", number: str = "call_1") -> dict[str, Any]:
    """A tool call of one."""
    return {"id": number, "type": "function", "function": {"name": name, "arguments": arguments}}
