"""Requests that a client sends ahead of their turn: read in small parts, all answered in order, others in between."""

import asyncio
from dataclasses import dataclass

import pytest

from gateway.errors import Refusal
from gateway.wire.outbox import Outbox
from gateway.wire.request import Request
from gateway.wire.server import ServerConnection
from gateway.wire.service import Service

MANY = 3000
QUEUED = 16
TURN = 32
HEADS = [b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(MANY)]
WANTED = [b"/%d" % number for number in range(MANY)]


@dataclass(frozen=True)
class Limits:
    """Those of a listener."""

    header: int = 1000
    body: int = 1000
    header_timeout: float = 10.0
    body_idle: float = 10.0
    keepalive: float = 10.0


class Model:
    """Answers at once, or when it is told."""

    def __init__(self, *, at_once: bool) -> None:
        self.seen: list[bytes] = []
        self.asked: list[Request] = []
        self._at_once = at_once

    def handle(self, request: Request) -> None:
        self.seen.append(request.path)
        self.asked.append(request)
        if self._at_once:
            self.answer()

    def answer(self) -> None:
        self.asked.pop().connection.answer([b"HTTP/1.1 204 No Content\r\n\r\n"])

    def refuse(self, request: Request, refusal: Refusal) -> None:
        raise AssertionError(refusal)


class Line(asyncio.Transport):
    """What is written goes nowhere."""

    is_read = True

    def is_closing(self) -> bool:
        return False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def pause_reading(self) -> None:
        self.is_read = False

    def resume_reading(self) -> None:
        self.is_read = True


def connected(model: Model, limits: Limits = Limits()) -> tuple[ServerConnection, Line]:
    loop = asyncio.get_running_loop()
    connection = ServerConnection(Service(model, limits, loop.time, Outbox(loop)), "127.0.0.1", False)
    line = Line()
    connection.connection_made(line)
    return connection, line


async def test_those_that_wait_are_few_whatever_was_sent() -> None:
    model = Model(at_once=False)
    connection, line = connected(model)
    connection.data_received(b"".join(HEADS))
    assert not line.is_read
    for number in range(MANY):
        assert model.seen == WANTED[: number + 1]
        assert len(connection.queue) <= QUEUED
        model.answer()
    assert line.is_read
    assert connection.intake.is_resting


async def test_others_have_their_turn_in_between() -> None:
    model = Model(at_once=True)
    connection, _ = connected(model)
    connection.data_received(b"".join(HEADS))
    turns = [len(model.seen)]
    while turns[-1] < MANY:
        await asyncio.sleep(0)
        turns.append(len(model.seen))
        assert turns[-1] - turns[-2] == min(TURN, MANY - turns[-2])
    assert turns[0] == TURN
    assert model.seen == WANTED


@pytest.mark.parametrize("size", [1, 7, 30, 31, 1000])
async def test_however_they_are_cut(size: int) -> None:
    model = Model(at_once=False)
    connection, _ = connected(model)
    data = b"".join(HEADS[:200])
    for at in range(0, len(data), size):
        connection.data_received(data[at : at + size])
    for number in range(200):
        assert model.seen == WANTED[: number + 1]
        model.answer()


async def test_what_follows_an_upgrade_waits_for_it_all_the_same() -> None:
    model = Model(at_once=False)
    connection, _ = connected(model)
    upgrade = b"GET /up HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
    connection.data_received(b"".join([*HEADS[:50], upgrade, *HEADS[50:100]]))
    for _ in range(50):
        model.answer()
    assert model.seen == [*WANTED[:50], b"/up"]
    assert connection.queue == []
    for _ in range(50):
        model.answer()
    assert model.seen == [*WANTED[:50], b"/up", *WANTED[50:100]]


async def test_what_is_malformed_behind_them_comes_last() -> None:
    model = Model(at_once=False)
    connection, _ = connected(model)
    connection.data_received(b"".join([*HEADS[:50], b"no request\r\n\r\n", *HEADS[50:]]))
    for _ in range(49):
        model.answer()
    with pytest.raises(AssertionError, match="Refusal"):
        model.answer()
    assert model.seen == WANTED[:50]


async def test_a_parser_is_held_only_for_what_came_in_parts() -> None:
    """It is a third of what an idle connection takes, and most clients send their requests whole."""
    model = Model(at_once=True)
    connection, _ = connected(model)
    whole = b"POST /0 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    connection.data_received(whole)
    assert connection.intake.parser is None
    connection.data_received(whole[:30])
    assert connection.intake.parser is not None
    connection.data_received(whole[30:])
    assert connection.intake.parser is None
    assert model.seen == [b"/0"] * 2
