"""The test tools tested: what they accept, refuse, record and report."""

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.support import http1, kernel
from tests.support.client import Client, chunked, request
from tests.support.http1 import ClosedError, MalformedError, Reply, Request, TruncatedError
from tests.support.origin import Connection, Origin, canned, marker, reply


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as running:
        yield running


def parsed_request(data: bytes) -> Request:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        stream = http1.Stream(ours)
        found = http1.read_request_head(stream)
        http1.read_body(stream, found, length=http1.request_length(found))
        return found


def parsed_reply(data: bytes, method: str = "GET") -> Reply:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        return http1.read_reply(http1.Stream(ours), method=method)


def test_a_request_is_read_as_it_stands() -> None:
    found = parsed_request(b"POST /a?b HTTP/1.1\r\nHost: x\r\nX-Odd:  two words \r\nContent-Length: 3\r\n\r\nabc")
    assert (found.method, found.target, found.path, found.body) == ("POST", "/a?b", "/a", b"abc")
    assert found.fields == ((b"Host", b"x"), (b"X-Odd", b"two words"), (b"Content-Length", b"3"))


def test_a_chunked_body_keeps_its_chunks_and_trailers() -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    found = parsed_request(head + chunked(b"one", b"two", trailer=b"T: 1\r\n"))
    assert (found.chunks, found.body, found.trailers) == ([b"one", b"two"], b"onetwo", ((b"T", b"1"),))


@pytest.mark.parametrize(
    "data",
    [
        b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\nC: d\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
    ],
)
def test_a_malformed_request_is_never_taken_for_one(data: bytes) -> None:
    with pytest.raises(MalformedError):
        parsed_request(data)


@pytest.mark.parametrize(
    ("data", "framing", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "length", b"hi"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "chunked", b"hi"),
        (b"HTTP/1.1 200 \r\n\r\nhi", "close", b"hi"),
        (b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", "none", b""),
    ],
)
def test_the_framings_of_a_reply(data: bytes, framing: str, body: bytes) -> None:
    found = parsed_reply(data)
    assert (found.framing, found.body, found.complete) == (framing, body, True)


def test_a_cut_body_is_told_from_a_whole_one() -> None:
    with pytest.raises(TruncatedError) as cut:
        parsed_reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n")
    assert cut.value.partial == b"hi"
    with pytest.raises(TruncatedError) as cut:
        parsed_reply(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi")
    assert cut.value.partial == b"hi"
    with pytest.raises(ClosedError):
        parsed_reply(b"")


def test_the_origin_records_and_answers_by_path(origin: Origin) -> None:
    origin.answers["/b"] = canned(reply(b"from b"))
    with Client(origin.port) as client:
        assert client.get("/a").body == marker("/a")
        assert client.post("/b", b"body").body == b"from b"
        assert client.exchange(request("HEAD", "/c")).body == b""
    assert [(seen.target, seen.body) for seen in origin.requests] == [("/a", b""), ("/b", b"body"), ("/c", b"")]
    assert origin.faults == []


def test_the_origin_notes_what_no_gateway_may_send(origin: Origin) -> None:
    with Client(origin.port) as client:
        client.send(b"GET / HTTP/1.1\r\nHost : x\r\n\r\n")
        client.expect_end()
    assert len(origin.faults) == 1


def test_the_origin_resets_and_sees_a_reset(origin: Origin) -> None:
    left = threading.Event()

    def script(connection: Connection, request: Request) -> None:
        connection.wait_gone()
        left.set()

    origin.answers = {"/reset": lambda connection, _: connection.reset(), "/wait": script}
    with Client(origin.port) as client:
        client.send(request("GET", "/reset"))
        with pytest.raises(ConnectionResetError):
            client.reply()
    client = Client(origin.port)
    client.send(request("GET", "/wait"))
    origin.wait_heads(2)
    client.reset()
    assert left.wait(5)


def test_pieces_arrive_one_by_one() -> None:
    """The kernel tells when the peer has read, so a split is a split."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = Client(listener.getsockname()[1])
        peer, _ = listener.accept()
        seen: list[bytes] = []

        def read() -> None:
            while data := peer.recv(100):
                seen.append(data)

        reader = threading.Thread(target=read)
        reader.start()
        client.send_pieces([b"a", b"bc", b"d"])
        client.close()
        reader.join(5)
        peer.close()
    assert seen == [b"a", b"bc", b"d"]


def test_unread_bytes_are_counted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, Client(listener.getsockname()[1]) as client:
        peer, _ = listener.accept()
        client.send(b"12345")
        assert kernel.peer_unread(client.sock) == 5
        peer.recv(2)
        assert kernel.peer_unread(client.sock) == 3
        peer.close()
