"""What a broken or lying upstream answers.

`BAD` are wrong before a byte of the answer can have gone out; `BROKEN` have a good head; `EXTRA` are good, with more
behind them that nobody asked for; `GOOD` are good.
"""

import itertools
from dataclasses import dataclass

from tests.support.client import chunked

END = b"\r\n\r\n"
LENGTH = b"Content-Length: 5\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
HELLO = b"5\r\nhello\r\n0\r\n\r\n"
FOREIGN = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nforeign"
"""A whole reply that must never reach any client."""
CONTROLS = [b"\x00", b"\x01", b"\x0b", b"\x0c", b"\x1b", b"\x7f"]


@dataclass(frozen=True)
class Answer:
    """The bytes of an answer; `closes` when the upstream closes behind them; `method` of the request they answer."""

    name: str
    data: bytes
    closes: bool = False
    method: str = "GET"
    body: bytes | None = None
    """What the client must get, where the answer is good."""


def line(first: bytes) -> Answer:
    """A bad status line before a good rest."""
    return Answer(f"line {first[:40]!r}", first + b"\r\n" + LENGTH + b"\r\nhello", closes=True)


def fields(lines: bytes) -> Answer:
    """Bad field lines in a good head."""
    return Answer(f"fields {lines[:60]!r}", b"HTTP/1.1 200 OK\r\n" + LENGTH + lines + b"\r\nhello", closes=True)


def framed(lines: bytes, raw: bytes = b"hello", version: bytes = b"1.1") -> Answer:
    """Bad framing fields before a body."""
    data = b"HTTP/" + version + b" 200 OK\r\n" + lines + b"\r\n" + raw
    return Answer(f"framing {version!r} {lines[:60]!r}", data, closes=True)


def raw(name: str, data: bytes, *, closes: bool = True) -> Answer:
    """Any bytes."""
    return Answer(name, data, closes=closes)


LINES = [
    *map(line, [b"HTTP/1.1", b"HTTP/1.1 ", b"HTTP/1.1 OK", b"HTTP/1.1 2 OK", b"HTTP/1.1 20 OK", b"HTTP/1.1 2000 OK"]),
    *map(line, [b"HTTP/1.1 000 OK", b"HTTP/1.1 099 OK", b"HTTP/1.1 600 OK", b"HTTP/1.1 999 OK", b"HTTP/1.1 -200 OK"]),
    *map(line, [b"HTTP/1.1 +200 OK", b"HTTP/1.1 2x0 OK", b"HTTP/1.1 200OK", b"HTTP/1.1  200 OK", b"HTTP/1.1\t200 OK"]),
    *map(line, [b"HTTP/2.0 200 OK", b"HTTP/2 200 OK", b"HTTP/0.9 200 OK", b"HTTP/1.2 200 OK", b"HTTP/3.0 200 OK"]),
    *map(
        line,
        [b"http/1.1 200 OK", b"ICY 200 OK", b"RTSP/1.0 200 OK", b"HTTP 200 OK", b"HTTP/1.1200 OK", b"XTTP/1.1 200 OK"],
    ),
    *map(
        line,
        [b" HTTP/1.1 200 OK", b"\xef\xbb\xbfHTTP/1.1 200 OK", b"200 OK", b"GET / HTTP/1.1", b"hello", b"\x16\x03\x01"],
    ),
    *map(
        line, [b"HTTP/1.1 200 O\rK", b"HTTP/1.1 200 OK\r\r", *(b"HTTP/1.1 200 O" + bad + b"K" for bad in CONTROLS[:1])]
    ),
    raw("LF everywhere", b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"),
    raw("LF behind the line", b"HTTP/1.1 200 OK\n" + LENGTH + b"\r\nhello"),
    raw("a body alone", b"<html>an old server</html>"),
    raw("nothing", b""),
    raw("half a line", b"HTTP/1.1 200"),
    raw("half a head", b"HTTP/1.1 200 OK\r\n" + LENGTH),
    raw("half an empty line", b"HTTP/1.1 200 OK\r\n" + LENGTH + b"\r"),
    raw("NULs", bytes(100)),
    raw(
        "a switch of protocols that nobody asked for",
        b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x" + END,
    ),
    raw("1,000 interim replies", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, closes=False),
    raw("interim replies and an end", b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" * 3),
    raw("a head of 600,000 bytes", b"HTTP/1.1 200 OK\r\nA: " + b"b" * 600_000 + b"\r\n\r\n"),
    raw("a line of 600,000 bytes", b"HTTP/1.1 200 " + b"K" * 600_000 + b"\r\n\r\n"),
    raw("100,000 fields", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 100_000 + b"\r\n"),
]

FIELDS = [
    *map(
        fields,
        [
            b"A: b\r\n c\r\n",
            b"A:\r\n b\r\n",
            b"A: b\r\n\tc\r\n",
            b"A : b\r\n",
            b"A\t: b\r\n",
            b": b\r\n",
            b"A\r\n",
            b"A b\r\n",
        ],
    ),
    *map(
        fields,
        [
            b"A@: b\r\n",
            b"A b: c\r\n",
            b"(A): b\r\n",
            b"A: b\rc\r\n",
            b"A: b\rB: c\r\n",
            b"A: b\nB: c\r\n",
            b"A: b\n",
            b"A: b\r\r\n",
        ],
    ),
    *(fields(b"A: b" + bad + b"c\r\n") for bad in CONTROLS),
    *(fields(b"A" + bad + b": b\r\n") for bad in CONTROLS),
    raw("a blank before the first field", b"HTTP/1.1 200 OK\r\n A: b\r\n" + LENGTH + b"\r\nhello"),
    raw("a bare CR for the empty line", b"HTTP/1.1 200 OK\r\n" + LENGTH + b"\rhello"),
]

LENGTHS = [
    *[
        b"",
        b"+5",
        b"-5",
        b"5x",
        b"x",
        b"0x5",
        b"5_0",
        b"5 5",
        b"5,5",
        b"5, 5",
        b"5, 6",
        b"5.0",
        b'"5"',
        b"5;",
        b"9" * 20,
        b"9" * 40,
    ],
    *[b"18446744073709551621", b"5\x00", b"\x0b5", b"5\xa0"],
]
CODINGS = [
    *[
        b"",
        b"identity",
        b"gzip",
        b"gzip, chunked",
        b"chunked, gzip",
        b"chunked, chunked",
        b"xchunked",
        b"chunkedx",
        b'"chunked"',
    ],
    *[
        b"chunked;a=b",
        b"chunked,",
        b",chunked",
        b"chunked\x00",
        b"chunked\x0b",
        b"\x0bchunked",
        b"chunk ed",
        b"chunked\xa0",
    ],
]

FRAMING = [
    *(framed(b"Content-Length: " + value + b"\r\n") for value in LENGTHS),
    *(framed(b"Transfer-Encoding: " + value + b"\r\n", HELLO) for value in CODINGS),
    *(framed(one + other, HELLO) for one, other in itertools.permutations([LENGTH, CHUNKED], 2)),
    *(
        framed(b"Content-Length: %s\r\nContent-Length: %s\r\n" % pair)
        for pair in [(b"5", b"5"), (b"5", b"6"), (b"6", b"5"), (b"0", b"5")]
    ),
    framed(CHUNKED + CHUNKED, HELLO),
    framed(CHUNKED + b"Transfer-Encoding: identity\r\n", HELLO),
    framed(b"Transfer-Encoding: gzip\r\n" + CHUNKED, HELLO),
    framed(CHUNKED, HELLO, b"1.0"),
    framed(CHUNKED + LENGTH, HELLO, b"1.0"),
    framed(b"Content-Length : 5\r\n"),
    framed(b"Transfer-Encoding : chunked\r\n", HELLO),
    framed(b"Content-Length:\r\n 5\r\n"),
]

BAD = LINES + FIELDS + FRAMING

CHUNKS = [
    b"g\r\nhello\r\n0\r\n\r\n",
    b"+5\r\nhello\r\n0\r\n\r\n",
    b"0x5\r\nhello\r\n0\r\n\r\n",
    b" 5\r\nhello\r\n0\r\n\r\n",
    b"5 \r\nhello\r\n0\r\n\r\n",
    b"5\nhello\r\n0\r\n\r\n",
    b"5\r\nhello0\r\n\r\n",
    b"5\r\nhello\n0\r\n\r\n",
    b"6\r\nhello\r\n0\r\n\r\n",
    b"4\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhello\r\n\r\n",
    b"-1\r\nhello\r\n0\r\n\r\n",
    b"FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
    b"5;\x00\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n",
    b"5\r\nhello\r\n0\r\nA : b\r\n\r\n",
    b"5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n",
    b"5\r\nhello\r\n0\r\n\n",
    b"\r\n5\r\nhello\r\n0\r\n\r\n",
]

BROKEN = [
    *(Answer(f"chunks {body!r}", b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n" + body, closes=True) for body in CHUNKS),
    *(
        Answer(
            f"chunked, cut behind {HELLO[:cut]!r}",
            b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n" + HELLO[:cut],
            closes=True,
        )
        for cut in range(len(HELLO))
    ),
    *(
        Answer(
            f"a length, cut behind {cut} bytes", b"HTTP/1.1 200 OK\r\n" + LENGTH + b"\r\n" + b"hello"[:cut], closes=True
        )
        for cut in range(5)
    ),
    Answer("a length of 2^63", b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nhello", closes=True),
    Answer("HTTP/1.0 with a length, cut", b"HTTP/1.0 200 OK\r\n" + LENGTH + b"\r\nhel", closes=True),
]


def good(name: str, data: bytes, body: bytes = b"hello", *, method: str = "GET", closes: bool = False) -> Answer:
    """An answer whose body the client must get, whatever follows it."""
    return Answer(name, data, method=method, body=body, closes=closes)


OK = b"HTTP/1.1 200 OK\r\n" + LENGTH + b"\r\nhello"
EXTRA = [
    good("a byte more than the length", OK + b"!"),
    good("an empty line more", OK + b"\r\n"),
    good("garbage behind the length", OK + b"garbage\x00\xff" * 100),
    good("a second reply behind the length", OK + FOREIGN),
    good("an interim reply behind the length", OK + b"HTTP/1.1 100 Continue\r\n\r\n"),
    good("a second reply behind an empty one", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + FOREIGN, b""),
    good("a second reply behind the chunks", b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n" + HELLO + FOREIGN),
    good("garbage behind the chunks", b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n" + HELLO + b"garbage"),
    good("a body of a HEAD", OK, b"", method="HEAD"),
    good("a chunked body of a HEAD", b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n" + HELLO, b"", method="HEAD"),
    good("a second reply to a HEAD", b"HTTP/1.1 200 OK\r\n" + LENGTH + b"\r\n" + FOREIGN, b"", method="HEAD"),
    good("a body of a 204", b"HTTP/1.1 204 No Content\r\n\r\nhello", b""),
    good("a body with a length of a 204", b"HTTP/1.1 204 No Content\r\n" + LENGTH + b"\r\nhello", b""),
    good("a chunked body of a 204", b"HTTP/1.1 204 No Content\r\n" + CHUNKED + b"\r\n" + HELLO, b""),
    good("a second reply behind a 204", b"HTTP/1.1 204 No Content\r\n\r\n" + FOREIGN, b""),
    good("a body of a 304", b"HTTP/1.1 304 Not Modified\r\n" + LENGTH + b"\r\nhello", b""),
    good("a second reply behind a 304", b"HTTP/1.1 304 Not Modified\r\n" + LENGTH + b"\r\n" + FOREIGN, b""),
    good(
        "a second reply behind Connection: close",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + LENGTH + b"\r\nhello" + FOREIGN,
    ),
    good("a second reply behind an interim one", b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK + FOREIGN),
]

GOOD = [
    good("a length", OK),
    good("no reason", b"HTTP/1.1 200 \r\n" + LENGTH + b"\r\nhello"),
    good("no reason and no blank", b"HTTP/1.1 200\r\n" + LENGTH + b"\r\nhello"),
    good("chunks", b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n" + chunked(b"he", b"llo")),
    good(
        "chunks with extensions and trailers",
        b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n5;a=b\r\nhello\r\n0\r\nVary: *\r\n\r\n",
    ),
    good("a coding in capitals", b"HTTP/1.1 200 OK\r\ntransfer-encoding: CHUNKED\r\n\r\n" + HELLO),
    good("a length with zeros", b"HTTP/1.1 200 OK\r\nContent-Length: 005\r\n\r\nhello"),
    good("to the end of the connection", b"HTTP/1.1 200 OK\r\n\r\nhello", closes=True),
    good("to the end, told so", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", closes=True),
    good("HTTP/1.0 to the end", b"HTTP/1.0 200 OK\r\n\r\nhello", closes=True),
    good("HTTP/1.0 with a length", b"HTTP/1.0 200 OK\r\n" + LENGTH + b"\r\nhello", closes=True),
    good("HTTP/1.0 kept alive", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + LENGTH + b"\r\nhello"),
    good("an empty one to the end", b"HTTP/1.1 200 OK\r\n\r\n", b"", closes=True),
    good("a 204", b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    good("a 304 with a length", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b""),
    good("a HEAD's length", b"HTTP/1.1 200 OK\r\n" + LENGTH + b"\r\n", b"", method="HEAD"),
    good("a HEAD's coding", b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n", b"", method="HEAD"),
    good("a status nobody defines", b"HTTP/1.1 299 Odd\r\n" + LENGTH + b"\r\nhello"),
    good("a status 599", b"HTTP/1.1 599 Odd\r\n" + LENGTH + b"\r\nhello"),
    good(
        "letters beyond ASCII in the reason and a field",
        b"HTTP/1.1 200 Gr\xf6\xdfe\r\nA: \xff\r\n" + LENGTH + b"\r\nhello",
    ),
    good("an interim one before it", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + OK),
]
