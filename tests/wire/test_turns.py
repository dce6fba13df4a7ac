"""What costs much takes turns: in its order, never lost, and nothing small behind it."""

import asyncio
import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.client import ClientConnection
from gateway.wire.fields import Field
from gateway.wire.outbox import Outbox
from gateway.wire.server import ServerConnection
from gateway.wire.service import Service
from gateway.wire.turns import LARGE, Turns
from gateway.wire.uptake import Uptake
from gateway.wire.whole import ReplyHead
from tests.wire.test_ahead import Limits, Line, Model

COST = 0.0009
"""Seconds that each of them takes here: three in a turn."""


class Clock:
    """Goes on by what is done."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Work:
    """What takes turns here: small numbers, noted as they are done."""

    turns: Turns
    clock: Clock
    done: list[int] = field(default_factory=list)

    def come(self, number: int, size: int = 1) -> None:
        if self.turns.is_over():
            self.turns.wait(lambda: self.do(number), size)
        else:
            self.do(number)

    def do(self, number: int) -> None:
        self.done.append(number)
        self.clock.now += COST


@pytest.fixture
async def work() -> Work:
    clock = Clock()
    return Work(Turns(asyncio.get_running_loop(), clock=clock, room=100), clock)


async def settle(work: Work, count: int) -> list[int]:
    """How many were done after each turn, until all were."""
    after = [len(work.done)]
    while after[-1] < count:
        await asyncio.sleep(0)
        after.append(len(work.done))
        assert len(after) < 10 * count
    return after


async def test_a_turn_has_time_for_some_and_the_next_ones_for_the_others(work: Work) -> None:
    for number in range(8):
        work.come(number)
    assert work.done == [0, 1, 2]
    assert await settle(work, 8) == [3, 6, 8]
    assert work.done == list(range(8))


async def test_who_comes_while_others_wait_waits_behind_them(work: Work) -> None:
    for number in range(5):
        work.come(number)
    await asyncio.sleep(0)
    work.clock.now += 1
    work.come(5)
    await settle(work, 6)
    assert work.done == list(range(6))


async def test_a_turn_in_which_nobody_comes_ends_it(work: Work) -> None:
    """The next one has all its time again, however late it is."""
    for number in range(3):
        work.clock.now += 5
        work.come(number)
        assert work.done == list(range(number + 1))
        await asyncio.sleep(0)


async def test_where_too_much_waits_the_rest_goes_on_at_once(work: Work) -> None:
    for number in range(6):
        work.come(number, size=50)
    assert work.done == [0, 1, 2, 5]
    await settle(work, 6)
    for number in range(6, 10):
        work.come(number, size=50)
    assert work.done[6:] == [6, 9]
    await settle(work, 10)


async def test_what_must_go_on_now_asks_for_no_turn(work: Work) -> None:
    for number in range(4):
        work.come(number)
    work.turns.at_once(lambda: work.come(9))
    assert work.done == [0, 1, 2, 9]
    await settle(work, 5)


def fail() -> None:
    raise LookupError


async def test_one_that_fails_stops_no_other(work: Work) -> None:
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
    for number in range(3):
        work.come(number)
    assert work.turns.is_over()
    work.turns.wait(fail, 0)
    work.come(4)
    await settle(work, 4)
    assert len(told) == 1
    await later()
    for number in range(5, 9):
        work.come(number)
    assert work.done == [0, 1, 2, 4, 5, 6, 7]
    await settle(work, 8)


# ---- connections whose turns are always over


class Leaping(Clock):
    """So much later whenever one looks that no turn has time for a second one."""

    def __call__(self) -> float:
        self.now += 1
        return self.now


def crowded() -> Turns:
    """Turns with somebody there before."""
    turns = Turns(asyncio.get_running_loop(), clock=Leaping())
    assert not turns.is_over()
    return turns


class Asker:
    """Who has asked a model: keeps what comes."""

    is_head = is_upgrade = False

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.body = b""
        self.ended = 0
        self.lost = ""
        connection.send(self, [b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"], whole=True, plain=True)

    def on_interim(self, status: int, reason: bytes, fields: list[Field]) -> None:
        raise AssertionError(status)

    def on_whole(self, head: ReplyHead, body: bytes) -> None:
        self.body += body
        self.ended += 1

    def on_reply(self, uptake: Uptake) -> None:
        self._connection.reader = self

    def on_reply_piece(self, data: bytes) -> None:
        self.body += data

    on_reply_body = on_reply_piece

    def on_reply_flush(self) -> None: ...

    def on_reply_end(self) -> None:
        self.ended += 1

    def on_reply_lost(self, why: str) -> None:
        self.lost = why

    def on_switch(self, tail: bytes) -> None:
        raise AssertionError(tail)

    def on_upstream_full(self) -> None: ...

    def on_upstream_ready(self) -> None: ...


class Home:
    """Where connections to models belong here."""

    def __init__(self) -> None:
        self.outbox = Outbox(asyncio.get_running_loop())
        self.outbox.turns = crowded()
        self.free_ones: list[ClientConnection] = []

    def free(self, connection: ClientConnection) -> None:
        self.free_ones.append(connection)

    def gone(self, connection: ClientConnection) -> None: ...


class Wire(Line):
    """The line to a model."""

    is_closed = False

    def writelines(self, parts: object) -> None: ...

    def is_closing(self) -> bool:
        return self.is_closed

    def abort(self) -> None:
        self.is_closed = True


def asked(home: Home) -> tuple[ClientConnection, Wire, Asker]:
    connection, wire = ClientConnection(home), Wire()
    connection.connection_made(wire)
    return connection, wire, Asker(connection)


def reply(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body


BODY = bytes(range(256)) * (3 * LARGE // 256)


async def later() -> None:
    """Some turns of the loop, more than anybody waits here."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_large_reply_waits_unread_and_then_comes_whole() -> None:
    home = Home()
    connection, wire, asker = asked(home)
    connection.data_received(reply(BODY))
    assert (asker.body, wire.is_read) == (b"", False)
    await later()
    assert (asker.body, asker.ended, wire.is_read) == (BODY, 1, True)
    assert home.free_ones == [connection]


async def test_a_small_reply_goes_past_large_ones() -> None:
    home = Home()
    large, _, patient = asked(home)
    small, _, quick = asked(home)
    large.data_received(reply(BODY))
    small.data_received(reply(b"hello"))
    assert (quick.body, patient.body) == (b"hello", b"")
    await later()
    assert patient.body == BODY


async def test_what_waits_while_the_client_is_slow_waits_until_it_has_caught_up() -> None:
    """And the connection is read again afterwards."""
    home = Home()
    connection, wire, asker = asked(home)
    connection.data_received(reply(BODY))
    connection.hold(True)
    await later()
    assert (asker.body, wire.is_read) == (b"", False)
    connection.hold(False)
    await later()
    assert (asker.body, asker.ended, wire.is_read) == (BODY, 1, True)


@pytest.mark.parametrize("cut", [False, True])
async def test_what_came_before_the_end_is_told_before_it(cut: bool) -> None:
    connection, _, asker = asked(Home())
    sent = reply(BODY)[: -1 if cut else None]
    connection.data_received(sent)
    connection.eof_received()
    connection.connection_lost(None)
    assert asker.body == BODY[: -1 if cut else None]
    assert (asker.ended, asker.lost) == ((0, "the connection was closed within the reply") if cut else (1, ""))


async def test_a_reply_until_the_end_that_waits_is_whole() -> None:
    connection, _, asker = asked(Home())
    connection.data_received(b"HTTP/1.0 200 OK\r\n\r\n" + BODY)
    connection.eof_received()
    assert (asker.body, asker.ended) == (BODY, 1)


async def test_what_waits_for_one_who_has_left_is_dropped() -> None:
    home = Home()
    connection, wire, asker = asked(home)
    connection.data_received(reply(BODY))
    connection.cancel()
    await later()
    assert (asker.body, wire.is_closed, home.free_ones) == (b"", True, [])


async def test_what_nobody_asked_for_does_not_wait_until_somebody_asks() -> None:
    home = Home()
    connection, wire, asker = asked(home)
    connection.data_received(reply(b"hello"))
    assert home.free_ones == [connection]
    connection.data_received(reply(BODY))
    assert wire.is_closed
    assert asker.body == b"hello"


# ---- clients


def client(model: Model) -> tuple[ServerConnection, Line]:
    """One that has just come, with others before it."""
    loop = asyncio.get_running_loop()
    service = Service(model, Limits(body=1 << 20), loop.time, Outbox(loop))
    service.newcomers, service.outbox.turns = crowded(), crowded()
    connection, line = ServerConnection(service, "127.0.0.1", False), Line()
    connection.connection_made(line)
    return connection, line


SMALL = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"


async def test_a_newcomer_waits_and_later_goes_on_at_once() -> None:
    model = Model(at_once=True)
    connection, line = client(model)
    connection.data_received(SMALL % 1)
    assert (model.seen, line.is_read) == ([], False)
    await later()
    assert (model.seen, line.is_read) == ([b"/1"], True)
    connection.data_received(SMALL % 2)
    assert model.seen == [b"/1", b"/2"]


async def test_a_newcomer_that_ends_its_half_is_answered() -> None:
    model = Model(at_once=False)
    connection, _ = client(model)
    connection.data_received(SMALL % 1)
    assert connection.eof_received()
    assert model.seen == [b"/1"]


async def test_a_newcomer_that_leaves_asked_nothing() -> None:
    model = Model(at_once=True)
    connection, _ = client(model)
    connection.data_received(SMALL % 1)
    connection.connection_lost(None)
    await later()
    assert model.seen == []


async def drained(model: Model) -> ServerConnection:
    """A client whose first request was handed over, and whose second, a large one, waits as a drain begins."""
    connection, _ = client(model)
    connection.data_received(SMALL % 1)
    await later()
    connection.service.outbox.turns = crowded()
    connection.data_received(SMALL % 2 + b"\r\n" * LARGE)
    connection.service.drain()
    return connection


async def test_a_drain_does_not_end_a_client_whose_request_waits() -> None:
    model = Model(at_once=True)
    await drained(model)
    assert model.seen == [b"/1"]
    await later()
    assert model.seen == [b"/1", b"/2"]


async def test_who_waits_for_the_gateway_is_not_late() -> None:
    """Neither a newcomer while a drain is under way, nor one that has rested for as long as it may."""
    model = Model(at_once=True)
    connection, _ = client(model)
    connection.data_received(SMALL % 1)
    connection.drain()
    connection.sweep(asyncio.get_running_loop().time() + 1000)
    await later()
    assert model.seen == [b"/1"]


async def test_a_drain_waits_for_the_request_behind_the_one_that_is_answered() -> None:
    model = Model(at_once=False)
    connection = await drained(model)
    model.answer()
    await later()
    assert model.seen == [b"/1", b"/2"]
    assert connection.closing


class Ending(Line):
    """How it was ended."""

    how = ""

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.how = "our half"

    def close(self) -> None:
        self.how = "both"


@pytest.mark.parametrize(("behind", "how"), [(b"", "both"), (b"\r\n" * LARGE, "our half")])
async def test_who_still_sends_when_the_last_answer_is_out_has_time_to_read_it(behind: bytes, how: str) -> None:
    """Also one whose bytes wait to be read: an end of both halves would be a reset."""
    model = Model(at_once=False)
    connection, _ = client(model)
    line = connection.transport = Ending()
    connection.data_received(b"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    await later()
    connection.service.outbox.turns = crowded()
    connection.data_received(behind)
    connection.closing = True
    model.answer()
    assert line.how == how


async def test_what_waits_when_the_model_accepts_an_upgrade_goes_into_the_tunnel() -> None:
    model = Model(at_once=False)
    connection, _ = client(model)
    connection.data_received(b"GET /up HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nfirst")
    await later()
    connection.service.outbox.turns = crowded()
    connection.data_received(BODY)
    assert connection.intake.tail == [b"first"]
    assert connection.detach() is not None
    assert connection.intake.tail == [b"first", BODY]
    await later()
    assert connection.intake.tail == [b"first", BODY]


@given(st.lists(st.integers(1, 400_000), max_size=6), st.booleans())
def test_however_a_large_request_is_cut_it_comes_whole(cuts: list[int], ends: bool) -> None:
    """In pieces that wait and pieces that do not, and with the end of sending right behind."""
    body = bytes(range(256)) * 1000
    sent = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body + SMALL % 2
    places = sorted({0, len(sent), *(cut for cut in cuts if cut < len(sent))})

    async def run() -> list[bytes]:
        model = Model(at_once=False)
        connection, line = client(model)
        for begin, end in itertools.pairwise(places):
            while not line.is_read:
                await asyncio.sleep(0)
            connection.data_received(sent[begin:end])
        if ends:
            connection.eof_received()
        await later()
        (request,) = model.asked
        assert request.complete
        bodies.append(b"".join(request.body))
        model.answer()
        await later()
        return model.seen

    bodies: list[bytes] = []
    assert asyncio.run(run()) == [b"/", b"/2"]
    assert bodies == [body]
