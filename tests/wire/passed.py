"""Requests that must pass, and what of each must reach the origin.

`fields` is what the origin sees beside the fields the gateway adds or makes anew, in order and case.
"""

from dataclasses import dataclass

from tests.support.client import chunked, request


@dataclass(frozen=True)
class Passed:
    """One good request and what the origin must see of it."""

    name: str
    data: bytes
    target: str = "/passed"
    method: str = "GET"
    fields: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    host: str | None = "gateway.test"
    """What `x-forwarded-host` says; None when the client named no host."""
    closes: bool = False
    """Whether the connection ends after the answer."""


TEN = b"0123456789"
NAMES = b"!#$%&'*+-.^_`|~09azAZ"
VALUES = bytes([0x21, 0x20, 0x09, *range(0x22, 0x7F), *range(0x80, 0x100)])
HIDDEN = request("POST", "/hidden", body=b"hello")
HEAD = b"GET /passed HTTP/1.1\r\nHost: gateway.test\r\n"
POST = b"POST /passed HTTP/1.1\r\nHost: gateway.test\r\n"


def method(word: str) -> Passed:
    """That method, without a body."""
    return Passed(f"method {word}", request(word, "/passed"), method=word)


def target(value: str) -> Passed:
    """That target, unchanged."""
    return Passed(f"target {value}", request("GET", value), target=value)


def absolute(written: str, seen: str, host: str) -> Passed:
    """An absolute target: its host counts, not the field's."""
    return Passed(f"target {written}", request("GET", written), target=seen, host=host)


def host(value: str) -> Passed:
    """That Host."""
    return Passed(f"host {value}", request("GET", "/passed", host=value), host=value)


def fields(name: str, sent: bytes, *seen: tuple[bytes, bytes], closes: bool = False) -> Passed:
    """Field lines sent after Host, and those of them that pass."""
    return Passed(name, HEAD + sent + b"\r\n", fields=seen, closes=closes)


def posted(name: str, framing: bytes, raw: bytes, body: bytes) -> Passed:
    """A POST with those framing fields and that raw body, and the body that is meant."""
    return Passed(name, POST + framing + b"\r\n" + raw, method="POST", body=body)


def chunks(name: str, raw: bytes, body: bytes) -> Passed:
    """A chunked body as written, and what is meant."""
    return posted(name, b"Transfer-Encoding: chunked\r\n", raw, body)


METHODS = [
    *map(method, ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "REPORT", "PROPFIND", "PURGE", "SEARCH"]),
    *map(method, ["LINK", "UNLINK", "MKCOL", "LOCK", "COPY"]),
]

TARGETS = [
    *map(target, ["/", "/a/b/c", "/a//b", "//a", "/a/", "/a;b=c", "/a:b@c", "/a%20b", "/a%2Fb", "/%C3%A9", "/a...b"]),
    *map(
        target, ["/~a-b_c.d", "/.hidden", "/a/..b/...", "/!$&'()*+,;=", "/?", "/a?", "/a?b=c", "/a?b=c?d", "/a?b=/../c"]
    ),
    *map(target, ["/a?b=http://c/d", "/a?%23", "/" + "p" * 8000, "/q?" + "q" * 8000]),
    absolute("http://other.test/absolute", "/absolute", "other.test"),
    absolute("http://other.test:8080/absolute?a=b", "/absolute?a=b", "other.test:8080"),
    absolute("HTTP://OTHER.test/absolute", "/absolute", "OTHER.test"),
    absolute("http://other.test", "/", "other.test"),
    absolute("http://other.test:1234", "/", "other.test:1234"),
    absolute("http://other.test?all=1", "/?all=1", "other.test"),
    absolute("http://other.test:1234?all=1", "/?all=1", "other.test:1234"),
    absolute("http://[::1]:80/absolute", "/absolute", "[::1]:80"),
]

HOSTS = [
    *map(
        host, ["a", "a.b.c", "GATEWAY.Test", "gateway.test:80", "gateway.test:", "127.0.0.1", "127.0.0.1:8080", "[::1]"]
    ),
    *map(host, ["[::1]:8080", "under_score.test", "xn--gteway-bua.test", "gateway.test.", "1", "a%20b"]),
    Passed("host without a blank", b"GET /passed HTTP/1.1\r\nHost:gateway.test\r\n\r\n"),
    Passed("host with blanks around", b"GET /passed HTTP/1.1\r\nHost: \t gateway.test \t\r\n\r\n"),
    Passed("host named in small letters", b"GET /passed HTTP/1.1\r\nhost: gateway.test\r\n\r\n"),
    Passed("host last", b"GET /passed HTTP/1.1\r\nA: b\r\nHost: gateway.test\r\n\r\n", fields=((b"A", b"b"),)),
]

VERSIONS = [
    Passed("HTTP/1.0", b"GET /passed HTTP/1.0\r\nHost: gateway.test\r\n\r\n", closes=True),
    Passed("HTTP/1.0 without Host", b"GET /passed HTTP/1.0\r\n\r\n", host=None, closes=True),
    Passed("HTTP/1.0 kept alive", b"GET /passed HTTP/1.0\r\nHost: gateway.test\r\nConnection: Keep-Alive\r\n\r\n"),
    Passed(
        "HTTP/1.0 with a body",
        b"POST /passed HTTP/1.0\r\nHost: gateway.test\r\ncONTENT-lENGTH: 5\r\n\r\nhello",
        method="POST",
        body=b"hello",
        closes=True,
    ),
    Passed("an empty line before the request", b"\r\n" + HEAD + b"\r\n"),
    Passed("two empty lines before the request", b"\r\n\r\n" + HEAD + b"\r\n"),
]

FIELDS = [
    fields("no field more", b""),
    fields(
        "order and case", b"b: 1\r\nA: 2\r\nB: 3\r\na: 4\r\n", (b"b", b"1"), (b"A", b"2"), (b"B", b"3"), (b"a", b"4")
    ),
    fields("an empty value", b"A:\r\nB: \r\nC:\t\r\n", (b"A", b""), (b"B", b""), (b"C", b"")),
    fields("blanks around a value", b"A:  b \t\r\nB:c\r\n", (b"A", b"b"), (b"B", b"c")),
    fields("blanks within a value", b"A: b  c\td\r\n", (b"A", b"b  c\td")),
    fields("every byte a name may have", NAMES + b": b\r\n", (NAMES, b"b")),
    fields("every byte a value may have", b"A: " + VALUES + b"\r\n", (b"A", VALUES)),
    fields("a colon in a value", b"A: b: c\r\n", (b"A", b"b: c")),
    fields("a value of 20,000 bytes", b"A: " + b"b" * 20_000 + b"\r\n", (b"A", b"b" * 20_000)),
    fields(
        "200 fields",
        b"".join(b"A%d: b\r\n" % at for at in range(200)),
        *((b"A%d" % at, b"b") for at in range(200)),
    ),
    fields("two cookies", b"Cookie: a=b\r\nCookie: c=d\r\n", (b"Cookie", b"a=b"), (b"Cookie", b"c=d")),
    fields("credentials", b"Authorization: Bearer word\r\n", (b"Authorization", b"Bearer word")),
    fields("names that read like framing behind CGI", b"Transfer_Encoding: chunked\r\nContent_Length: 5\r\n"),
    fields(
        "names that read like the gateway's own behind CGI",
        b"X_Gateway_Route: forged\r\nX-Request_Id: forged\r\nX_Forwarded_For: 10.0.0.1\r\nX_Other: 1\r\n",
        (b"X_Other", b"1"),
    ),
    fields("a name that ends like framing", b"X-Content-Length: 5\r\n", (b"X-Content-Length", b"5")),
    fields("kept alive", b"Connection: keep-alive\r\nKeep-Alive: 300\r\n"),
    fields("to be closed", b"Connection: close\r\n", closes=True),
    fields("to be closed, in capitals, in a list", b"Connection: A, CLOSE ,b\r\n", closes=True),
    fields("an empty Connection", b"Connection:\r\nA: b\r\n", (b"A", b"b")),
    fields("Connection with empty members", b"Connection: , ,a,\r\nA: b\r\nB: c\r\n", (b"B", b"c")),
    fields(
        "fields named in Connection",
        b"Connection: x-one, X-TWO\r\nX-One: 1\r\nx-two: 2\r\nX-Three: 3\r\n",
        (b"X-Three", b"3"),
    ),
    fields("named before they stand", b"X-One: 1\r\nX-Two: 2\r\nConnection: x-one\r\n", (b"X-Two", b"2")),
    fields("named in two fields", b"Connection: a\r\nA: 1\r\nB: 2\r\nConnection: b\r\nC: 3\r\n", (b"C", b"3")),
    fields("fields of one hop", b"Proxy-Connection: keep-alive\r\nTE: trailers\r\nTrailer: A\r\nKeep-Alive: 5\r\n"),
    fields("an upgrade nobody asked for", b"Upgrade: websocket\r\n"),
    fields(
        "what the gateway alone says", b"X-Gateway-Route: forged\r\nx-gateway-anything: 1\r\nA: b\r\n", (b"A", b"b")
    ),
    fields(
        "names that the gateway adds, named in Connection",
        b"Connection: x-gateway-route, x-gateway-variant, x-request-id, traceparent\r\n",
    ),
    fields(
        "more that the gateway adds, named in Connection",
        b"Connection: x-forwarded-for, x-forwarded-proto, x-forwarded-host\r\n",
    ),
    fields("Host and framing, named in Connection", b"Connection: host, content-length, transfer-encoding\r\n"),
]

BODIES = [
    posted("a length", b"Content-Length: 5\r\n", b"hello", b"hello"),
    posted("a length of 0", b"Content-Length: 0\r\n", b"", b""),
    posted("a length with zeros before it", b"Content-Length: 005\r\n", b"hello", b"hello"),
    posted("a length with blanks around it", b"Content-Length: \t 5 \t\r\n", b"hello", b"hello"),
    posted("a length in small letters", b"content-length:5\r\n", b"hello", b"hello"),
    posted("a length, named in Connection", b"Connection: content-length\r\nContent-Length: 5\r\n", b"hello", b"hello"),
    posted("a body that is a request", b"Content-Length: %d\r\n" % len(HIDDEN), HIDDEN, HIDDEN),
    posted("a body of line ends", b"Content-Length: 8\r\n", b"\r\n\r\n\r\n\r\n", b"\r\n\r\n\r\n\r\n"),
    posted("a body of every byte", b"Content-Length: 256\r\n", bytes(range(256)), bytes(range(256))),
    Passed("a GET with a body", HEAD + b"Content-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN, body=HIDDEN),
    Passed("a DELETE with a body", request("DELETE", "/passed", body=b"hello"), method="DELETE", body=b"hello"),
    Passed("a GET with chunks", HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(HIDDEN), body=HIDDEN),
    chunks("one chunk", chunked(TEN), TEN),
    chunks("no chunk", chunked(), b""),
    chunks("ten chunks", chunked(*(TEN[at : at + 1] for at in range(10))), TEN),
    chunks("a size in small letters", b"a\r\n0123456789\r\n0\r\n\r\n", TEN),
    chunks("a size in capitals", b"A\r\n0123456789\r\n0\r\n\r\n", TEN),
    chunks("a size with zeros before it", b"000a\r\n0123456789\r\n0\r\n\r\n", TEN),
    chunks("a final chunk of zeros", b"5\r\nhello\r\n000\r\n\r\n", b"hello"),
    chunks("extensions", b"5;a=b;c\r\nhello\r\n0;d=e\r\n\r\n", b"hello"),
    chunks("quoted extensions", b'5;a="b;c, d\\"";e="\\\\"\r\nhello\r\n0\r\n\r\n', b"hello"),
    chunks("trailers", chunked(b"hello", trailer=b"Vary: *\r\nX-Sum: 5\r\n"), b"hello"),
    chunks("a chunk that is a request", chunked(HIDDEN), HIDDEN),
    chunks("a chunk of line ends", chunked(b"\r\n0\r\n\r\n"), b"\r\n0\r\n\r\n"),
    posted("a coding in capitals", b"TRANSFER-ENCODING: CHUNKED\r\n", chunked(TEN), TEN),
    posted("a coding with blanks around it", b"Transfer-Encoding: \t chunked  \r\n", chunked(TEN), TEN),
    posted(
        "a coding, named in Connection",
        b"Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n",
        chunked(TEN),
        TEN,
    ),
]

CASES = METHODS + TARGETS + HOSTS + VERSIONS + FIELDS + BODIES
