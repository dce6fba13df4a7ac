"""Many different requests over a few kept connections, and their answers in the same order."""

import asyncio
from collections.abc import Sequence

import uvloop

from tests.whole.callers import Answer, Line

LINES = 8


def ask_all(port: int, requests: Sequence[bytes]) -> list[Answer]:
    """Every request's answer; an error where one is not answered."""
    return uvloop.run(_ask_all(port, requests))


async def _ask_all(port: int, requests: Sequence[bytes]) -> list[Answer]:
    lines = [await Line.open(port) for _ in range(LINES)]
    shares = await asyncio.gather(*(_ask(line, requests[number::LINES]) for number, line in enumerate(lines)))
    return [shares[number % LINES][number // LINES] for number in range(len(requests))]


async def _ask(line: Line, requests: Sequence[bytes]) -> list[Answer]:
    answers = [await line.ask(each) for each in requests]
    line.close()
    return answers


def variants(port: int, users: Sequence[str], *, path: str = "/") -> dict[str, str]:
    """Who answers each user."""
    requests = [f"GET {path} HTTP/1.1\r\nHost: a\r\nx-user: {user}\r\n\r\n".encode() for user in users]
    answers = ask_all(port, requests)
    assert {each.status for each in answers} == {200}
    return {user: each.text(b"x-gateway-variant") for user, each in zip(users, answers, strict=True)}
