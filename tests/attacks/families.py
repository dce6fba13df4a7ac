"""The published families of request smuggling, several variants of each, and what HTTP says of every group.

Each attack is what a client sends on one connection. It hides a request for `/hidden` where only a server that reads
the bytes in another way than its neighbour finds it. No proxy is known here, nor what becomes of an attack.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.support.client import chunked, request

HOST = b"Host: gateway.test\r\n"
HIDDEN = request("GET", "/hidden")
FINAL = b"0\r\n\r\n"


@dataclass(frozen=True)
class Attack:
    """What is sent, in pieces that the proxy reads one by one. `careless` says that it is aimed at an origin that
    answers without reading bodies, and takes them for the next request."""

    family: str
    group: str
    name: str
    pieces: tuple[bytes, ...]
    careless: bool = False


NOTES: dict[str, str] = {
    "a length and chunked": "RFC 9112, 6.1 allows to drop the length and forward; the gateway refuses, since whoever "
    "sends both is broken or hostile",
    "a length that hides a chunked end": "the same; after such a request the connection must be closed in any case",
    "a coding that is not chunked": "RFC 9112, 6.1: the last coding of a request must be chunked; any other is 400 or "
    "501, and the gateway takes chunked alone",
    "two codings": "`chunked` twice is forbidden (RFC 9112, 7.1), and other codings before it are not taken",
    "a coding named oddly": "white space before the colon must be refused (RFC 9112, 5.1), other bytes are no field "
    "name (RFC 9110, 5.1)",
    "a coding behind a broken line": "bare CR and folding may be replaced by blanks (RFC 9112, 2.2 and 5.2); the "
    "gateway refuses what has to be repaired",
    "an underscore": "a field of another name, no framing: it passes, but not where it spells one of the gateway's own "
    "fields, since servers behind CGI or WSGI read `_` as `-`",
    "chunked in HTTP/1.0": "HTTP/1.0 has no coding: faulty framing, RFC 9112, 6.1",
    "a body where none is usual": "the length counts for every method (RFC 9112, 6.3): it is forwarded with its length "
    "and nothing is found in it",
    "a body nobody announced": "what follows a complete request is the next request, and it is routed as one",
    "an origin that ignores bodies": "the origin's fault, and no proxy stops it that uses connections again: the "
    "sender may read the answer it did not ask for. A connection at rest that says more than it was asked is closed",
    "an odd length": "a length is digits only; any other value is an error that cannot be repaired (RFC 9112, 6.3)",
    "two lengths": "equal values may be taken as one (RFC 9112, 6.3); the gateway refuses every repetition",
    "an extension": "extensions are dropped with the framing, which is always made anew (RFC 9112, 7.1.1)",
    "a line end in an extension": "a chunk's line ends in CRLF only; 'recipients may take LF' is not for chunks",
    "an odd chunk size": "a size is hexadecimal digits only, and must not wrap (RFC 9112, 7.1)",
    "a chunk longer or shorter than told": "the data must be followed by CRLF",
    "an odd end of the chunks": "the last chunk, the trailers and an empty line, each with CRLF; trailers are dropped",
    "bare LF": "RFC 9112, 2.2 lets a recipient take LF for CRLF; the gateway does not, since not all do",
    "bare CR": "RFC 9112, 2.2: invalid, or replaced by a blank; the gateway refuses it",
    "empty lines before a request": "RFC 9112, 2.2: at least one is ignored",
    "an expectation": "only `100-continue` is one (RFC 9110, 10.1.1): it never changes the framing",
    "an odd expectation": "what is no expectation is dropped by the gateway; 417 is allowed as well",
    "fields named in Connection": "named fields are dropped, but never those that frame or route (RFC 9110, 7.6.1)",
    "the end of a connection": "after `close` nothing more is read (RFC 9112, 9.6)",
    "another Host on a used connection": "each request is routed by its own Host",
    "a pause": "a request that comes in parts with time between them is the same request",
    "an upgrade": "the bytes behind belong to the tunnel only once the model answered 101; else they are HTTP",
    "an upgrade with a body": "the body belongs to the request; the upgrade is asked for all the same, or dropped",
    "an upgrade to HTTP/2": "never forwarded: requests inside would pass the gateway unseen",
    "CONNECT": "no tunnel is made by it: 501 (RFC 9110, 9.3.6)",
    "an odd target": "a target is a path or an http URL (RFC 9112, 3.2); the authority of a URL wins over Host",
    "an odd Host": "missing, repeated or malformed is 400 (RFC 9112, 3.2)",
    "an odd version": "505, or 400 where it is no version at all",
    "an odd request line": "one space between three words (RFC 9112, 3); other white space may be taken, and is not",
}


def head(lines: bytes, *, first: bytes = b"POST /attack HTTP/1.1") -> bytes:
    """A request's head with those field lines, each with its end."""
    return first + b"\r\n" + HOST + lines + b"\r\n"


def both(lines: bytes, body: bytes) -> bytes:
    """A head with these framing lines, and a body."""
    return head(lines) + body


def coding(value: bytes) -> bytes:
    return b"Transfer-Encoding: " + value + b"\r\n"


def length(value: bytes | int) -> bytes:
    return b"Content-Length: " + (b"%d" % value if isinstance(value, int) else value) + b"\r\n"


BEHIND_END = FINAL + HIDDEN
"""A chunked body's end, with a request behind it that belongs to the body by its length."""
IN_CHUNK = chunked(HIDDEN)
"""A chunk that is a request for whoever reads by a short length."""
SHORT = length(IN_CHUNK.index(b"\r\n") + 2)
"""The length up to that chunk's data."""
CHUNKED = coding(b"chunked")


def written(value: bytes) -> str:
    """A value as the name of its case."""
    return f"`{ascii(value)[2:-1]}`" if value else "nothing"


def group(family: str, name: str, cases: dict[str, bytes]) -> Iterator[Attack]:
    """The cases of a group, each sent in one piece."""
    for case, data in cases.items():
        yield Attack(family, name, case, (data,))


def cl_te() -> Iterator[Attack]:
    """In front by length, behind by chunks."""
    of = length(len(BEHIND_END))
    lines = {
        "length first": of + CHUNKED,
        "coding first": CHUNKED + of,
        "apart": of + b"A: b\r\n" * 10 + CHUNKED,
        "in small letters": of.lower() + CHUNKED.lower(),
        "in capitals": of.upper() + CHUNKED.upper(),
        "no blanks": of.replace(b": ", b":") + CHUNKED.replace(b": ", b":"),
        "zeros before the length": length(b"00%d" % len(BEHIND_END)) + CHUNKED,
        "in HTTP/1.1 kept alive": b"Connection: keep-alive\r\n" + of + CHUNKED,
        "named in Connection": b"Connection: content-length\r\n" + of + CHUNKED,
    }
    yield from group(
        "CL.TE", "a length that hides a chunked end", {name: both(each, BEHIND_END) for name, each in lines.items()}
    )
    gets = {
        f"by {method.decode()}": head(of + CHUNKED, first=method + b" /attack HTTP/1.1") + BEHIND_END
        for method in (b"GET", b"HEAD", b"OPTIONS", b"DELETE", b"PUT")
    }
    yield from group("CL.TE", "a length that hides a chunked end", gets)


def te_cl() -> Iterator[Attack]:
    """In front by chunks, behind by length."""
    lines = {
        "length first": SHORT + CHUNKED,
        "coding first": CHUNKED + SHORT,
        "length 0": length(0) + CHUNKED,
        "in small letters": SHORT.lower() + CHUNKED.lower(),
        "coding named in Connection": b"Connection: transfer-encoding\r\n" + SHORT + CHUNKED,
        "blanks around the coding": SHORT + b"Transfer-Encoding:  chunked \t\r\n",
        "two lengths": SHORT + length(len(IN_CHUNK)) + CHUNKED,
    }
    yield from group("TE.CL", "a length and chunked", {name: both(each, IN_CHUNK) for name, each in lines.items()})
    methods = {
        f"by {method.decode()}": head(SHORT + CHUNKED, first=method + b" /attack HTTP/1.1") + IN_CHUNK
        for method in (b"GET", b"PUT", b"DELETE")
    }
    yield from group("TE.CL", "a length and chunked", methods)


CODINGS = [
    b"xchunked", b"chunkedx", b"chunked;a=b", b'"chunked"', b"'chunked'", b"chunked:", b"identity", b"gzip", b"",
    b"chunk", b"x", b"*", b"\x0bchunked", b"\x0cchunked", b"chunked\x00", b"\xffchunked", b"chunked\xa0",
]  # fmt: skip
PAIRS = [
    b"chunked, identity", b"identity, chunked", b"chunked, chunked", b"chunked,", b",chunked", b"gzip, chunked",
    b"chunked, gzip", b"cow, chunked", b"chunked chunked",
]  # fmt: skip
NAMES = [
    b"Transfer-Encoding ", b"Transfer-Encoding\t", b" Transfer-Encoding", b"Transfer Encoding",
    b"Transfer-Encoding\x00", b"\x00Transfer-Encoding", b"Transfer-Encoding\x0b", b"Transfer-Encoding\xa0",
    b"Transfer-\x01Encoding", b"Transfer\xadEncoding", b'"Transfer-Encoding"', b"Tr\xc3\xa4nsfer-Encoding",
    b"(Transfer-Encoding)",
]  # fmt: skip
BROKEN = {
    "behind a bare LF": b"A: b\nTransfer-Encoding: chunked\r\n",
    "behind a bare CR": b"A: b\rTransfer-Encoding: chunked\r\n",
    "folded by a space": b"Transfer-Encoding:\r\n chunked\r\n",
    "folded by a tab": b"Transfer-Encoding:\r\n\tchunked\r\n",
    "in a folded line": b"A: b\r\n Transfer-Encoding: chunked\r\n",
    "folded, then another": b"Transfer-Encoding: chunked\r\n , identity\r\n",
    "behind LF CR": b"A: b\n\rTransfer-Encoding: chunked\r\n",
    "a CR before the value": b"Transfer-Encoding:\rchunked\r\n",
    "an LF before the value": b"Transfer-Encoding:\nchunked\r\n",
    "a CR behind the value": b"Transfer-Encoding: chunked\r\r\n",
}


def te_te() -> Iterator[Attack]:
    """A coding that one of two servers does not recognise."""
    of = length(len(BEHIND_END))
    yield from group(
        "TE.TE", "a coding that is not chunked", {written(v): both(of + coding(v), BEHIND_END) for v in CODINGS}
    )
    yield from group("TE.TE", "two codings", {v.decode(): both(of + coding(v), BEHIND_END) for v in PAIRS})
    fields = {
        "chunked and identity": CHUNKED + coding(b"identity"),
        "identity and chunked": coding(b"identity") + CHUNKED,
        "chunked and nonsense": CHUNKED + coding(b"x"),
        "nonsense and chunked": coding(b"x") + CHUNKED,
        "chunked twice": CHUNKED + CHUNKED,
    }
    yield from group("TE.TE", "two codings", {k: both(v, BEHIND_END) for k, v in fields.items()})
    old = {
        "alone": coding(b"chunked"),
        "with a length": of + CHUNKED,
        "kept alive": b"Connection: keep-alive\r\n" + of + CHUNKED,
    }
    yield from group(
        "TE.TE",
        "chunked in HTTP/1.0",
        {k: head(v, first=b"POST /attack HTTP/1.0") + BEHIND_END for k, v in old.items()},
    )


def names() -> Iterator[Attack]:
    """Field names that one of two servers repairs."""
    of = length(len(BEHIND_END))
    yield from group(
        "Header names", "a coding named oddly", {written(v): both(of + v + b": chunked\r\n", BEHIND_END) for v in NAMES}
    )
    lengths = [b"Content-Length ", b"Content-Length\t", b"Content Length", b"Content-Length\x00"]
    yield from group(
        "Header names",
        "a coding named oddly",
        {written(v): both(CHUNKED + v + b": 5\r\n", IN_CHUNK) for v in lengths},
    )
    yield from group(
        "Header names", "a coding behind a broken line", {k: both(of + v, BEHIND_END) for k, v in BROKEN.items()}
    )
    scores = {
        "Transfer_Encoding": both(of + b"Transfer_Encoding: chunked\r\n", BEHIND_END),
        "Content_Length": both(of + b"Content_Length: 5\r\n", BEHIND_END),
        "X_Gateway_Variant": head(b"X_Gateway_Variant: forged\r\n", first=b"GET /attack HTTP/1.1"),
        "X_Forwarded_For": head(b"X_Forwarded_For: 10.0.0.1\r\n", first=b"GET /attack HTTP/1.1"),
        "X-Request_Id": head(b"X-Request_Id: forged\r\n", first=b"GET /attack HTTP/1.1"),
    }
    yield from group("Header names", "an underscore", scores)


def cl_0() -> Iterator[Attack]:
    """A length that the server behind ignores, or that is none."""
    methods = {
        method: request(method, "/attack", body=HIDDEN)
        for method in ("GET", "HEAD", "OPTIONS", "DELETE", "POST", "PATCH", "REPORT")
    }
    yield from group("CL.0", "a body where none is usual", methods)
    plain = {
        "no length": head(b"") + HIDDEN,
        "length 0": head(length(0)) + HIDDEN,
        "length 00": head(length(b"00")) + HIDDEN,
        "no chunk": head(CHUNKED) + FINAL + HIDDEN,
        "GET": head(b"", first=b"GET /attack HTTP/1.1") + HIDDEN,
    }
    yield from group("CL.0", "a body nobody announced", plain)
    values = [
        b"", b"+5", b"-0", b"0x44", b"5\x0b", b"5,5", b"5, 6", b"5;", b"4 4", b"5\x00", b"99999999999999999999",
        b"\xb2", b"1e1", b"0_5",
    ]  # fmt: skip
    yield from group("CL.0", "an odd length", {f"{written(v)} as length": both(length(v), HIDDEN) for v in values})
    pairs = {"5 and 5": (5, 5), "0 and all": (0, len(HIDDEN)), "all and 0": (len(HIDDEN), 0)}
    yield from group("CL.0", "two lengths", {k: both(length(a) + length(b), HIDDEN) for k, (a, b) in pairs.items()})
    for method in ("GET", "POST", "OPTIONS", "PUT"):
        attack = Attack("CL.0", "an origin that ignores bodies", method, (request(method, "/attack", body=HIDDEN),))
        yield replace(attack, careless=True)


def chunk_extensions() -> Iterator[Attack]:
    """Lines of chunks that two servers end in different places."""
    inside = b"%x\r\n" % len(HIDDEN)
    plain = {
        "a name": b"5;a\r\nhello\r\n" + FINAL,
        "a value": b"5;a=b\r\nhello\r\n" + FINAL,
        "a quoted value": b'5;a="b;c"\r\nhello\r\n' + FINAL,
        "a value like a size": b"5;" + inside.strip() + b"\r\nhello\r\n" + FINAL,
        "on the last chunk": b"5\r\nhello\r\n0;a=b\r\n\r\n",
        "of 8,000 bytes": b"5;a=" + b"b" * 8000 + b"\r\nhello\r\n" + FINAL,
    }
    yield from group("Chunk extensions", "an extension", {k: both(CHUNKED, v) for k, v in plain.items()})
    ends = {
        "LF in an extension": b"5;\nhello\r\n" + FINAL,
        "LF behind a name (TERM.EXT)": b"2;\nxx\r\n%x\r\n" % (len(FINAL) + len(HIDDEN))
        + FINAL
        + HIDDEN
        + b"\r\n"
        + FINAL,
        "CR in an extension": b"5;a\rb\r\nhello\r\n" + FINAL,
        "CR and LF apart": b"5;a\r;\nhello\r\n" + FINAL,
        "LF for CRLF (EXT.TERM)": b"5\nhello\r\n" + FINAL,
        "CR for CRLF": b"5\rhello\r\n" + FINAL,
        "LF behind the data (SPILL)": b"5\r\nhello\n" + FINAL,
        "CR behind the data": b"5\r\nhello\r" + FINAL,
        "two bytes of anything behind the data": b"5\r\nhelloXX" + FINAL,
        "a NUL in an extension": b"5;a=\x00\r\nhello\r\n" + FINAL,
        "CR CR LF": b"5\r\r\nhello\r\n" + FINAL,
    }
    yield from group(
        "Chunk extensions", "a line end in an extension", {k: both(CHUNKED, v) + HIDDEN for k, v in ends.items()}
    )
    sizes = [
        b"+5", b"-5", b"0x5", b" 5", b"5 ", b"5\t", b"0_5", b"5.0", b"05 05", b"", b"5h", b"F" * 17,
        b"1" + b"0" * 15 + b"5", b"5,5", b'"5"', b"\xb2",
    ]  # fmt: skip
    yield from group(
        "Chunk extensions",
        "an odd chunk size",
        {written(v) + " as size": both(CHUNKED, v + b"\r\nhello\r\n" + FINAL) + HIDDEN for v in sizes},
    )
    wrong = {
        "one byte more": b"4\r\nhello\r\n" + FINAL,
        "one byte less": b"6\r\nhello\r\n" + FINAL,
        "no end of the data": b"5\r\nhello" + FINAL,
        "two ends": b"5\r\nhello\r\n\r\n" + FINAL,
    }
    yield from group(
        "Chunk extensions",
        "a chunk longer or shorter than told",
        {k: both(CHUNKED, v) + HIDDEN for k, v in wrong.items()},
    )
    last = {
        "LF at the end": b"5\r\nhello\r\n0\r\n\n",
        "LF LF at the end": b"5\r\nhello\r\n0\n\n",
        "CR at the end": b"5\r\nhello\r\n0\r\n\r",
        "a length as trailer": b"5\r\nhello\r\n0\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN),
        "a Host as trailer": b"5\r\nhello\r\n0\r\nHost: other.test\r\n\r\n",
        "a request as trailer": b"5\r\nhello\r\n0\r\n" + HIDDEN,
        "a folded trailer": b"5\r\nhello\r\n0\r\nA: b\r\n GET /hidden HTTP/1.1\r\n\r\n",
    }
    yield from group(
        "Chunk extensions", "an odd end of the chunks", {k: both(CHUNKED, v) + HIDDEN for k, v in last.items()}
    )


def line_ends() -> Iterator[Attack]:
    """Line terminators."""
    get = b"GET /attack HTTP/1.1"
    bare = {
        "everywhere": b"GET /attack HTTP/1.1\nHost: gateway.test\n\n",
        "behind the request line": get + b"\n" + HOST + b"\r\n",
        "behind a field": get + b"\r\nHost: gateway.test\nA: b\r\n\r\n",
        "for the empty line": get + b"\r\n" + HOST + b"\n" + HIDDEN,
        "before a second Host": get + b"\r\n" + HOST + b"A: b\nHost: other.test\r\n\r\n",
        "hiding a length": b"POST /attack HTTP/1.1\r\n"
        + HOST
        + b"A: b\nContent-Length: %d\r\n\r\n" % len(HIDDEN)
        + HIDDEN,
        "in the target": b"GET /attack\nHost: a HTTP/1.1\r\n" + HOST + b"\r\n",
        "and a field in the target": b"GET /attack\nA:b HTTP/1.1\r\n" + HOST + b"\r\n",
    }
    yield from group("Line terminators", "bare LF", bare)
    yield from group("Line terminators", "bare CR", {k: re.sub(rb"(?<!\r)\n", b"\r", v) for k, v in bare.items()})
    yield from group(
        "Line terminators", "bare CR", {"CR CR LF CR CR LF": get + b"\r\r\n" + HOST.replace(b"\r", b"\r\r") + b"\r\r\n"}
    )
    blank = {
        "one CRLF": b"\r\n" + head(b"", first=get),
        "five CRLF": b"\r\n" * 5 + head(b"", first=get),
        "an LF": b"\n" + head(b"", first=get),
        "behind a body": request("POST", "/attack", body=b"hello") + b"\r\n" + HIDDEN,
    }
    yield from group("Line terminators", "empty lines before a request", blank)


def request_lines() -> Iterator[Attack]:
    """Request lines that two servers split in different places."""
    first = {
        "two spaces": b"GET  /attack HTTP/1.1", "a tab": b"GET\t/attack HTTP/1.1",
        "a tab behind": b"GET /attack\tHTTP/1.1", "a space at the end": b"GET /attack HTTP/1.1 ",
        "a space before": b" GET /attack HTTP/1.1", "a NUL": b"GET /at\x00tack HTTP/1.1",
        "a space in the target": b"GET /attack HTTP/1.1 /hidden HTTP/1.1",
        "a vertical tab": b"GET\x0b/attack\x0bHTTP/1.1", "a high byte": b"GET /att\xe4ck HTTP/1.1",
    }  # fmt: skip
    yield from group("Request line", "an odd request line", {k: head(b"", first=v) for k, v in first.items()})
    versions = [
        b"HTTP/0.9",
        b"HTTP/1.2",
        b"HTTP/2.0",
        b"http/1.1",
        b"HTTP/1.1.1",
        b"HTTP/11",
        b"XTTP/1.1",
        b"HTTP /1.1",
    ]
    yield from group(
        "Request line", "an odd version", {v.decode(): head(b"", first=b"GET /attack " + v) for v in versions}
    )
    targets = {
        "an asterisk": b"GET * HTTP/1.1", "a URL": b"GET http://gateway.test/attack HTTP/1.1",
        "another URL": b"GET http://other.test/attack HTTP/1.1",
        "another scheme": b"GET ftp://gateway.test/a HTTP/1.1",
        "with an account": b"GET http://a:b@gateway.test/attack HTTP/1.1", "no slash": b"GET attack HTTP/1.1",
        "a fragment": b"GET /attack#a HTTP/1.1", "dot segments": b"GET /attack/../hidden HTTP/1.1",
        "encoded dot segments": b"GET /attack/%2e%2e/hidden HTTP/1.1",
    }  # fmt: skip
    yield from group("Request line", "an odd target", {k: head(b"", first=v) for k, v in targets.items()})


def expectations() -> Iterator[Attack]:
    """Expect."""
    expect = b"Expect: 100-continue\r\n"
    good = {
        "a body that is a request": both(expect + length(len(HIDDEN)), HIDDEN),
        "a body by GET": head(expect + length(len(HIDDEN)), first=b"GET /attack HTTP/1.1") + HIDDEN,
        "a body by HEAD": head(expect + length(len(HIDDEN)), first=b"HEAD /attack HTTP/1.1") + HIDDEN,
        "a body by OPTIONS": head(expect + length(len(HIDDEN)), first=b"OPTIONS /attack HTTP/1.1") + HIDDEN,
        "chunks": both(expect + CHUNKED, IN_CHUNK),
        "no body": head(expect) + HIDDEN,
        "length 0": head(expect + length(0)) + HIDDEN,
        "twice": both(expect * 2 + length(len(HIDDEN)), HIDDEN),
        "in HTTP/1.0": head(expect + length(len(HIDDEN)), first=b"POST /attack HTTP/1.0") + HIDDEN,
        "both framings": both(expect + length(len(BEHIND_END)) + CHUNKED, BEHIND_END),
    }
    yield from group("Expect", "an expectation", good)
    yield Attack(
        "Expect", "an expectation", "the body before the answer is there", (head(expect + length(len(HIDDEN))), HIDDEN)
    )
    odd = [b"y 100-continue", b"100-continue, x", b"x", b"", b"100 continue", b"200-ok", b"100-continue\t\x0b"]
    yield from group(
        "Expect",
        "an odd expectation",
        {written(v): both(b"Expect: " + v + b"\r\n" + length(len(HIDDEN)), HIDDEN) for v in odd},
    )
    folded = both(b"Expect:\r\n 100-continue\r\n" + length(len(HIDDEN)), HIDDEN)
    yield from group("Expect", "an odd expectation", {"folded": folded})


def connections() -> Iterator[Attack]:
    """What a connection is made to remember, or to forget."""
    body = length(len(HIDDEN))
    named = {
        "content-length": both(b"Connection: content-length\r\n" + body, HIDDEN),
        "content-length, close": both(b"Connection: close, content-length\r\n" + body, HIDDEN),
        "transfer-encoding": both(b"Connection: transfer-encoding\r\n" + CHUNKED, IN_CHUNK),
        "host": head(b"Connection: host\r\n", first=b"GET /attack HTTP/1.1"),
        "x-forwarded-for": head(b"Connection: x-forwarded-for, x-gateway-route\r\n", first=b"GET /attack HTTP/1.1"),
        "every framing field": both(b"Connection: content-length, transfer-encoding, te, trailer\r\n" + body, HIDDEN),
        "Proxy-Connection": both(b"Proxy-Connection: content-length\r\n" + body, HIDDEN),
        "TE: chunked": both(b"TE: chunked\r\n" + body, HIDDEN),
    }
    yield from group("Connection state", "fields named in Connection", named)
    ends = {
        "close, then more": request("GET", "/attack", "Connection: close") + HIDDEN,
        "close and keep-alive": request("GET", "/attack", "Connection: close, keep-alive") + HIDDEN,
        "keep-alive and close": request("GET", "/attack", "Connection: keep-alive", "Connection: close") + HIDDEN,
        "HTTP/1.0": request("GET", "/attack", version="1.0") + HIDDEN,
        "HTTP/1.0 kept alive": request("GET", "/attack", "Connection: keep-alive", version="1.0") + HIDDEN,
        "close with a body": request("POST", "/attack", "Connection: close", body=b"hello") + HIDDEN,
    }
    yield from group("Connection state", "the end of a connection", ends)
    first = request("GET", "/before")
    hosts = {
        "another": request("GET", "/attack", host="other.test"),
        "none": b"GET /attack HTTP/1.1\r\n\r\n",
        "in the target": b"GET http://other.test/attack HTTP/1.1\r\n" + HOST + b"\r\n",
        "twice": b"GET /attack HTTP/1.1\r\n" + HOST + b"Host: other.test\r\n\r\n",
    }
    for name, data in hosts.items():
        yield Attack("Connection state", "another Host on a used connection", name, (first, data))
    values = [
        b"gateway.test,other.test",
        b"gateway.test other.test",
        b"gateway.test@other.test",
        b"gateway.test/a",
        b"[::1",
        b"",
    ]
    yield from group(
        "Connection state",
        "an odd Host",
        {written(v): b"GET /attack HTTP/1.1\r\nHost: " + v + b"\r\n\r\n" for v in values},
    )
    pauses = {
        "behind the head": (head(body), HIDDEN),
        "in the body": (head(body) + HIDDEN[:10], HIDDEN[10:]),
        "in the chunks": (head(CHUNKED) + IN_CHUNK[:4], IN_CHUNK[4:]),
        "before the last chunk": (head(CHUNKED) + IN_CHUNK[:-5], IN_CHUNK[-5:]),
        "in a field": (head(body)[:-8], head(body)[-8:] + HIDDEN),
    }
    for name, pieces in pauses.items():
        yield Attack("Connection state", "a pause", name, pieces)


def upgrades() -> Iterator[Attack]:
    """Tunnels that one of two servers does not see, or sees alone."""
    ask = b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    get = b"GET /attack HTTP/1.1"
    asked = {
        "refused, a request behind": head(ask + key, first=get) + HIDDEN,
        "a wrong version": head(ask.replace(b"13", b"777") + key, first=get) + HIDDEN,
        "no key": head(ask, first=get) + HIDDEN,
        "not named in Connection": head(b"Upgrade: websocket\r\n", first=get) + HIDDEN,
        "named, but no Upgrade": head(b"Connection: upgrade\r\n", first=get) + HIDDEN,
        "in HTTP/1.0": head(ask + key, first=b"GET /attack HTTP/1.0") + HIDDEN,
        "of a word nobody knows": head(b"Connection: upgrade\r\nUpgrade: words/1\r\n", first=get) + HIDDEN,
        "to TLS": head(b"Connection: upgrade\r\nUpgrade: TLS/1.0\r\n", first=get) + HIDDEN,
        "twice": head(ask + ask, first=get) + HIDDEN,
    }
    yield from group("Tunnelling by upgrade", "an upgrade", asked)
    bodies = {
        "a length": head(ask + length(len(HIDDEN))) + HIDDEN,
        "chunks": head(ask + CHUNKED) + IN_CHUNK,
        "both framings": head(ask + length(len(BEHIND_END)) + CHUNKED) + BEHIND_END,
        "an expectation": head(ask + b"Expect: 100-continue\r\n" + length(len(HIDDEN))) + HIDDEN,
        "length 0": head(ask + length(0)) + HIDDEN,
    }
    yield from group("Tunnelling by upgrade", "an upgrade with a body", bodies)
    h2 = {
        "h2c": head(
            b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n", first=get
        ),
        "h2c not named": head(
            b"Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n", first=get
        ),
        "H2C in capitals": head(
            b"Connection: upgrade\r\nUpgrade: H2C\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n", first=get
        ),
        "h2c in a list": head(b"Connection: upgrade\r\nUpgrade: websocket, h2c\r\n", first=get),
        "the preface alone": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    }
    yield from group("Tunnelling by upgrade", "an upgrade to HTTP/2", h2)
    connects = {
        "an authority": b"CONNECT gateway.test:80 HTTP/1.1\r\n" + HOST + b"\r\n" + HIDDEN,
        "a path": b"CONNECT /attack HTTP/1.1\r\n" + HOST + b"\r\n" + HIDDEN,
        "a length": b"CONNECT gateway.test:80 HTTP/1.1\r\n" + HOST + length(len(HIDDEN)) + b"\r\n" + HIDDEN,
    }
    yield from group("Tunnelling by upgrade", "CONNECT", connects)


ATTACKS = [
    *cl_te(),
    *te_cl(),
    *te_te(),
    *names(),
    *cl_0(),
    *chunk_extensions(),
    *line_ends(),
    *request_lines(),
    *expectations(),
    *connections(),
    *upgrades(),
]
