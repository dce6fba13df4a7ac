"""Requests and replies that came whole: what is remembered of their heads, and that it changes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.proxy.heads import goes_on, passing
from gateway.wire.fields import Lines, Memory
from gateway.wire.request import Request
from gateway.wire.whole import VARYING, Heads, read_reply, read_request


class Client:
    """A connection that nothing is written to."""

    closing = False
    peer = "127.0.0.1"
    secure = False
    memo = None

    def __init__(self) -> None:
        self.out: list[bytes] = []

    def flush(self) -> None:
        """Nothing waits."""

    def answer(self, parts: list[bytes]) -> None:
        """Nobody reads it."""

    def reply_done(self) -> None:
        """Nothing follows."""

    def abort(self) -> None:
        """Nothing breaks."""

    def hold(self, on: bool) -> None:
        """Nothing comes."""


def post(body: bytes, *, announced: int | None = None, extra: bytes = b"") -> bytes:
    length = len(body) if announced is None else announced
    return b"POST /v1/x?q=1 HTTP/1.1\r\nHost: a.example:80\r\n%bContent-Length: %d\r\n\r\n%b" % (extra, length, body)


def read(data: bytes, heads: Heads, *, header: int = 1000, body: int = 1000) -> Request | None:
    return read_request(data, Client(), heads, header=header, body=body)


def test_a_head_seen_before_is_the_same_object_with_the_new_body() -> None:
    heads = Heads()
    one, other = read(post(b"abc"), heads), read(post(b"xyz"), heads)
    assert one is not None
    assert other is not None
    assert one.head is other.head
    assert (one.body, other.body) == ([b"abc"], [b"xyz"])
    assert (other.method, other.target, other.path, other.query) == (b"POST", b"/v1/x?q=1", b"/v1/x", b"q=1")
    assert (other.host, other.length, other.body_size, other.complete) == (b"a.example", 3, 3, True)


@pytest.mark.parametrize("body", [b"", b"ab", b"abcd", b"abcGET / HTTP/1.1\r\n\r\n"])
def test_a_known_head_with_another_amount_of_body_is_not_whole(body: bytes) -> None:
    heads = Heads()
    assert read(post(b"abc"), heads) is not None
    assert read(post(body, announced=3), heads) is None


def test_a_known_head_is_still_held_against_the_limits() -> None:
    heads = Heads()
    assert read(post(b"abc"), heads) is not None
    assert read(post(b"abc"), heads, header=20) is None
    assert read(post(b"abc"), heads, body=2) is None


@pytest.mark.parametrize(
    "extra",
    [
        b"Expect: 100-continue\r\n",
        b"Upgrade: x\r\n",
        b"Connection: close\r\n",
        b"Host: b\r\n",
        b"a b: c\r\n",
        b"x: \0\r\n",
    ],
)
def test_what_is_not_plain_is_never_remembered(extra: bytes) -> None:
    heads = Heads()
    assert read(post(b"abc", extra=extra), heads) is None
    assert read(post(b"abc", extra=extra), heads) is None
    assert not heads


# ---- heads that differ in what hardly two requests have the same


def test_heads_that_differ_in_their_id_and_trace_alone_are_one() -> None:
    heads = Heads(vary=True)
    found = [
        read(post(b"", extra=b"Traceparent: 00-%d\r\nX-A: b\r\nx-request-id:%d\r\n" % (number, -number)), heads)
        for number in range(1, 4)
    ]
    assert len(heads) == 1
    assert len({request.head for request in found if request is not None}) == 1
    for number, request in enumerate(found, 1):
        assert request is not None
        assert request.headers[b"traceparent"] == b"00-%d" % number
        assert request.headers[b"x-request-id"] == b"-%d" % number
        assert request.fields[1] == (
            b"traceparent",
            b"Traceparent",
            b"00-%d" % number,
            b"Traceparent: 00-%d\r\n" % number,
        )
        assert request.fields[3][2] == b"-%d" % number


def test_where_somebody_looks_at_them_they_are_not() -> None:
    heads = Heads()
    found = [read(post(b"", extra=b"x-request-id: %d\r\n" % number), heads) for number in range(2)]
    assert len({request.head for request in found if request is not None}) == 2


@pytest.mark.parametrize("name", sorted(VARYING))
def test_they_do_not_go_on_with_the_lines_that_are_remembered(name: str) -> None:
    assert not goes_on(name.encode())


@pytest.mark.parametrize("value", [b"\0", b"\r\n\r\n", b"", b" ", b"a b", b"\x80", b"a\rb", b"a\nb", b"a\0"])
def test_no_value_takes_the_place_of_one_that_was_read(value: bytes) -> None:
    """It is judged like any other, however well the rest of its head is known."""
    data = post(b"", extra=b"x-request-id: %b\r\n" % value)
    heads = Heads(vary=True)
    assert read(post(b"", extra=b"x-request-id: known\r\n"), heads) is not None
    found, fresh = read(data, heads), read(data, Heads())
    assert (found is None) == (fresh is None)
    assert found is None or fresh is None or found.headers == fresh.headers


NAMES = st.sampled_from([b"traceparent", b"X-Request-ID", b"x-request-id", b"x_request_id", b"x-a", b"TraceParent"])
VALUES = st.sampled_from([b"", b"a", b"00-ab-cd-01", b"a b", b"z" * 128, b"z" * 129, b"\0", b"\xe4", b"-", b"a,b"])
SPACES = st.sampled_from([b"", b" ", b"  ", b"\t"])
FIELDS = st.lists(st.builds(lambda *parts: b"%b:%b%b%b\r\n" % parts, NAMES, SPACES, VALUES, SPACES), max_size=6)


@given(st.lists(st.one_of(FIELDS, FIELDS.flatmap(st.permutations)), min_size=2, max_size=6))
def test_a_head_is_read_as_if_none_had_been_seen_before(heads_to_read: list[list[bytes]]) -> None:
    heads = Heads(vary=True)
    for fields in [*heads_to_read, *heads_to_read]:
        data = post(b"xyz", extra=b"".join(fields))
        found, fresh = read(data, heads), read(data, Heads())
        assert (found is None) == (fresh is None)
        if found is not None and fresh is not None:
            assert (found.fields, found.headers) == (fresh.fields, fresh.headers)
            assert (found.target, found.host, found.length, found.body) == (
                *(fresh.target, fresh.host, fresh.length),
                fresh.body,
            )


def reply(body: bytes, *, announced: int | None = None, status: bytes = b"200 OK") -> bytes:
    length = len(body) if announced is None else announced
    return b"HTTP/1.1 %b\r\nx-a: b\r\ncontent-length: %d\r\n\r\n%b" % (status, length, body)


def test_a_replys_head_seen_before_is_the_same_object_with_the_new_body() -> None:
    one, other = read_reply(reply(b"12")), read_reply(reply(b"34"))
    assert one is not None
    assert other is not None
    assert one[0] is other[0]
    assert (one[1], other[1]) == (b"12", b"34")
    assert (other[0].status, other[0].start) == (200, b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("body", [b"", b"1"])
def test_a_reply_that_has_only_begun_is_given_as_far_as_it_came(body: bytes) -> None:
    for _ in range(2):
        begun = read_reply(reply(body, announced=2_000))
        assert begun is not None
        assert (begun[0].length, begun[1]) == (2_000, body)


def test_a_known_head_of_a_reply_with_more_body_than_announced_is_not_plain() -> None:
    assert read_reply(reply(b"12")) is not None
    assert read_reply(reply(b"123", announced=2)) is None


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified", b"101 Switching Protocols", b"2000 OK"])
def test_replies_of_other_framing_are_not_plain(status: bytes) -> None:
    assert read_reply(reply(b"", status=status)) is None


def test_a_memory_forgets_all_when_it_is_full() -> None:
    memory: Memory[int] = Memory()
    for number in range(20_000):
        memory.remember(b"%d" % number, number)
    assert 0 < len(memory) < 20_000
    assert memory[b"19999"] == 19_999


def test_a_piece_that_is_too_long_is_read_each_time() -> None:
    lines = Lines()
    assert lines[b"name:" + b"v" * 5000][2] == b"v" * 5000
    assert not lines


@pytest.mark.parametrize(("fields", "remembered"), [(1, 1), (64, 64), (65, 0), (700, 0)])
def test_a_head_with_very_many_fields_takes_no_place_in_the_memory(fields: int, remembered: int) -> None:
    lines = Lines()
    pieces = [b"name-%d: value" % number for number in range(fields)]
    found = lines.of(pieces)
    assert [found[piece][0] for piece in pieces] == [b"name-%d" % number for number in range(fields)]
    assert len(lines) == remembered


def test_a_request_with_very_many_fields_is_read_like_any_other() -> None:
    """Those of the gateway's own and of one connection are left out, all others pass in order."""
    many = b"".join(b"x-%d: %d\r\n" % (number, number) for number in range(300))
    request = read(post(b"", extra=b"X-Gateway-Variant: a\r\n" + many), Heads(), header=1 << 20)
    assert request is not None
    lines = passing(request, frozenset())
    assert lines[-300:] == many.splitlines(keepends=True)
    assert not [line for line in lines if b"gateway" in line.lower()]
