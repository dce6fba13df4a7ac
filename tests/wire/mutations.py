"""Requests that must be refused, made by mutation: a good request's coding, length, Host or line, spoilt in one place.

Each list below is of what stands in that place; the functions at the end make the requests.
"""

import itertools
from collections.abc import Iterator

from tests.wire.refused import BAD_OR_METHOD, BAD_OR_VERSION, HELLO, HOST, Refused

CONTROLS = [b"\x00", b"\x01", b"\x08", b"\x0b", b"\x0c", b"\x1f", b"\x7f"]
"""Bytes that no field and no line may hold; CR and LF have cases of their own."""

CODINGS = [
    b"", b" ", b",", b",,", b"chunked,", b",chunked", b"chunked ,", b", chunked", b"chunked,,", b"x", b"xchunked",
    b"chunkedx", b"chunke", b"hunked", b"chunkedchunked", b"chunked chunked", b"chunked, chunked",
    b"chunked,chunked", b"chunked;q=1", b"chunked; a=b", b"chunked=1", b"chunk ed", b"chunk-ed", b'"chunked"',
    b"'chunked'", b"(chunked)", b"<chunked>", b"chunked:", b":chunked", b"chunked/1", b"identity",
    b"identity, chunked", b"chunked, identity", b"identity,identity", b"gzip", b"gzip, chunked", b"gzip,chunked",
    b"chunked, gzip", b"deflate", b"deflate, chunked", b"compress, chunked", b"br, chunked", b"x-gzip, chunked",
    b"trailers", b"cow", b"0", b"1", b"5", b"null", b"none", b"*", b"chunked\xa0", b"\xa0chunked",
    b"\xef\xbb\xbfchunked", b"chun\xc5\xb7ked", b"\xffchunked", b"chunked\r", b"chunked\n", b"\rchunked",
    b"\nchunked", b"chunked\r\n ", b"\r\n chunked", b"chunked\r\n\tgzip", b"chunked\r\r", b"chunk\red",
    b"chunk\ned", b"chunked\\r\\n", *(bad + b"chunked" for bad in CONTROLS),
    *(b"chunked" + bad for bad in CONTROLS), *(b"chun" + bad + b"ked" for bad in CONTROLS),
]  # fmt: skip

CODING_NAMES = [
    b"Transfer-Encoding ", b"Transfer-Encoding\t", b"Transfer-Encoding \t ", b" Transfer-Encoding",
    b"\tTransfer-Encoding", b"Transfer Encoding", b"Transfer-\rEncoding", b"Transfer-\nEncoding",
    b"Transfer-Enco\r\n ding", b"Transfer-Encoding\r\n ", b"Transfer-Encoding\r", b"Transfer-Encoding\n",
    b'"Transfer-Encoding"', b"(Transfer-Encoding)", b"Transfer-Encoding;", b"Transfer-Encoding,",
    b"Transfer-Encoding=", b"Transfer-Encoding\xa0", b"\xef\xbb\xbfTransfer-Encoding", b"Tr\xc3\xa4nsfer-Encoding",
    *(b"Transfer-Encoding" + bad for bad in CONTROLS), *(bad + b"Transfer-Encoding" for bad in CONTROLS),
]  # fmt: skip

LENGTHS = [
    b"", b" ", b"+5", b"-5", b"-0", b"+0", b"- 5", b"5.0", b".5", b"5.", b"5e0", b"0x5", b"0X5", b"x5", b"5x",
    b"5h", b"0b101", b"0o5", b"5_0", b"1_000", b"1,000", b"1 000", b"1'000", b"5 5", b"5\t5", b"5,5", b"5, 5",
    b"5 ,5", b"5,6", b"6,5", b"5,", b",5", b",", b"5;", b"5;a=b", b"5:", b'"5"', b"'5'", b"(5)", b"five", b"NaN",
    b"inf", b"null", b"true", b"*", b"5\xa0", b"\xa05", "\uff15".encode(), "\u0665".encode(), b"\xb2", b"5\r",
    b"5\n", b"\r5", b"\n5", b"5\r\n ", b"\r\n 5", b"5\r\n 6", b"5\\r\\n", b"5\xff", b"18446744073709551616",
    b"18446744073709551621", b"36893488147419103237", b"9" * 20, b"9" * 100, b"1" + b"0" * 1000,
    b"-18446744073709551611", b"4294967301.0", *(bad + b"5" for bad in CONTROLS), *(b"5" + bad for bad in CONTROLS),
    *(b"0" + bad + b"5" for bad in CONTROLS),
]  # fmt: skip

LENGTH_NAMES = [
    b"Content-Length ", b"Content-Length\t", b" Content-Length", b"\tContent-Length", b"Content Length",
    b"Content-\rLength", b"Content-Length\r\n ", b"Content-Length\x00", b"Content-Length\x0b",
    b"\x00Content-Length", b'"Content-Length"', b"Content-Length\xa0",
]  # fmt: skip

LENGTH_PAIRS = [
    (b"5", b"5"), (b"5", b"6"), (b"6", b"5"), (b"5", b"05"), (b"05", b"5"), (b"0", b"5"), (b"5", b"0"), (b"5", b""),
    (b"", b"5"), (b"5", b"+5"), (b"+5", b"5"), (b"5", b"-5"), (b"5", b"5,5"), (b"5", b"x"), (b"x", b"5"),
    (b"0", b"0"),
]  # fmt: skip

HOSTS = [
    b"", b" ", b"a b", b"gateway.test other.test", b"gateway.test,other.test", b"gateway.test, other.test", b",",
    b"user@gateway.test", b"user:word@gateway.test", b"@gateway.test", b"gateway.test@", b"gateway.test:port",
    b"gateway.test:-1", b"gateway.test:+80", b"gateway.test:80a", b"gateway.test:0x50", b"gateway.test: 80",
    b"gateway.test :80", b"gateway.test:80:80", b"gateway.test::80", b":", b":80", b"gateway.test/",
    b"gateway.test/path", b"/gateway.test", b"gateway.test?a", b"gateway.test#a", b"gateway.test\\a",
    b"http://gateway.test", b"//gateway.test", b"[::1", b"::1", b"[::1]]", b"[[::1]]", b"[::1]x", b"[]",
    b"[gateway.test]", b"]", b"[", b"[::1]:port", b"<gateway.test>", b'"gateway.test"', b"gateway.test\"",
    b"gateway^test", b"gateway`test", b"gateway|test", b"{gateway}", b"gateway%", b"gateway%2", b"gateway%zz",
    b"g\xc3\xa4teway.test", b"gateway\xff.test", b"gateway.test\xa0", b"gateway.test\r", b"gateway.test\n",
    b"\rgateway.test", b"gateway.test\r\n ", b"gateway.test\r\n other.test", b"gate\rway", b"gate\nway",
    b"gateway.test:80 ,other.test", *(bad + b"gateway.test" for bad in CONTROLS),
    *(b"gateway.test" + bad for bad in CONTROLS), *(b"gate" + bad + b"way" for bad in CONTROLS),
]  # fmt: skip

AUTHORITIES = [
    b"", b"user@gateway.test", b"a%12:b!&*$@gateway.test:1234", b"@gateway.test", b"gateway.test:port",
    b"gateway.test:80:80", b"[::1", b"::1", b"gateway,test,", b"gateway%zz", b"gate\\way", b"<gateway>",
    b"gate|way", b"gate\x00way", b"gate way", b"g\xc3\xa4teway", b":80", b"[]", b"gateway.test:-1",
]  # fmt: skip

SCHEMES = [
    b"ftp://",
    b"ws://",
    b"file://",
    b"http:",
    b"http:/",
    b"://",
    b"http//",
    b"htt p://",
    b"http ://",
    b"mailto:",
    b"javascript:",
]

LINE_BREAKS = [b"\r", b"\n", b"\r\r\n", b"\n\r", b"\x00\r\n", b" \r\n", b"\t\r\n"]
GAPS = [b"  ", b"\t", b" \t", b"\x0b", b"\x0c", b"\r", b"\xa0", b"\x00", b"\xc2\x85", b"\x1c", b"+", b"%20"]
WORDS = (b"POST", b"/refused", b"HTTP/1.1")


def coded(lines: bytes, body: bytes = HELLO) -> bytes:
    """A POST with those framing fields."""
    return b"POST /refused HTTP/1.1\r\n" + HOST + lines + b"\r\n" + body


def transfer_encodings() -> Iterator[Refused]:
    """Every bad coding alone, with a length on either side, and every bad name with a good coding."""
    length = b"Content-Length: 15\r\n"
    for value in CODINGS:
        bad = b"Transfer-Encoding: " + value + b"\r\n"
        yield Refused(f"coding {value!r}", coded(bad))
        yield Refused(f"coding {value!r} after a length", coded(length + bad))
        yield Refused(f"coding {value!r} after chunked", coded(b"Transfer-Encoding: chunked\r\n" + bad))
        yield Refused(f"coding {value!r} before chunked", coded(bad + b"Transfer-Encoding: chunked\r\n"))
    for name in CODING_NAMES:
        bad = name + b": chunked\r\n"
        yield Refused(f"coding named {name!r}", coded(bad))
        yield Refused(f"coding named {name!r} after a length", coded(length + bad))
        yield Refused(f"coding named {name!r} before a length", coded(bad + length))


def both_framings() -> Iterator[Refused]:
    """A good length and a good coding, in either order, in any case, near or far."""
    lengths = [b"Content-Length: 5\r\n", b"content-length:15\r\n", b"CONTENT-LENGTH:  0 \r\n"]
    codings = [b"Transfer-Encoding: chunked\r\n", b"transfer-encoding:chunked\r\n", b"TRANSFER-ENCODING: CHUNKED \r\n"]
    for length, coding, between in itertools.product(lengths, codings, [b"", b"A: b\r\n" * 5]):
        yield Refused(f"{length!r} {between!r} {coding!r}", coded(length + between + coding))
        yield Refused(f"{coding!r} {between!r} {length!r}", coded(coding + between + length))


def old_codings() -> Iterator[Refused]:
    """Any coding in HTTP/1.0, which has none."""
    for value, kept in itertools.product(
        [b"chunked", b"identity", b"gzip, chunked", b"Chunked"], [b"", b"Connection: keep-alive\r\n"]
    ):
        head = b"POST /refused HTTP/1.0\r\n" + HOST + kept + b"Transfer-Encoding: " + value + b"\r\n\r\n"
        yield Refused(f"coding {value!r} in HTTP/1.0 {kept!r}", head + HELLO)


def content_lengths() -> Iterator[Refused]:
    """Every bad length, bad name and bad pair."""
    for value in LENGTHS:
        yield Refused(
            f"length {value[:40]!r}",
            coded(b"Content-Length: " + value + b"\r\n", b"hello"),
            ("bad_request", "body_too_large"),
        )
    for name in LENGTH_NAMES:
        yield Refused(f"length named {name!r}", coded(name + b": 5\r\n", b"hello"))
    for first, second in LENGTH_PAIRS:
        lines = b"Content-Length: " + first + b"\r\nContent-Length: " + second + b"\r\n"
        yield Refused(f"lengths {first!r} and {second!r}", coded(lines, b"hello"))


def hosts() -> Iterator[Refused]:
    """Every bad Host, with a plain and with an absolute target."""
    for value in HOSTS:
        bad = b"Host: " + value + b"\r\n\r\n"
        yield Refused(f"host {value!r}", b"GET /refused HTTP/1.1\r\n" + bad)
        yield Refused(f"host {value!r}, absolute target", b"GET http://gateway.test/refused HTTP/1.1\r\n" + bad)
    for value in AUTHORITIES:
        yield Refused(f"authority {value!r}", b"GET http://" + value + b"/refused HTTP/1.1\r\n" + HOST + b"\r\n")
    for scheme in SCHEMES:
        yield Refused(f"scheme {scheme!r}", b"GET " + scheme + b"gateway.test/refused HTTP/1.1\r\n" + HOST + b"\r\n")


def request_lines() -> Iterator[Refused]:
    """Every bad gap, line break and stray byte in a request line."""
    rest = HOST + b"Content-Length: 5\r\n\r\nhello"
    codes = (*BAD_OR_METHOD, "version_not_supported")
    for at, gap in itertools.product([0, 1], GAPS):
        gaps = [gap, b" "] if at == 0 else [b" ", gap]
        first = WORDS[0] + gaps[0] + WORDS[1] + gaps[1] + WORDS[2]
        yield Refused(f"gap {gap!r} at {at}", first + b"\r\n" + rest, codes)
    for ending in LINE_BREAKS:
        yield Refused(f"line break {ending!r}", b" ".join(WORDS) + ending + rest, BAD_OR_VERSION)
    for at, bad in itertools.product([0, 2, 4, 6, 13, 14, 18, 19, 22], CONTROLS):
        whole = b" ".join(WORDS)
        yield Refused(f"byte {bad!r} at {at}", whole[:at] + bad + whole[at:] + b"\r\n" + rest, codes)


CASES = [
    *transfer_encodings(),
    *both_framings(),
    *old_codings(),
    *content_lengths(),
    *hosts(),
    *request_lines(),
]
