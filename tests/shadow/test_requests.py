"""A client's request as a variant gets it: path, fields and body, as on the live way."""

import gzip

import pytest

from gateway.core.copies import Asked, Fields
from gateway.core.model import Headers, Match, Protocol, Route, Variant
from gateway.shadow.errors import UncomparedError
from gateway.shadow.requests import Request, is_patient, lines, request

ADDED = ((b"x-gateway-route", b"r"), (b"x-gateway-variant", b"v"), (b"x-gateway-shadow", b"r"))
CHAT = b'{"model": "a", "messages": []}'
CODED = ((b"content-encoding", b"gzip"),)


def asked(fields: Fields = (), body: bytes = b"", *, path: bytes = b"/v1/x", query: bytes = b"") -> Asked:
    return Asked(b"POST", path, query, fields, body, "id")


def route(protocol: Protocol = "http", match: str = "/v1/*") -> Route:
    return Route("r", Match(match), {"v": 1}, protocol)


@pytest.mark.parametrize(
    ("path", "query", "own", "target"),
    [
        (b"/v1/x", b"", None, b"/v1/x"),
        (b"/v1/x", b"a=%2F&b", None, b"/v1/x?a=%2F&b"),
        (b"/v1/x/%7e", b"q=1", "/m/{rest}/y", b"/m/x/%7e/y?q=1"),
        (b"/v1/\xff", b"", None, b"/v1/\xff"),
    ],
)
def test_the_target_is_the_variants_own(path: bytes, query: bytes, own: str | None, target: bytes) -> None:
    """Escapes stay as they are, and so does the query."""
    sent = request(asked(path=path, query=query), route(), Variant("v", (), path=own), inspect=1000)
    assert (sent.method, sent.target) == (b"POST", target)


def test_a_model_of_its_own_stands_in_an_oip_path() -> None:
    """As on the live way."""
    sent = request(asked(path=b"/v2/models/a/infer"), route("oip"), Variant("v", (), model="b"), inspect=1000)
    assert sent.target == b"/v2/models/b/infer"


def test_fields_pass_in_order_and_case_but_for_credentials() -> None:
    """And for what belongs to one connection, and what only the gateway says."""
    given = (
        *((b"X-A", b"1"), (b"Authorization", b"Bearer s3cret"), (b"x-a", b"2"), (b"Cookie", b"k=s3cret")),
        *((b"Proxy-Authorization", b"s3cret"), (b"X-Gateway-Variant", b"forged"), (b"Connection", b"close")),
        *((b"x-request-id", b"id"), (b"traceparent", b"00-1"), (b"x-forwarded-for", b"10.0.0.1")),
    )
    kept = (
        (b"X-A", b"1"),
        (b"x-a", b"2"),
        (b"x-request-id", b"id"),
        (b"traceparent", b"00-1"),
        (b"x-forwarded-for", b"10.0.0.1"),
    )
    sent = request(asked(given), route(), Variant("v", ()), inspect=1000)
    assert sent.fields == (*kept, *ADDED)
    assert sent.host is None


def test_the_variants_own_fields_replace_and_remove() -> None:
    """Credentials among them; the Host is one of them; what the gateway adds stays."""
    headers = Headers(
        (("Authorization", "Bearer own"), ("HOST", "models.test"), ("X-Tier", "b")), ("X-Drop", "x-request-id")
    )
    given = ((b"authorization", b"Bearer client"), (b"x-tier", b"a"), (b"x-drop", b"1"), (b"x-request-id", b"id"))
    sent = request(asked(given), route(), Variant("v", (), headers=headers), inspect=1000)
    own = ((b"Authorization", b"Bearer own"), (b"X-Tier", b"b"))
    assert (sent.host, sent.fields) == (b"models.test", ((b"x-request-id", b"id"), *ADDED, *own))


@pytest.mark.parametrize(
    ("protocol", "model", "fields", "body", "sent"),
    [
        ("http", None, (), b"\x00\xff", b"\x00\xff"),
        ("http", "b", (), CHAT, CHAT),
        ("openai", None, (), CHAT, CHAT),
        ("openai", None, CODED, gzip.compress(CHAT, mtime=0), gzip.compress(CHAT, mtime=0)),
        ("openai", "b", (), CHAT, b'{"model": "b", "messages": []}'),
        ("openai", "b", CODED, gzip.compress(CHAT, mtime=0), b'{"model": "b", "messages": []}'),
        ("openai", "b", (), b"", b""),
        ("oip", "b", (), b'{"model": "a"}', b'{"model": "a"}'),
    ],
)
def test_a_model_of_its_own_is_written_into_openai_bodies(
    protocol: Protocol, model: str | None, fields: Fields, body: bytes, sent: bytes
) -> None:
    """Which then go without their coding; all others go as they came."""
    made = request(asked(fields, body), route(protocol), Variant("v", (), model=model), inspect=1000)
    coding = () if sent != body else fields
    assert (made.body, made.fields) == (sent, (*coding, *ADDED))


@pytest.mark.parametrize(
    "given",
    [
        asked(body=b"[]"),
        asked(body=b"{" + b" " * 1000 + b"}"),
        asked(((b"content-encoding", b"br"),), CHAT),
    ],
)
def test_a_body_that_no_model_can_be_written_into_is_not_sent(given: Asked) -> None:
    """It is told why."""
    with pytest.raises(UncomparedError) as caught:
        request(given, route("openai"), Variant("v", (), model="b"), inspect=1000)
    assert (caught.value.outcome, caught.value.why) == ("ignored", "no_model")


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [
        (b"POST", b"ab", [b"content-length: 2\r\n"]),
        (b"POST", b"", [b"content-length: 0\r\n"]),
        (b"DELETE", b"", [b"content-length: 0\r\n"]),
        (b"GET", b"", []),
        (b"GET", b"ab", [b"content-length: 2\r\n"]),
        (b"OPTIONS", b"", []),
    ],
)
def test_a_request_is_written_with_its_length(method: bytes, body: bytes, length: list[bytes]) -> None:
    """Last of its fields; where nobody expects a body only if there is one."""
    sent = Request(method, b"/x?q", ((b"X-A", b"1"), (b"x-a", b"\xff")), body)
    begin = [method + b" /x?q HTTP/1.1\r\nhost: models:80\r\n", b"X-A: 1\r\n", b"x-a: \xff\r\n"]
    assert lines(sent, b"models:80") == [*begin, *length, b"\r\n", body]
    assert lines(sent._replace(host=b"own"), b"models:80")[0].endswith(b"\r\nhost: own\r\n")


@pytest.mark.parametrize(
    ("protocol", "body", "patient"),
    [
        ("openai", b'{"stream": true}', False),
        ("openai", b'{"stream": false}', True),
        ("openai", b"?", True),
        ("http", b"?", False),
        ("oip", b"{}", False),
    ],
)
def test_who_may_take_long_to_begin(protocol: Protocol, body: bytes, patient: bool) -> None:
    """Chat completions that are no streams."""
    assert is_patient(asked(body=body), route(protocol), inspect=1000) is patient
