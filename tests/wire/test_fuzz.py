"""Whatever bytes come, the gateway answers or closes, and serves on."""

import string

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support import http1
from tests.support.client import Client, request
from tests.support.gateway import Gateway
from tests.support.http1 import ClosedError
from tests.support.origin import Origin, canned, marker
from tests.wire import passed, refused

FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = [
    *[
        b"GET",
        b"POST",
        b"HEAD",
        b"OPTIONS",
        b"CONNECT",
        b" ",
        b"  ",
        b"\t",
        b"/",
        b"/a",
        b"*",
        b"http://a/",
        b"HTTP/1.1",
        b"HTTP/1.0",
    ],
    *[
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"\r",
        b"Host: a",
        b"Host:",
        b"Content-Length: 5",
        b"Content-Length: 0",
        b"Transfer-Encoding: chunked",
    ],
    *[
        b"Connection: close",
        b"Connection: upgrade",
        b"Upgrade: websocket",
        b"Expect: 100-continue",
        b"hello",
        b"5",
        b"0",
        b";",
        b":",
    ],
    *[b"\x00", b"\xff", b",", b"#", b"?", b"%", b"..", b"A: b"],
]
GOOD = [case.data for case in passed.CASES if len(case.data) < 500]
BAD = [case.data for case in refused.CASES if len(case.data) < 500]


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A few good or bad requests in a row with some bytes replaced, removed or put in."""
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(GOOD + BAD), min_size=1, max_size=3))))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3) | st.sampled_from(WORDS))
    return bytes(data)


ANY = st.binary(max_size=200) | st.lists(st.sampled_from(WORDS), max_size=30).map(b"".join) | spoilt()


def assert_serves(gateway: Gateway) -> None:
    assert gateway.process.poll() is None
    with gateway.connect() as client:
        assert client.get("/good").body == marker("/good")


def read_all(client: Client) -> None:
    """Read replies until the gateway closes: each one well-formed, whatever it answers."""
    try:
        while True:
            reply = http1.read_final_head(client.stream)
            http1.read_reply_body(client.stream, reply, method="GET")
    except (ClosedError, ConnectionResetError):
        return


@FUZZ
@given(data=ANY)
@example(data=b"")
@example(data=b"\r\n" * 1000)
def test_any_bytes_are_answered_or_the_connection_ends(data: bytes, gateway: Gateway, origin: Origin) -> None:
    """The client sends them and half-closes: then everything must come to an end by itself."""
    origin.clear()
    with gateway.connect() as client:
        client.send(data)
        client.end_sending()
        if b"HEAD" in data or b"pgrade" in data or b"PGRADE" in data:
            client.stream.rest()
        else:
            read_all(client)
    assert_serves(gateway)
    assert origin.faults == []


@FUZZ
@given(data=ANY, cut=st.integers(0, 200))
def test_any_bytes_from_an_upstream(data: bytes, cut: int, gateway: Gateway, origin: Origin) -> None:
    """As a whole answer or behind a good beginning: the next request, if it can be made, gets its own answer."""
    origin.clear()
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Word: a\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n"
    origin.answers["/any"] = canned(good[:cut] + data, close=True)
    with gateway.connect() as client:
        client.send(request("GET", "/any"))
        try:
            reply = client.reply()
        except (http1.TruncatedError, ConnectionResetError):
            reply = None
        if reply is not None and not reply.closing:
            assert client.get("/same").body == marker("/same")
    assert_serves(gateway)


@FUZZ
@given(
    method=st.text(string.ascii_uppercase, min_size=1, max_size=8),
    target=st.text(string.printable, min_size=1, max_size=30),
    name=st.text(string.printable, min_size=1, max_size=10),
    value=st.text(st.characters(max_codepoint=255), max_size=20),
)
def test_what_reaches_the_origin_is_well_formed(
    method: str, target: str, name: str, value: str, gateway: Gateway, origin: Origin
) -> None:
    """Odd words in every place of a request: refused, or passed as one request that reads strictly."""
    origin.clear()
    data = f"{method} /{target} HTTP/1.1\r\nHost: a\r\n{name}: {value}\r\nConnection: close\r\n\r\n".encode("latin-1")
    with gateway.connect() as client:
        client.send(data)
        client.end_sending()
        client.stream.rest()
    assert origin.faults == []
    assert len(origin.requests) <= 1
