"""Every outcome of a copy, by real sockets: what the candidate does, and what is told."""

import threading
from collections.abc import Callable

import pytest

from gateway.core.copies import Observation
from tests.shadow.stage import FAST, JSON, ShadowProcess, Worker, snapshot, variant
from tests.support.http1 import Request
from tests.support.origin import Connection, Origin, Script, canned, reply

SAME = canned(reply(b'{"a": 1}', "content-type: application/json"))
OTHER = canned(reply(b'{"a": 2}', "content-type: application/json"))
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
Serve = Callable[..., Worker]


def hang(connection: Connection, request: Request) -> None:
    connection.read_body(request)
    connection.wait_gone()


def reset(connection: Connection, request: Request) -> None:
    connection.read_body(request)
    connection.reset()


def endless(head: bytes, piece: bytes) -> Script:
    """A reply that goes on until nobody reads it."""

    def script(connection: Connection, request: Request) -> None:
        connection.read_body(request)
        connection.finished = True
        connection.send(head)
        while True:
            connection.send(piece)

    return script


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (SAME, ("matched", "")),
        (
            canned(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n", b'{"a": ', b"1}", close=True),
            ("matched", ""),
        ),
        (OTHER, ("mismatched", "")),
        (canned(reply(b'{"a": 1}', "content-type: application/json", status="404 No")), ("mismatched", "")),
        (canned(reply(b"oops", status="500 Oops")), ("error", "status")),
        (canned(reply(b"x" * (2 << 20), status="503 Oops")), ("error", "status")),
        (canned(reply(b"", "location: /elsewhere", status="302 Found")), ("mismatched", "")),
        (canned(reply(b'{"a"', length=8), close=True), ("error", "reply")),
        (canned(b"SSH-2.0 hello\r\n\r\n", close=True), ("error", "reply")),
        (canned(close=True), ("error", "reply")),
        (reset, ("error", "reply")),
        (hang, ("error", "timeout")),
        (endless(STREAM.replace(b"text/event-stream", b"text/plain"), b"x" * 100_000), ("ignored", "large_reply")),
        (canned(reply(b"x" * (1 << 20))), ("mismatched", "")),
        (canned(reply(b"x" * ((1 << 20) + 1))), ("ignored", "large_reply")),
        (endless(STREAM, b"data: x\n\n"), ("ignored", "stream")),
    ],
)
def test_what_comes_of_a_copy(served: Serve, model: Origin, script: Script, outcome: tuple[str, str]) -> None:
    """Exactly one outcome, whatever the candidate does."""
    model.answer = script
    assert served(timeout=0.5).outcome(b"{}") == outcome


@pytest.mark.parametrize("method", [b"HEAD", b"GET", b"PUT", b"DELETE", b"OPTIONS"])
def test_every_method_is_copied(served: Serve, model: Origin, method: bytes) -> None:
    """A reply to HEAD has no body, whatever length it tells; nor has a 204."""
    no_content = Observation(204, (), b"", 0.01)
    worker = served()
    model.answer = canned(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert worker.outcome(method=method, reply=no_content) == ("matched", "")
    live = Observation(200, (), b"" if method == b"HEAD" else b"answer", 0.01)
    model.answer = canned(reply(live.body, length=6))
    assert worker.outcome(method=method, reply=live) == ("matched", "")
    assert [request.method.encode() for request in model.requests] == [method, method]


def test_a_candidate_that_is_not_there_is_an_error(shadow: ShadowProcess) -> None:
    """It refuses connections, or its name gives no address."""
    for url in ("http://127.0.0.1:1", "http://nowhere.invalid:80"):
        with shadow.worker(snapshot(variant("live"), variant("candidate", url, timeouts=FAST))) as worker:
            assert worker.outcome() == ("error", "connect")


def test_a_trickling_reply_ends_with_the_shadows_time(served: Serve, model: Origin) -> None:
    """However often something comes."""
    wait = threading.Event()

    def trickle(connection: Connection, request: Request) -> None:
        connection.read_body(request)
        connection.finished = True
        connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while not wait.wait(0.02):
            connection.send(b"x")

    model.answer = trickle
    assert served(timeout=0.4).outcome() == ("error", "timeout")
    wait.set()


def test_the_stream_of_an_openai_route_is_compared_whole(served: Serve, model: Origin) -> None:
    """The text counts, not how it was cut."""

    def events(*texts: str) -> bytes:
        lines = [f'data: {{"choices": [{{"index": 0, "delta": {{"content": "{text}"}}}}]}}\n\n' for text in texts]
        return "".join([*lines, "data: [DONE]\n\n"]).encode()

    live = Observation(200, ((b"content-type", b"text/event-stream"),), events("hel", "lo"), 0.01)
    worker = served(protocol="openai")
    model.answer = canned(STREAM, events("h", "ell", "o"), close=True)
    assert worker.outcome(b'{"stream": true}', reply=live) == ("matched", "")
    model.answer = canned(STREAM, events("help"), close=True)
    assert worker.outcome(b'{"stream": true}', reply=live) == ("mismatched", "")


def test_a_candidate_gets_what_a_live_variant_would(served: Serve, model: Origin) -> None:
    """Marked, without credentials, and byte for byte otherwise."""
    model.answer = SAME
    fields = (
        (b"X-Odd-Case", b"1"),
        JSON,
        (b"cookie", b"k=s3cret"),
        (b"authorization", b"s3cret"),
        (b"x-request-id", b"i"),
    )
    worker = served()
    assert worker.outcome(b"\x00body\xff", path=b"/v1/a%2Fb//c", query=b"q=%20&q", fields=fields) == ("matched", "")
    (sent,) = model.wait_requests(1)
    assert sent.raw_head.rstrip().split(b"\r\n") == [
        b"POST /v1/a%2Fb//c?q=%20&q HTTP/1.1",
        *(b"host: " + model.url.removeprefix("http://").encode(), b"X-Odd-Case: 1", b"content-type: application/json"),
        *(b"x-request-id: i", b"x-gateway-route: r", b"x-gateway-variant: candidate", b"x-gateway-shadow: r"),
        b"content-length: 6",
    ]
    assert sent.body == b"\x00body\xff"


def test_bytes_that_are_no_text_are_sent_as_they_came(served: Serve, model: Origin) -> None:
    model.answer = SAME
    assert served().outcome(fields=((b"x-name", b"caf\xe9"),)) == ("matched", "")
    (sent,) = model.wait_requests(1)
    assert sent.all("x-name") == [b"caf\xe9"]


def test_who_is_configured_no_more_is_ignored(served: Serve, shadow: ShadowProcess, model: Origin) -> None:
    """The route, the shadow, or who answered live."""
    worker = served()
    for gone in ({"route": "other"}, {"variant": "live"}, {"live": "other"}):
        assert worker.outcome(**gone) == ("ignored", "gone")
    live = variant("live", model.url)
    worker.serial = shadow.use(snapshot(live, variant("candidate", model.url)))
    model.answer = SAME
    assert worker.outcome() == ("matched", "")


def test_no_more_copies_than_are_allowed_are_under_way(served: Serve, model: Origin) -> None:
    """What is beyond is dropped at once; a place that is free again is taken."""
    go = threading.Event()

    def wait(connection: Connection, request: Request) -> None:
        connection.read_body(request)
        go.wait(5)
        connection.send(reply(b'{"a": 1}', "content-type: application/json"))

    model.answer = wait
    worker = served(max_in_flight=3)
    first = [worker.copy() for _ in range(3)]
    assert worker.outcome() == ("dropped", "in_flight")
    go.set()
    assert [worker.told(number).outcome for number in first] == ["matched"] * 3
    assert worker.outcome() == ("matched", "")


def test_copies_and_their_replies_share_a_bounded_memory(shadow: ShadowProcess, model: Origin) -> None:
    """Many large ones: some are dropped for it, and the process does not grow beyond it."""
    size = 8 << 20
    live = Observation(200, (), b"x" * size, 0.01)
    go = threading.Event()

    def wait(connection: Connection, request: Request) -> None:
        connection.read_body(request)
        go.wait(10)
        connection.send(reply(b"x" * size))

    model.answer = wait
    settings = snapshot(variant("live"), variant("candidate", model.url), max_body=size, max_in_flight=100, keep=0)
    before = shadow.memory
    with shadow.worker(settings) as worker:
        numbers = [worker.copy(reply=live) for _ in range(20)]
        dropped = [worker.told(number) for number in numbers[7:]]
        assert {(told.outcome, told.why) for told in dropped} == {("dropped", "bytes")}
        held = shadow.memory - before
        go.set()
        outcomes = {worker.told(number)[1:3] for number in numbers[:7]}
    assert outcomes <= {("matched", ""), ("dropped", "bytes")}
    assert ("matched", "") in outcomes
    assert held < 140 << 20


def test_a_reply_of_100_mib_costs_little_memory(served: Serve, shadow: ShadowProcess, model: Origin) -> None:
    """It is not read beyond what is compared."""
    model.answer = endless(b"HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n", b"x" * (1 << 20))
    worker = served(timeout=5.0)
    before = shadow.memory
    outcomes = [worker.told(number) for number in [worker.copy() for _ in range(8)]]
    assert {(told.outcome, told.why) for told in outcomes} == {("ignored", "large_reply")}
    assert shadow.memory - before < 40 << 20


def test_a_connection_that_was_closed_while_it_was_free_is_replaced(served: Serve, model: Origin) -> None:
    """As on the live way: nobody is to blame."""
    model.answer = SAME
    worker = served()
    for _ in range(5):
        assert worker.outcome() == ("matched", "")
        model.answer = answer_once
        assert worker.outcome() == ("matched", "")
        model.answer = SAME


def answer_once(connection: Connection, request: Request) -> None:
    """One that has served before breaks off when it is used again."""
    connection.read_body(request)
    if len(connection.requests) > 1:
        connection.reset()
    else:
        connection.send(reply(b'{"a": 1}', "content-type: application/json"))


def test_latency_is_told(served: Serve, model: Origin) -> None:
    """Of the candidate's whole reply."""
    model.answer = slow
    worker = served()
    seconds = worker.told(worker.copy()).seconds
    assert 0.1 <= seconds < 1.0


def slow(connection: Connection, request: Request) -> None:
    connection.read_body(request)
    threading.Event().wait(0.1)
    connection.send(reply(b'{"a": 1}'))
