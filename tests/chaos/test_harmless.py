"""What is not the model's fault trips nothing: callers who leave, who are slow, and requests that are wrong."""

import random
import threading
import time
from collections.abc import Callable

import orjson

from tests.chaos.conftest import Measured
from tests.chaos.world import SETTLED, SLOW_AFTER, Pair, World, eventually, sized
from tests.support import client, kernel
from tests.support.faulty import LARGE

CLIENTS = 16


def nothing_happened(pair: Pair) -> None:
    """No breaker of the two was ever opened."""
    assert pair.state == 0
    assert pair.trips().total() == 0
    assert pair.sums("gateway_breaker_trips_total", "variant").total() == 0


def at_once(count: int, work: Callable[[], None]) -> None:
    """`work` in so many threads."""
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def leave(pair: Pair, draw: random.Random) -> None:
    """One caller who leaves: with half a body, while the model works, or after the reply's first bytes."""
    mode = draw.choice(["half", "slow", "hang", "long"])
    text = client.request("POST", f"/{pair.name}", f"x-fault: {mode}", body=b"abc")
    sock = client.tcp(pair.gateway.port, receive_buffer=4096)
    sock.sendall(text[:-2] if mode == "half" else text)
    kernel.wait_read_by_peer(sock)
    if mode == "long":
        sock.recv(1024)
    time.sleep(draw.random() * 0.02)
    client.reset(sock)


def test_callers_who_leave_early(world: World, measured: Measured) -> None:
    """However many, and wherever their request is: each is counted once, and none against the model."""
    pair = world.pair("leaving")
    each = sized(1_200, 20_000) // CLIENTS
    begun = time.monotonic()

    def callers() -> None:
        draw = random.Random()
        for _ in range(each):
            leave(pair, draw)

    at_once(CLIENTS, callers)
    took = time.monotonic() - begun
    gone = each * CLIENTS
    eventually(lambda: left(pair) + answered(pair), gone)
    eventually(lambda: pair.attempts("bad"), gone)
    eventually(lambda: pair.attempts("bad", "cancelled"), left(pair))
    eventually(lambda: sum(pair.sums("gateway_in_flight_requests", "variant").values()), 0)
    assert left(pair) > gone * 0.7
    nothing_happened(pair)
    assert {answer.body for answer in pair.calls(8)} == {b"bad"}
    measured("callers who leave early", f"{gone} in {took:.0f} s, each counted once, 0 trips")


def left(pair: Pair) -> int:
    """Callers who did."""
    return pair.sums("gateway_client_disconnects_total", "route").total()


def answered(pair: Pair) -> int:
    """Those whose reply was on its way whole when they left."""
    return pair.sums("gateway_requests_total", "route").total()


def test_those_who_try_and_leave_free_their_places(world: World, measured: Measured) -> None:
    """However many of them, the model's next callers find it well."""
    pair = world.pair("leavers-probe")
    pair.trip()
    pair.wait_state(1)
    time.sleep(SETTLED)
    pair.bad.turn("slow")
    for _ in range(sized(12, 200)):
        sock = client.tcp(pair.gateway.port)
        sock.sendall(client.request("POST", f"/{pair.name}", body=b"abc"))
        kernel.wait_read_by_peer(sock)
        time.sleep(0.01)
        client.reset(sock)
    tried = pair.bad.hits
    assert tried > 3
    assert pair.state == 1
    pair.bad.turn("ok")
    pair.wait_state(0, ask=True)
    assert len(pair.events("breaker_tripped")) == 1
    measured("callers who try a half-open breaker and leave", f"{tried} reached the model, no place was lost")


def test_slow_uploads(world: World, measured: Measured) -> None:
    """Three times `slow_after` from the first byte to the last."""
    pair = world.pair("uploads")
    parts = 12

    def upload() -> None:
        with client.Client(pair.gateway.port) as one:
            one.send(client.request("POST", f"/{pair.name}", f"Content-Length: {parts}"))
            for _ in range(parts):
                time.sleep(SLOW_AFTER * 3 / parts)
                one.send(b"a")
            reply = one.reply("POST")
            assert (reply.status, reply.body) == (200, b"bad")

    count = sized(24, 200)
    at_once(count, upload)
    nothing_happened(pair)
    eventually(lambda: pair.attempts("bad", "success"), count)
    assert pair.bad.total == count
    measured("slow uploads", f"{count} at once, each {SLOW_AFTER * 3:g} s, 0 trips")


def test_slow_readers(world: World, measured: Measured) -> None:
    """They take three times the variant's `idle` for a reply, and get all of it."""
    pair = world.pair("readers")
    got = list[int]()

    def read() -> None:
        sock = client.tcp(pair.gateway.port, receive_buffer=4096)
        sock.sendall(client.request("POST", f"/{pair.name}", "x-fault: long", "connection: close", body=b"abc"))
        time.sleep(0.9)
        size = 0
        while data := sock.recv(1 << 16):
            size += len(data)
            if size < 1 << 18:
                time.sleep(0.005)
        sock.close()
        got.append(size)

    count = sized(16, 100)
    at_once(count, read)
    assert len(got) == count
    assert min(got) > LARGE - 3
    nothing_happened(pair)
    eventually(lambda: pair.attempts("bad", "success"), count)
    measured("slow readers", f"{count} at once, longer than `idle`, 0 trips, every byte arrived")


def test_a_burst_of_4xx(world: World, measured: Measured) -> None:
    """They are the callers' answers."""
    pair = world.pair("client-errors")
    count = sized(400, 5_000)
    answers = pair.crowd(count, clients=CLIENTS, fault=lambda number: ("422", "429")[number % 2])
    assert {answer[:3] for answer in answers} == {
        (422, b"422 of bad", "client-errors-bad"),
        (429, b"429 of bad", "client-errors-bad"),
    }
    nothing_happened(pair)
    pair.numbers_are_true()
    measured("a burst of 422 and 429", f"{count} calls, 0 trips")


def test_on_a_chat_route_another_model_takes_what_is_too_much_for_one(world: World) -> None:
    """A 429 there goes to the fallback, and is no failure."""
    pair = world.pair("limited")
    answers = pair.crowd(100, clients=8, fault=lambda _: "")
    assert {answer.body for answer in answers} == {b"bad"}
    pair.bad.turn("429")
    answers = pair.crowd(100, clients=8)
    assert {(answer.body, answer.reason) for answer in answers} == {(b"good", "fallback:429")}
    nothing_happened(pair)
    pair.numbers_are_true()


def test_a_caller_whose_requests_make_every_model_fail(world: World, measured: Measured) -> None:
    """A fifth of the traffic is his: he gets the models' own answer, the others theirs, and no breaker opens."""
    pair = world.pair("caller")
    count = sized(1_000, 10_000)
    answers = pair.crowd(count, clients=CLIENTS, fault=lambda number: "" if number % 5 else "500")
    assert {answer[:2] for answer in answers} <= {(200, b"bad"), (500, b"500 of good"), (500, b"500 of bad")}
    assert sum(answer.status == 500 for answer in answers) == count // 5
    nothing_happened(pair)
    eventually(lambda: pair.sums("gateway_requests_total", "variant", "reason", "code"), pair.counted)
    eventually(lambda: pair.attempts("bad"), pair.bad.total)
    eventually(lambda: pair.attempts("good"), pair.good.total)
    measured("a caller with a fifth of the traffic who gets 500 of every model", f"{count} calls, 0 trips")


def test_everyday_errors_of_a_busy_model(world: World, measured: Measured) -> None:
    """One in five by chance: the fallback answers those, and the breaker stays closed. First each fifth, by which it is
    known that this is so on any day: who never failed trips by five errors in a row, which chance makes in one of fifty
    such beginnings."""
    pair = world.pair("everyday")
    pair.bad.turn("fifth")
    pair.crowd(sized(300, 1_000), clients=CLIENTS)
    nothing_happened(pair)
    pair.bad.turn("some")
    begun = time.monotonic()
    answers = pair.crowd(sized(1_000, 20_000), clients=CLIENTS)
    rate = len(answers) / (time.monotonic() - begun)
    assert {answer[:2] for answer in answers} == {(200, b"bad"), (200, b"good")}
    nothing_happened(pair)
    pair.numbers_are_true()
    share = sum(answer.body == b"good" for answer in answers) / len(answers)
    measured(
        "a model that fails one call in five", f"{len(answers)} calls at {rate:.0f}/s, {share:.0%} failed, 0 trips"
    )


def test_what_cannot_be_sent_to_a_model_frees_its_place(world: World) -> None:
    """Bodies without a place for the model's name are refused, also while few callers may try."""
    pair = world.pair("unfit")
    chat = orjson.dumps({"model": "assistant"})
    pair.bad.turn("500")
    while pair.state != 2:
        pair.calls(4, body=chat)
    pair.wait_state(1)
    pair.bad.turn("ok")
    time.sleep(SETTLED)
    assert {answer.status for answer in pair.calls(12)} == {400}
    assert pair.state == 1
    assert {answer.body for answer in pair.calls(3, body=chat)} == {b"bad"}
    pair.wait_state(0)
    pair.numbers_are_true()
