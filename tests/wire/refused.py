"""Requests that must be refused: cases written by hand, each with the codes that may answer it.

They cover the request line, the fields, Host, both framings and chunks; what is made by mutation: `mutations.py`.
"""

from dataclasses import dataclass

from tests.support.client import chunked, request


@dataclass(frozen=True)
class Refused:
    """One request and the codes that may answer it.

    `in_body` says that its head alone is good: in pieces, its beginning may be on its way before the fault is seen.
    """

    name: str
    data: bytes
    codes: tuple[str, ...] = ("bad_request",)
    in_body: bool = False


HOST = b"Host: gateway.test\r\n"
VERSION = ("version_not_supported",)
BAD_OR_VERSION = ("bad_request", "version_not_supported")
BAD_OR_METHOD = ("bad_request", "not_implemented")
HELLO = b"5\r\nhello\r\n0\r\n\r\n"


def line(name: str, first: bytes, *codes: str) -> Refused:
    """A request line before good fields."""
    return Refused(f"line: {name}", first + b"\r\n" + HOST + b"\r\n", codes or ("bad_request",))


def fields(name: str, lines: bytes, *codes: str) -> Refused:
    """Field lines, given with their ends, after a good line and Host."""
    return Refused(f"field: {name}", b"GET /refused HTTP/1.1\r\n" + HOST + lines + b"\r\n", codes or ("bad_request",))


def posted(name: str, lines: bytes, body: bytes = HELLO, *codes: str) -> Refused:
    """Framing fields and what follows the head."""
    return Refused(
        f"framing: {name}", b"POST /refused HTTP/1.1\r\n" + HOST + lines + b"\r\n" + body, codes or ("bad_request",)
    )


def chunks(name: str, body: bytes, *codes: str) -> Refused:
    """A chunked body with a fault."""
    head = b"POST /refused HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    return Refused(f"chunks: {name}", head + body, codes or ("bad_request",), in_body=True)


LINES = [
    line("two spaces before the target", b"GET  /refused HTTP/1.1"),
    line("two spaces after the target", b"GET /refused  HTTP/1.1"),
    line("a tab before the target", b"GET\t/refused HTTP/1.1", *BAD_OR_METHOD),
    line("a tab after the target", b"GET /refused\tHTTP/1.1"),
    line("a tab for the target's last byte", b"GET /refused\t HTTP/1.1"),
    line("a space before the method", b" GET /refused HTTP/1.1", *BAD_OR_METHOD),
    line("a space after the version", b"GET /refused HTTP/1.1 "),
    line("a tab after the version", b"GET /refused HTTP/1.1\t"),
    line("a space in the target", b"GET /ref used HTTP/1.1"),
    line("a vertical tab between the words", b"GET\x0b/refused\x0bHTTP/1.1", *BAD_OR_METHOD),
    line("a form feed before the version", b"GET /refused\x0cHTTP/1.1"),
    line("a no-break space between the words", b"GET\xa0/refused\xa0HTTP/1.1", *BAD_OR_METHOD),
    line("no target", b"GET HTTP/1.1", "bad_request", "version_not_supported"),
    line("an empty target", b"GET  HTTP/1.1"),
    line("no version", b"GET /refused", *BAD_OR_VERSION),
    line("no version, a space instead", b"GET /refused ", *BAD_OR_VERSION),
    line("the method alone", b"GET", *BAD_OR_METHOD),
    line("a path alone", b"/refused HTTP/1.1", *BAD_OR_METHOD),
    line("a target that begins without a slash", b"GET refused HTTP/1.1"),
    line("a target that is a query", b"GET ?refused HTTP/1.1"),
    line("a target that is a host and a port", b"GET gateway.test:80 HTTP/1.1"),
    line("an asterisk for GET", b"GET * HTTP/1.1"),
    line("an asterisk for POST", b"POST * HTTP/1.1"),
    line("an asterisk for M-SEARCH", b"M-SEARCH * HTTP/1.1", *BAD_OR_METHOD),
    line("an asterisk and more", b"OPTIONS *refused HTTP/1.1"),
    line("a fragment", b"GET /refused#part HTTP/1.1"),
    line("a fragment after a query", b"GET /refused?page=2#part HTTP/1.1"),
    line("a fragment in an absolute target", b"GET http://gateway.test/refused#part HTTP/1.1"),
    line("a NUL in the target", b"GET /ref\x00used HTTP/1.1"),
    line("an escape byte in the target", b"GET /ref\x1bused HTTP/1.1"),
    line("a delete byte in the target", b"GET /ref\x7fused HTTP/1.1"),
    line("letters beyond ASCII in the path", "GET /größe HTTP/1.1".encode()),
    line("letters beyond ASCII in the query", "GET /refused?größe=1 HTTP/1.1".encode()),
    line("a byte that is no UTF-8 in the path", b"GET /ref\xffused HTTP/1.1"),
    line("a bare CR in the target", b"GET /ref\rused HTTP/1.1"),
    line("a bare LF in the target", b"GET /ref\nused HTTP/1.1", *BAD_OR_VERSION),
    line("a bare LF and a field in the target", b"GET /refused\nA:b HTTP/1.1", *BAD_OR_VERSION),
    line("a bare LF, a version and a field in the target", b"GET /refused HTTP/1.1\nA:b HTTP/1.1", *BAD_OR_VERSION),
    line("a bare LF and a request in the target", b"POST /refused\nHost:a\nGET:/hidden HTTP/1.1", *BAD_OR_VERSION),
    line("a NUL in the method", b"G\x00ET /refused HTTP/1.1", *BAD_OR_METHOD),
    line("a method with a space in it", b"GE T /refused HTTP/1.1", *BAD_OR_METHOD),
    line("a method with a byte beyond ASCII", b"G\xc3\x89T /refused HTTP/1.1", *BAD_OR_METHOD),
    line("a method in brackets", b"(GET) /refused HTTP/1.1", *BAD_OR_METHOD),
    line("a method in quotes", b'"GET" /refused HTTP/1.1', *BAD_OR_METHOD),
    line("a method with a colon", b"GET: /refused HTTP/1.1", *BAD_OR_METHOD),
    line("a method in small letters", b"get /refused HTTP/1.1", *BAD_OR_METHOD),
    line("a method in mixed letters", b"Get /refused HTTP/1.1", *BAD_OR_METHOD),
    line("a method nobody defines", b"BREW /refused HTTP/1.1", *BAD_OR_METHOD),
    line("a known method and one letter more", b"MKCOLS /refused HTTP/1.1", *BAD_OR_METHOD),
    line("a known method less one letter", b"POS /refused HTTP/1.1", *BAD_OR_METHOD),
    line("a method of 5,000 letters", b"X" * 5000 + b" /refused HTTP/1.1", *BAD_OR_METHOD),
    line("CONNECT", b"CONNECT upstream.test:443 HTTP/1.1", *BAD_OR_METHOD, "method_not_allowed"),
    line("CONNECT with a path", b"CONNECT /refused HTTP/1.1", *BAD_OR_METHOD, "method_not_allowed"),
    line("CONNECT in HTTP/1.0", b"CONNECT upstream_2.test:443 HTTP/1.0", *BAD_OR_METHOD, "method_not_allowed"),
    line("a method of the streaming protocol", b"ANNOUNCE /refused HTTP/1.1", *BAD_OR_METHOD),
    line("the streaming protocol", b"PUT /refused RTSP/1.0", *BAD_OR_VERSION),
    line("the radio protocol", b"GET /refused ICE/1.0", *BAD_OR_VERSION),
    line("the radio protocol's method", b"SOURCE /refused ICE/1.0", *BAD_OR_METHOD, *VERSION),
    line("nearly the protocol's name", b"GET /refused XHTTP/1.1", *BAD_OR_VERSION),
    line("HTTP/0.9", b"GET /refused HTTP/0.9", *VERSION),
    line("HTTP/2.0", b"GET /refused HTTP/2.0", *VERSION),
    line("HTTP/2", b"GET /refused HTTP/2", *BAD_OR_VERSION),
    line("HTTP/3.0", b"GET /refused HTTP/3.0", *VERSION),
    line("HTTP/7.8", b"GET /refused HTTP/7.8", *VERSION),
    line("HTTP/1.2", b"GET /refused HTTP/1.2", *BAD_OR_VERSION),
    line("HTTP/1.10", b"GET /refused HTTP/1.10", *BAD_OR_VERSION),
    line("HTTP/01.1", b"GET /refused HTTP/01.1", *BAD_OR_VERSION),
    line("HTTP/1", b"GET /refused HTTP/1", *BAD_OR_VERSION),
    line("HTTP/1.", b"GET /refused HTTP/1.", *BAD_OR_VERSION),
    line("HTTP/.1", b"GET /refused HTTP/.1", *BAD_OR_VERSION),
    line("HTTP/1,1", b"GET /refused HTTP/1,1", *BAD_OR_VERSION),
    line("HTTP/+1.1", b"GET /refused HTTP/+1.1", *BAD_OR_VERSION),
    line("HTTP 1.1", b"GET /refused HTTP 1.1", *BAD_OR_VERSION),
    line("HTTP/ 1.1", b"GET /refused HTTP/ 1.1", *BAD_OR_VERSION),
    line("HTTP/1 .1", b"GET /refused HTTP/1 .1", *BAD_OR_VERSION),
    line("the version in small letters", b"GET /refused http/1.1", *BAD_OR_VERSION),
    line("a version of letters", b"GET /refused HTTP/a.b", *BAD_OR_VERSION),
    line("words after the version", b"GET /refused HTTP/1.1 HTTP/1.1"),
    line("the preface of HTTP/2", b"PRI * HTTP/2.0", *BAD_OR_METHOD, *VERSION),
    line("a target of 40,000 bytes", b"GET /" + b"r" * 40_000 + b" HTTP/1.1", "uri_too_long"),
    line("a query of 40,000 bytes", b"GET /refused?" + b"r" * 40_000 + b" HTTP/1.1", "uri_too_long"),
    Refused("line: a TLS greeting", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100), BAD_OR_METHOD),
    Refused("line: NULs", bytes(64), BAD_OR_METHOD),
    Refused("line: a bare LF at its end", b"GET /refused HTTP/1.1\n" + HOST + b"\r\n"),
    Refused("line: a bare CR at its end", b"GET /refused HTTP/1.1\r" + HOST + b"\r\n"),
    Refused("line: CR, CR, LF at its end", b"GET /refused HTTP/1.1\r\r\n" + HOST + b"\r\n"),
    Refused("line: LF everywhere", b"GET /refused HTTP/1.1\nHost: gateway.test\n\n"),
    Refused(
        "line: LF everywhere, chunked",
        b"POST /refused HTTP/1.1\nHost: gateway.test\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n",
    ),
]

HOSTS = [
    Refused("host: none", b"GET /refused HTTP/1.1\r\n\r\n"),
    Refused("host: none but other fields", b"GET /refused HTTP/1.1\r\nAccept: */*\r\n\r\n"),
    Refused("host: none with an absolute target", b"GET http://gateway.test/refused HTTP/1.1\r\n\r\n"),
    Refused("host: X-Host only", b"GET /refused HTTP/1.1\r\nX-Host: gateway.test\r\n\r\n"),
    Refused("host: twice the same", b"GET /refused HTTP/1.1\r\n" + HOST + HOST + b"\r\n"),
    Refused("host: twice in HTTP/1.0", b"GET /refused HTTP/1.0\r\n" + HOST + HOST + b"\r\n"),
    Refused("host: twice, differing", b"GET /refused HTTP/1.1\r\n" + HOST + b"Host: other.test\r\n\r\n"),
    Refused("host: twice, in another case", b"GET /refused HTTP/1.1\r\n" + HOST + b"hOST: gateway.test\r\n\r\n"),
    Refused("host: twice, the second empty", b"GET /refused HTTP/1.1\r\n" + HOST + b"Host:\r\n\r\n"),
    Refused("host: twice, the first empty", b"GET /refused HTTP/1.1\r\nHost:\r\n" + HOST + b"\r\n"),
    Refused("host: twice with others between", b"GET /refused HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 20 + HOST + b"\r\n"),
    Refused(
        "host: twice with an absolute target", b"GET http://gateway.test/refused HTTP/1.1\r\n" + HOST * 2 + b"\r\n"
    ),
]

FIELDS = [
    fields("folded by a space", b"A: b\r\n c\r\n"),
    fields("folded by a tab", b"A: b\r\n\tc\r\n"),
    fields("folded at once", b"A:\r\n b\r\n"),
    fields("folded to an empty line", b"A: b\r\n \r\n"),
    fields("folded, hiding a length", b"A: b\r\n Content-Length: 41\r\n"),
    fields("a folded Connection", b"Connection: keep-alive,\r\n close\r\n"),
    fields("a folded name", b"A\r\n : b\r\n"),
    fields("a space before the colon", b"A : b\r\n"),
    fields("a tab before the colon", b"A\t: b\r\n"),
    fields("a space in the name", b"A b: c\r\n"),
    fields("an empty name", b": b\r\n"),
    fields("a colon alone", b":\r\n"),
    fields("no colon", b"A\r\n"),
    fields("no colon, a space", b"A b\r\n"),
    fields("an equals sign for the colon", b"A=b\r\n"),
    fields("a NUL in the name", b"A\x00: b\r\n"),
    fields("a control byte in the name", b"A\x01b: c\r\n"),
    fields("a delete byte in the name", b"A\x7fb: c\r\n"),
    fields("an at sign in the name", b"A@b: c\r\n"),
    fields("a slash in the name", b"A/b: c\r\n"),
    fields("brackets in the name", b"A(b): c\r\n"),
    fields("a quoted name", b'"A": c\r\n'),
    fields("a comma in the name", b"A,b: c\r\n"),
    fields("a semicolon in the name", b"A;b: c\r\n"),
    fields("letters beyond ASCII in the name", "Größe: 1\r\n".encode()),
    fields("a byte that is no UTF-8 in the name", b"\xffA: b\r\n"),
    fields("a NUL in the value", b"A: b\x00c\r\n"),
    fields("a NUL as the value", b"A: \x00\r\n"),
    fields("an escape byte in the value", b"A: b\x1bc\r\n"),
    fields("a form feed in the value", b"A: b\x0cc\r\n"),
    fields("a form feed as the value", b"A: \x0c\r\n"),
    fields("a vertical tab in the value", b"A: b\x0bc\r\n"),
    fields("a delete byte in the value", b"A: b\x7fc\r\n"),
    fields("a bell in the value", b"A: b\x07c\r\n"),
    fields("a bare CR in the value", b"A: b\rc\r\n"),
    fields("a bare CR and another field", b"A: b\rB: c\r\n"),
    fields("a bare CR before another length", b"A:\rContent-Length: 5\r\n"),
    fields("a bare CR in the name", b"A\rB: c\r\n"),
    fields("a broken Connection", b"Connection\r\x1b\x05\xd5eep-alive\r\nA: b\r\n"),
    fields("a CR twice at the end of a line", b"A: b\r\r\n"),
    fields("a bare LF at the end of a line", b"A: b\n"),
    fields("a bare LF and another field", b"A: b\nB: c\r\n"),
    fields("a bare LF and a coding", b"A: b\nTransfer-Encoding: chunked\r\n"),
    fields("a bare LF after the colon and a coding", b"A:\nTransfer-Encoding: chunked\r\n"),
    fields("a bare CR after the colon and a coding", b"A:\rTransfer-Encoding: chunked\r\n"),
    fields("a bare LF and a length that hides a request", b"A: x\nContent-Length: 44\r\n"),
    fields("a name of 40,000 bytes", b"A" * 40_000 + b": b\r\n", "header_too_large", "bad_request"),
    fields("a value of 40,000 bytes", b"A: " + b"b" * 40_000 + b"\r\n", "header_too_large"),
    fields("10,000 fields", b"".join(b"A%d: b\r\n" % at for at in range(10_000)), "header_too_large"),
    fields("10,000 empty fields", b"A:\r\n" * 10_000, "header_too_large"),
    Refused("field: a space before the first", b"GET /refused HTTP/1.1\r\n Host: gateway.test\r\n\r\n"),
    Refused("field: a tab before the first", b"GET /refused HTTP/1.1\r\n\tHost: gateway.test\r\n\r\n"),
    Refused("field: a blank before the first of two", b"GET /refused HTTP/1.1\r\n A: b\r\n" + HOST + b"\r\n"),
    Refused("field: a line of one space at the end", b"GET /refused HTTP/1.1\r\n" + HOST + b" \r\n\r\n"),
    Refused(
        "field: a bare CR for the empty line",
        b"GET /refused HTTP/1.1\r\n" + HOST + b"\rGET /hidden HTTP/1.1\r\n" + HOST + b"\r\n",
    ),
    Refused("field: a bare LF for the empty line", b"GET /refused HTTP/1.1\r\n" + HOST + b"\n"),
    Refused(
        "field: CR and a letter for the empty line",
        b"GET /refused HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\rXGET /: HTTP/1.1\r\n\r\n",
    ),
    Refused("field: a status line among them", b"GET /refused HTTP/1.1\r\nHTTP/1.1 200 OK\r\n" + HOST + b"\r\n"),
    Refused("field: a reply for a request", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", BAD_OR_METHOD),
]

FRAMING = [
    posted("a length and chunked", b"Content-Length: 15\r\nTransfer-Encoding: chunked\r\n"),
    posted("chunked and a length", b"Transfer-Encoding: chunked\r\nContent-Length: 15\r\n"),
    posted("a length of 0 and chunked", b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
    posted("chunked and a length of 0", b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"),
    posted("a length and identity", b"Content-Length: 5\r\nTransfer-Encoding: identity\r\n", b"hello"),
    posted("identity and a length", b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n", b"hello"),
    posted("an empty coding and a length", b"Transfer-Encoding:\r\nContent-Length: 5\r\n", b"hello"),
    posted("a length and three empty codings", b"Content-Length: 5\r\n" + b"Transfer-Encoding:\r\n" * 3, b"hello"),
    posted(
        "a length that hides a request, and chunked",
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"0\r\n\r\nGET /hidden HTTP/1.1\r\n" + HOST + b"\r\n",
    ),
    posted("a bare LF before a hidden length", b"A: b\nContent-Length: 5\r\n", b"hello"),
    posted("a CR for the hyphen of a length", b"Content\rLength: 5\r\n", b"hello"),
    posted("a folded coding", b"Transfer-Encoding: chunked\r\n identity\r\n"),
    posted("a coding folded at once", b"Transfer-Encoding:\r\n chunked\r\n"),
    posted("a folded length", b"Content-Length:\r\n 5\r\n", b"hello"),
    posted("a length of two lines", b"Content-Length: 1\r\n 5\r\n", b"hello"),
    Refused(
        "framing: CR instead of CRLF before the body",
        b"POST /refused HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\rhello",
    ),
    Refused(
        "framing: LF instead of CRLF before the body",
        b"POST /refused HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\nhello",
    ),
    Refused(
        "framing: chunked in HTTP/1.0",
        b"POST /refused HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + HELLO,
    ),
    Refused(
        "framing: chunked in HTTP/1.0, kept alive",
        b"POST /refused HTTP/1.0\r\n" + HOST + b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" + HELLO,
    ),
    Refused(
        "framing: both in HTTP/1.0",
        b"POST /refused HTTP/1.0\r\n" + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + HELLO,
    ),
    Refused(
        "framing: identity in HTTP/1.0", b"POST /refused HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: identity\r\n\r\n"
    ),
    Refused(
        "framing: a GET with both",
        b"GET /refused HTTP/1.1\r\n" + HOST + b"Content-Length: 15\r\nTransfer-Encoding: chunked\r\n\r\n" + HELLO,
    ),
    Refused(
        "framing: an upgrade with both",
        b"GET /refused HTTP/1.1\r\n"
        + HOST
        + b"Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 15\r\nTransfer-Encoding: chunked\r\n\r\n"
        + HELLO,
    ),
]

CHUNKS = [
    chunks("a sign before the size", b"+5\r\nhello\r\n0\r\n\r\n"),
    chunks("a minus before the size", b"-5\r\nhello\r\n0\r\n\r\n"),
    chunks("0x before the size", b"0x5\r\nhello\r\n0\r\n\r\n"),
    chunks("0X before the size", b"0X5\r\nhello\r\n0\r\n\r\n"),
    chunks("no hexadecimal digit", b"g\r\nhello\r\n0\r\n\r\n"),
    chunks("a size with h", b"5h\r\nhello\r\n0\r\n\r\n"),
    chunks("an underscore in the size", b"0_5\r\nhello\r\n0\r\n\r\n"),
    chunks("a comma in the size", b"0,5\r\nhello\r\n0\r\n\r\n"),
    chunks("a point in the size", b"5.0\r\nhello\r\n0\r\n\r\n"),
    chunks("a quoted size", b'"5"\r\nhello\r\n0\r\n\r\n'),
    chunks("an empty size", b"\r\nhello\r\n0\r\n\r\n"),
    chunks("an extension without a size", b";a=b\r\nhello\r\n0\r\n\r\n"),
    chunks("a space before the size", b" 5\r\nhello\r\n0\r\n\r\n"),
    chunks("a tab before the size", b"\t5\r\nhello\r\n0\r\n\r\n"),
    chunks("a space after the size", b"5 \r\nhello\r\n0\r\n\r\n"),
    chunks("a tab after the size", b"5\t\r\nhello\r\n0\r\n\r\n"),
    chunks("a space before an extension", b"5 ;a=b\r\nhello\r\n0\r\n\r\n"),
    chunks("a space after the semicolon", b"5; a=b\r\nhello\r\n0\r\n\r\n"),
    chunks("a space in the size", b"0 5\r\nhello\r\n0\r\n\r\n"),
    chunks("a NUL after the size", b"5\x00\r\nhello\r\n0\r\n\r\n"),
    chunks("a vertical tab after the size", b"5\x0b\r\nhello\r\n0\r\n\r\n"),
    chunks("words without a semicolon", b"5 words\r\nhello\r\n0\r\n\r\n"),
    chunks("a semicolon and no extension", b"5;\r\nhello\r\n0\r\n\r\n"),
    chunks("an open quote in an extension", b'5;a="b\r\nhello\r\n0\r\n\r\n'),
    chunks("a bare CR in an extension", b"5;a=b\rc\r\nhello\r\n0\r\n\r\n"),
    chunks("a bare LF in an extension", b"5;a=b\nc\r\nhello\r\n0\r\n\r\n"),
    chunks("a NUL in an extension", b"5;a=\x00\r\nhello\r\n0\r\n\r\n"),
    chunks("LF after the size", b"5\nhello\r\n0\r\n\r\n"),
    chunks("CR after the size", b"5\rhello\r\n0\r\n\r\n"),
    chunks("CR, CR after the size", b"5\r\r;ABCD\r\n34\r\nE\r\n0\r\n\r\n"),
    chunks("LF after the data", b"5\r\nhello\n0\r\n\r\n"),
    chunks("CR after the data", b"5\r\nhello\r0\r\n\r\n"),
    chunks("nothing after the data", b"5\r\nhello0\r\n\r\n"),
    chunks("one byte more than told", b"5\r\nhello!\r\n0\r\n\r\n"),
    chunks("one byte less than told", b"6\r\nhello\r\n0\r\n\r\n"),
    chunks("two lines after the data", b"5\r\nhello\r\n\r\n0\r\n\r\n"),
    chunks("no final chunk", b"5\r\nhello\r\n\r\n"),
    chunks("a size of 17 digits", b"10000000000000005\r\nhello\r\n0\r\n\r\n", "bad_request", "body_too_large"),
    chunks("a size that wraps at 64 bits", b"FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", "bad_request", "body_too_large"),
    chunks(
        "an extension of 5,000,000 bytes",
        b"5;a=" + b"b" * 5_000_000 + b"\r\nhello\r\n0\r\n\r\n",
        "bad_request",
        "header_too_large",
    ),
    chunks(
        "a size of 5,000,000 zeros", b"0" * 5_000_000 + b"5\r\nhello\r\n0\r\n\r\n", "bad_request", "header_too_large"
    ),
    chunks("a length among the trailers", b"5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n"),
    chunks("a coding among the trailers", b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    chunks("trailers without a colon", b"5\r\nhello\r\n0\r\nwords\r\n\r\n"),
    chunks("a folded trailer", b"5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n"),
    chunks("a trailer with a space before the colon", b"5\r\nhello\r\n0\r\nA : b\r\n\r\n"),
    chunks("a trailer with a NUL", b"5\r\nhello\r\n0\r\nA: \x00\r\n\r\n"),
    chunks("a trailer that ends in LF", b"5\r\nhello\r\n0\r\nA: b\n\r\n"),
    chunks("LF for the last empty line", b"5\r\nhello\r\n0\r\n\n"),
    chunks(
        "a trailer of 5,000,000 bytes",
        b"5\r\nhello\r\n0\r\nA: " + b"b" * 5_000_000 + b"\r\n\r\n",
        "bad_request",
        "header_too_large",
    ),
    chunks(
        "1,000,000 trailers",
        b"5\r\nhello\r\n0\r\n" + b"A: b\r\n" * 1_000_000 + b"\r\n",
        "bad_request",
        "header_too_large",
    ),
]

SIZES = [
    Refused(
        "size: a length beyond the limit", request("POST", "/refused", "Content-Length: 67108865"), ("body_too_large",)
    ),
    Refused(
        "size: a length beyond 2^63",
        request("POST", "/refused", "Content-Length: 9223372036854775808"),
        ("body_too_large", "bad_request"),
    ),
    Refused(
        "size: a length of 2^64 - 1",
        request("POST", "/refused", "Content-Length: 18446744073709551615"),
        ("body_too_large", "bad_request"),
    ),
    Refused(
        "size: a length and expectation beyond the limit",
        request("POST", "/refused", "Expect: 100-continue", "Content-Length: 67108865"),
        ("body_too_large",),
    ),
]

CASES = LINES + HOSTS + FIELDS + FRAMING + CHUNKS + SIZES
assert chunked(b"hello") == HELLO
