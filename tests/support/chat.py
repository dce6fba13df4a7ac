"""A small chat-completions server: it says back what it was told, whole or as an event stream, word by word."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

SEEN: web.AppKey[list[dict[str, Any]]] = web.AppKey("seen")
"""Every request's body with its authorization, in the order they came."""
CUT: web.AppKey[list[int]] = web.AppKey("cut")
"""How many words each stream had sent when its reader went away."""
FAULT: web.AppKey[list[str]] = web.AppKey("fault")
"""What the streams to come do: nothing else, or the first word of the list: `500` before the head, an `error` as the
first event, a `cut` connection or a `stall` after three words, an end without `[DONE]` (`open`)."""
FAULT_AFTER = 3
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


def chat(name: str, *, pause: float = 0.0) -> web.Application:
    """An application that calls itself `name`; `pause` seconds lie between two words of a stream."""
    app = web.Application()
    app[SEEN], app[CUT], app[FAULT] = [], [], []

    async def complete(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        request.app[SEEN].append({**body, "authorization": request.headers.get("authorization")})
        words = f"{name} heard: {body['messages'][-1]['content']}".split()
        if "fail" in words:
            error = {"message": "the model is tired", "type": "rate_limit", "code": "tired", "param": None}
            return web.json_response({"error": error}, status=429, headers={"retry-after": "0"})
        fault = "".join(app[FAULT])
        if fault == "500":
            return web.json_response({"error": {"message": "out of memory", "code": "oom"}}, status=500)
        if body.get("stream"):
            has_usage = (body.get("stream_options") or {}).get("include_usage", False)
            said = Saying(words, pause, fault, USAGE if has_usage else None)
            return await stream(request, body["model"], said)
        message = {"role": "assistant", "content": " ".join(words)}
        return web.json_response(completion(body["model"], message=message))

    app.router.add_post("/v1/chat/completions", complete)
    return app


def completion(model: str, **choice: Any) -> dict[str, Any]:
    """One object of the protocol, whole or one event of a stream."""
    kind = "chat.completion.chunk" if "delta" in choice else "chat.completion"
    usage = {} if "delta" in choice else {"usage": USAGE}
    whole = {"index": 0, "finish_reason": None if "delta" in choice else "stop", **choice}
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": model, "choices": [whole], **usage}


@dataclass(frozen=True)
class Saying:
    """What a stream says, and how."""

    words: list[str]
    pause: float
    fault: str
    usage: dict[str, int] | None


async def stream(request: web.Request, model: str, said: Saying) -> web.StreamResponse:
    """A role, the words, a reason to end, the usage if it is wanted, and `[DONE]`."""
    answer = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await answer.prepare(request)
    sent = 0
    try:
        await send(answer, completion(model, delta={"role": "assistant", "content": ""}))
        if said.fault == "error":
            await send(answer, {"error": {"message": "out of memory", "code": "oom"}})
            return answer
        for word in said.words:
            if sent == FAULT_AFTER:
                await _break(request, said.fault)
            await send(answer, completion(model, delta={"content": f"{word} "}))
            sent += 1
            await asyncio.sleep(said.pause)
        await send(answer, completion(model, delta={}, finish_reason="stop"))
        if said.usage is not None:
            await send(answer, {**completion(model, delta={}), "choices": [], "usage": said.usage})
        if said.fault != "open":
            await answer.write(b"data: [DONE]\n\n")
    except (asyncio.CancelledError, ConnectionError):
        request.app[CUT].append(sent)
        raise
    return answer


async def _break(request: web.Request, fault: str) -> None:
    if fault == "stall":
        await asyncio.sleep(60)
    if fault == "cut" and request.transport is not None:
        request.transport.abort()
        raise asyncio.CancelledError


async def send(answer: web.StreamResponse, event: dict[str, Any]) -> None:
    """One event."""
    await answer.write(b"data: " + json.dumps(event).encode() + b"\n\n")
