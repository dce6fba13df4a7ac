"""A small chat-completions server: it says back what it was told, whole or as an event stream, word by word."""

import asyncio
import json
from typing import Any

from aiohttp import web

SEEN: web.AppKey[list[dict[str, Any]]] = web.AppKey("seen")
"""Every request's body with its authorization, in the order they came."""
CUT: web.AppKey[list[int]] = web.AppKey("cut")
"""How many words each stream had sent when its reader went away."""


def chat(name: str, *, pause: float = 0.0) -> web.Application:
    """An application that calls itself `name`; `pause` seconds lie between two words of a stream."""
    app = web.Application()
    app[SEEN], app[CUT] = [], []

    async def complete(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        request.app[SEEN].append({**body, "authorization": request.headers.get("authorization")})
        words = f"{name} heard: {body['messages'][-1]['content']}".split()
        if "fail" in words:
            error = {"message": "the model is tired", "type": "rate_limit", "code": "tired", "param": None}
            return web.json_response({"error": error}, status=429, headers={"retry-after": "0"})
        if body.get("stream"):
            return await stream(request, body["model"], words=words, pause=pause)
        message = {"role": "assistant", "content": " ".join(words)}
        return web.json_response(completion(body["model"], message=message))

    app.router.add_post("/v1/chat/completions", complete)
    return app


def completion(model: str, **choice: Any) -> dict[str, Any]:
    """One object of the protocol, whole or one event of a stream."""
    kind = "chat.completion.chunk" if "delta" in choice else "chat.completion"
    usage = {} if "delta" in choice else {"usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}
    whole = {"index": 0, "finish_reason": None if "delta" in choice else "stop", **choice}
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": model, "choices": [whole], **usage}


async def stream(request: web.Request, model: str, *, words: list[str], pause: float) -> web.StreamResponse:
    """A role, the words, a reason to end, and `[DONE]`."""
    answer = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await answer.prepare(request)
    sent = 0
    try:
        await send(answer, completion(model, delta={"role": "assistant", "content": ""}))
        for word in words:
            await send(answer, completion(model, delta={"content": f"{word} "}))
            sent += 1
            await asyncio.sleep(pause)
        await send(answer, completion(model, delta={}, finish_reason="stop"))
        await answer.write(b"data: [DONE]\n\n")
    except (asyncio.CancelledError, ConnectionError):
        request.app[CUT].append(sent)
        raise
    return answer


async def send(answer: web.StreamResponse, event: dict[str, Any]) -> None:
    """One event."""
    await answer.write(b"data: " + json.dumps(event).encode() + b"\n\n")
