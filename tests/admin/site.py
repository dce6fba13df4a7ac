"""The admin side on a real socket, as tests hold it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from gateway.admin.app import application
from gateway.admin.tokens import Bearer, digest
from gateway.config.settings import Role
from gateway.links.board import Board
from tests.admin.memory import START, Memory

Client = TestClient[web.Request, web.Application]
Opener = Callable[[TestServer], Awaitable[Client]]

ROLES: tuple[Role, ...] = ("viewer", "operator", "admin")
TOKENS = {role: f"{role}-0123456789abcdef" for role in ROLES}


@dataclass
class Site:
    """The admin side and what stands behind it; change it between calls."""

    client: Client
    memory: Memory
    board: Board
    tokens: list[Bearer]
    reported: list[tuple[str, Exception]] = field(default_factory=list)

    async def ask(self, method: str, path: str, *, role: Role = "admin", **more: Any) -> ClientResponse:
        """One call of the API, with the token of that role."""
        headers = {"Authorization": f"Bearer {TOKENS[role]}"} | more.pop("headers", {})
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **more)

    async def put(self, text: bytes | BytesIO, **fields: str) -> ClientResponse:
        """Puts a configuration in force."""
        return await self.ask("PUT", "/config", data=text, headers={"Content-Type": "application/yaml"} | fields)


def bearers() -> list[Bearer]:
    """One of each role, named as it."""
    return [Bearer(role, role, digest(token)) for role, token in TOKENS.items()]


async def open_site(opener: Opener, memory: Memory, board: Board, tokens: list[Bearer]) -> Site:
    reported: list[tuple[str, Exception]] = []
    app = application(
        memory,
        board,
        tokens=lambda: tokens,
        report=lambda where, error: reported.append((where, error)),
        now=lambda: START,
    )
    server = TestServer(app)
    await server.start_server(access_log=None)
    return Site(await opener(server), memory, board, tokens, reported)
