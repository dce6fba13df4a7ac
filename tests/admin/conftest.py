"""Fixtures of the admin side."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.links.board import Board
from tests.admin.memory import Memory
from tests.admin.site import Opener, Site, bearers, open_site


@pytest.fixture
def board() -> Iterator[Board]:
    descriptor = os.memfd_create("board")
    yield Board.create(descriptor, 1, names=4096, cells=512)
    os.close(descriptor)


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path)


@pytest.fixture
async def site(aiohttp_client: Opener, memory: Memory, board: Board) -> Site:
    """With three tokens."""
    return await open_site(aiohttp_client, memory, board, bearers())


@pytest.fixture
async def open_to_all(aiohttp_client: Opener, memory: Memory, board: Board) -> Site:
    """Without tokens."""
    return await open_site(aiohttp_client, memory, board, [])
