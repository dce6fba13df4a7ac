"""Copies of live requests: what they hold, who gets none, and that each sampled request is accounted for.

A real worker process, with a stand-in for the shadow process.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.core import model
from gateway.core.copies import Copy
from gateway.core.metrics import parse_key
from gateway.core.model import Fallback, KeySource, Match, Route, Snapshot, Source
from tests.proxy.shadow import Shadow
from tests.proxy.standin import Worker, snapshot, variant
from tests.support import origin as origins
from tests.support.client import Client
from tests.support.origin import Origin

Start = Callable[[Snapshot], Worker]
NAMES = ("gateway_shadow_comparisons_total", "gateway_shadow_dropped_total", "shadow_sampled", "shadow_pending")


def shadowed(origin: Origin, *shadows: model.Shadow, **settings: Any) -> Snapshot:
    """Everything is served by `a`, and copied to the shadows."""
    route = Route("r", Match("/*"), {"a": 1}, salt="r", shadow=shadows or (model.Shadow("b"),), **settings)
    models = (variant("a", origin.url, version="1"), variant("b", origin.url), variant("c", "http://127.0.0.1:9"))
    return replace(snapshot(*models), routes={"r": route})


def counted(worker: Worker, shadow: str = "b") -> dict[str, int]:
    """What the worker counted for that shadow, without zeros."""
    found = Counter[str]()
    for _, key, cells in worker.read_board():
        if key.startswith(b"["):
            name, labels = parse_key(key)
            if labels[:2] == ("r", shadow) and name in NAMES:
                found[" ".join((name.removeprefix("gateway_"), *labels[2:]))] += cells[0]
    return {name: count for name, count in found.items() if count}


def soon(look: Callable[[], object], wanted: object) -> None:
    give_up = time.monotonic() + 10
    while (seen := look()) != wanted:
        assert time.monotonic() < give_up, f"{seen} is not {wanted}"
        time.sleep(0.01)


def closed(worker: Worker, outcome: str, *, sampled: int = 1) -> None:
    """All that was sampled had this outcome."""
    soon(lambda: counted(worker), {"shadow_sampled": sampled, outcome: sampled})


def test_a_copy_holds_the_request_and_the_answer(origin: Origin, start: Start, tmp_path: Path) -> None:
    worker = start(shadowed(origin))
    with Shadow(tmp_path) as shadow, worker.connect() as client:
        assert shadow.greeting == b"worker 0"
        answer = client.post("/v1/x?y=1", b'{"a": 1}', "x-request-id: me-1", "x-a: 1", "x-a: 2", "content-type: a/b")
        copy = shadow.next()
        asked, reply = copy.asked, copy.reply
        assert (copy.route, copy.variant, copy.live, copy.serial, copy.within) == ("r", "b", "a", 1, None)
        assert (asked.method, asked.path, asked.query, asked.body) == (b"POST", b"/v1/x", b"y=1", b'{"a": 1}')
        assert asked.request_id == "me-1"
        names = [name.lower() for name, _ in asked.fields]
        assert [value for name, value in asked.fields if name == b"x-a"] == [b"1", b"2"]
        assert (b"x-request-id", b"me-1") in asked.fields
        assert {b"traceparent", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"} <= set(names)
        assert not {b"host", b"content-length", b"connection"} & set(names)
        assert reply is not None
        assert (reply.status, reply.body) == (answer.status, answer.body)
        assert 0 < reply.seconds < 10
        assert abs(copy.time - time.time()) < 60
        soon(lambda: counted(worker), {"shadow_sampled": 1, "shadow_pending": 1})
        shadow.tell(copy, "matched")
        closed(worker, "shadow_comparisons_total matched")


CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"


def test_credentials_stay_behind(origin: Origin, start: Start, tmp_path: Path) -> None:
    worker = start(shadowed(origin))
    with Shadow(tmp_path) as shadow, worker.connect() as client:
        secrets = ("Authorization: Bearer s3cret", "Cookie: c=s3cret", "Proxy-Authorization: s3cret")
        assert client.post("/x", b"abc", *secrets).status == 200
        assert b"s3cret" not in repr(shadow.next().asked).encode()


@pytest.mark.parametrize(
    ("script", "body"),
    [
        (
            origins.canned(
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n"
            ),
            b"abcde",
        ),
        (origins.canned(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabc", b"def"), b"abcdef"),
        (origins.canned(b"HTTP/1.1 200 OK\r\n\r\nabc", close=True), b"abc"),
        (origins.canned(b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno"), b"no"),
    ],
    ids=["chunked", "in pieces", "until close", "client error"],
)
def test_a_reply_of_any_framing_is_copied_whole(
    script: origins.Script, body: bytes, origin: Origin, start: Start, tmp_path: Path
) -> None:
    worker = start(shadowed(origin))
    with Shadow(tmp_path) as shadow, worker.connect() as client, origin.answering(script):
        assert client.post("/x", b"abc").body == body
        reply = shadow.next().reply
        assert reply is not None
        assert reply.body == body


def test_a_body_that_comes_in_pieces_is_copied_whole(origin: Origin, start: Start, tmp_path: Path) -> None:
    worker = start(shadowed(origin, replay_body=10))
    with Shadow(tmp_path) as shadow, worker.connect() as client:
        head = b"POST /x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
        client.send_pieces([head, b"5\r\nabcde\r\n", b"14\r\n" + b"f" * 20 + b"\r\n", b"0\r\n\r\n"], to_the_end=True)
        assert client.reply("POST").status == 200
        assert shadow.next().asked.body == b"abcde" + b"f" * 20


def plain(client: Client) -> None:
    client.post("/x", b"abc")


def leave(client: Client) -> None:
    client.send(b"POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc")
    client.close()


ERROR = origins.canned(b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n")
LARGE = origins.canned(b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n", b"abcde" * 2 + b"f")
EVENTS = origins.canned(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n", close=True)
CUT = origins.canned(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", close=True)


@pytest.mark.parametrize(
    ("why", "script", "ask", "settings"),
    [
        ("live_error", ERROR, plain, {"fallback": Fallback(())}),
        ("large_reply", LARGE, plain, {}),
        ("large_request", origins.marked, lambda client: client.post("/x", b"a" * 11), {}),
        ("stream", EVENTS, plain, {}),
        ("live_broken", CUT, lambda client: client.send(b"GET /x HTTP/1.1\r\nhost: x\r\n\r\n"), {}),
        ("client_gone", origins.marked, leave, {}),
        ("fallback", origins.marked, plain, {"split": {"c": 1}, "fallback": Fallback(("a",))}),
        ("gateway", origins.marked, plain, {"split": {"c": 1}, "fallback": Fallback(())}),
        ("same_variant", origins.marked, plain, {"shadow": (model.Shadow("a"),)}),
    ],
)
def test_what_cannot_be_compared_is_not_sent(
    why: str,
    script: origins.Script,
    ask: Callable[[Client], object],
    settings: dict[str, Any],
    origin: Origin,
    start: Start,
    tmp_path: Path,
) -> None:
    given = {"shadow": (model.Shadow("b", max_body=10),), **settings}
    route = Route("r", Match("/*"), **{"split": {"a": 1}, "salt": "r", **given})
    worker = start(replace(shadowed(origin), routes={"r": route}))
    name = given["shadow"][0].variant
    with Shadow(tmp_path) as shadow, worker.connect() as client, origin.answering(script):
        ask(client)
        outcome = {"shadow_sampled": 1, "shadow_comparisons_total ignored": 1}
        soon(lambda: counted(worker, name), outcome)
        assert worker.cell("shadow_ignored", "r", name, why) == 1
        assert shadow.copies.empty()


def test_a_stream_of_chat_is_copied_as_the_client_got_it(origin: Origin, start: Start, tmp_path: Path) -> None:
    events = b'data: {"choices": [{"delta": {"content": "hi"}}]}\n\n', b"data: [DONE]\n\n"
    script = origins.canned(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n", *events, close=True)
    worker = start(shadowed(origin, protocol="openai"))
    with Shadow(tmp_path) as shadow, worker.connect() as client, origin.answering(script):
        assert client.post("/x", b'{"stream": true}').body == b"".join(events)
        reply = shadow.next().reply
        assert reply is not None
        assert reply.body == b"".join(events)


def test_several_shadows_have_their_own_samples(origin: Origin, start: Start, tmp_path: Path) -> None:
    key = (KeySource(Source("header", "x-user")),)
    worker = start(shadowed(origin, model.Shadow("b", sample=0.5), model.Shadow("c", sample=0.25), targeting_key=key))
    with Shadow(tmp_path) as shadow, worker.connect() as client:
        for _ in range(2):
            for number in range(40):
                assert client.post("/x", b"abc", f"x-user: u{number}").status == 200
        sampled = {name: worker.cell("shadow_sampled", "r", name) for name in ("b", "c")}
        assert sampled["b"] > sampled["c"] > 0
        assert all(count % 2 == 0 for count in sampled.values()), "a caller is in or out for good"
        assert [worker.cell("shadow_requests", "r", name) for name in sampled] == [80, 80]
        assert Counter(shadow.next().variant for _ in range(sum(sampled.values()))) == sampled


def test_without_a_shadow_process_copies_are_dropped(origin: Origin, start: Start) -> None:
    worker = start(shadowed(origin))
    with worker.connect() as client:
        assert client.post("/x", b"abc").status == 200
        closed(worker, "shadow_dropped_total unlinked")


def test_what_was_sent_to_a_process_that_ends_is_lost(origin: Origin, start: Start, tmp_path: Path) -> None:
    worker = start(shadowed(origin))
    with worker.connect() as client:
        with Shadow(tmp_path) as shadow:
            client.post("/x", b"abc")
            shadow.next()
        closed(worker, "shadow_dropped_total lost")
        with Shadow(tmp_path) as shadow:
            client.post("/x", b"abc")
            shadow.tell(shadow.next(), "error", "timeout")
            soon(lambda: worker.cell("shadow_errors", "r", "b", "timeout"), 1)


def test_what_a_dead_worker_left_open_is_lost(origin: Origin, start: Start, tmp_path: Path) -> None:
    worker = start(shadowed(origin))
    with Shadow(tmp_path) as shadow, worker.connect() as client:
        client.post("/x", b"abc")
        shadow.next()
        worker.kill()
    worker.start()
    closed(worker, "shadow_dropped_total lost")


@pytest.mark.parametrize(("size", "why", "most"), [(10, "queue", 1000), (500_000, "bytes", 140)])
def test_a_process_that_tells_nothing_costs_bounded_memory(
    size: int, why: str, most: int, origin: Origin, start: Start, tmp_path: Path
) -> None:
    """It is stopped: it does not even read."""
    worker = start(shadowed(origin))
    with Shadow(tmp_path, reads=False), worker.connect() as client:
        calls = most + 50
        for _ in range(calls):
            assert client.post("/x", b"a" * size).status == 200
        soon(lambda: worker.cell("gateway_shadow_dropped_total", "r", "b", why) >= 50, True)
    soon(lambda: worker.cell("shadow_pending", "r", "b"), 0)
    reasons = (why, "lost", "unlinked")
    dropped, lost, late = (worker.cell("gateway_shadow_dropped_total", "r", "b", each) for each in reasons)
    assert dropped + lost + late == calls
    assert lost <= most


def test_copies_probe_an_open_breaker(origin: Origin, start: Start, tmp_path: Path) -> None:
    """No caller is put at risk: `probes` copies go, and their success closes it."""
    breaker = model.BreakerSettings(probe="shadow", consecutive_errors=2, open_for=0.2, slow_after=2.0, probes=3)
    bad = replace(variant("a", origin.url), breaker=breaker, ejection=model.Ejection(consecutive_errors=1000))
    route = Route("r", Match("/*"), {"a": 1}, salt="r", fallback=Fallback(("b",)))
    with Origin() as good:
        worker = start(replace(snapshot(bad, variant("b", good.url)), routes={"r": route}))
        with Shadow(tmp_path) as shadow, worker.connect() as client:
            with origin.answering(ERROR):
                while not _is(client, "fallback:open"):
                    pass
            reached = len(origin.complete)
            probes: list[Copy] = []
            give_up = time.monotonic() + 10
            while len(probes) < 3:
                assert _is(client, "fallback:open")
                assert time.monotonic() < give_up
                while not shadow.copies.empty():
                    probes.append(shadow.next())
            for _ in range(5):
                assert _is(client, "fallback:open")
            assert shadow.copies.empty()
            assert {(copy.variant, copy.live, copy.reply, copy.within) for copy in probes} == {("a", "", None, 2.0)}
            assert {copy.asked.body for copy in probes} == {b"abc"}
            assert len(origin.complete) == reached
            shadow.tell(probes[0], "released")
            for copy in probes[1:]:
                shadow.tell(copy, "probed", seconds=0.01)
            while shadow.copies.empty():
                assert _is(client, "fallback:open")
            shadow.tell(shadow.next(), "probed", seconds=0.01)
            while not _is(client, "unkeyed"):
                assert time.monotonic() < give_up


def _is(client: Client, reason: str) -> bool:
    answer = client.post("/x", b"abc")
    assert answer.status == 200
    return answer.one("x-gateway-reason") == reason.encode()
